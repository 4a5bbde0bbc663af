"use strict";
// Asks for the newest authorizations every two seconds and redraws only when something moved.

const REFRESH_MILLISECONDS = 2000;
const KINDS = [["authorization", "Authorized"], ["capture", "Captured"], ["void", "Voided"], ["lapse", "Lapsed"], ["refund", "Refunded"]];
const NO_DECIMALS = ["JPY"];
let shown = "";

function money(minor, currency) {
  const amount = NO_DECIMALS.includes(currency) ? minor : minor / 100;
  return new Intl.NumberFormat("en-US", { style: "currency", currency }).format(amount);
}

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function card(title, value, note) {
  const made = element("div", "", "total");
  made.append(element("h2", title), element("strong", value), element("small", note));
  return made;
}

function drawTotals(view) {
  const cards = [];
  const currencies = Object.keys(view.totals).sort();
  for (const [kind, title] of KINDS) {
    const sums = currencies.filter((code) => view.totals[code][kind]).map((code) => [code, view.totals[code][kind]]);
    const count = sums.reduce((sum, [, total]) => sum + total.count, 0);
    const value = sums.map(([code, total]) => money(total.amount_minor, code)).join(" · ") || money(0, "USD");
    cards.push(card(title, value, count === 1 ? "1 movement" : `${count.toLocaleString("en-US")} movements`));
  }
  cards.push(card("Declined", view.declined_count.toLocaleString("en-US"), "authorizations"));
  document.getElementById("totals").replaceChildren(...cards);
}

function amountCell(minor, currency) {
  return minor ? element("td", money(minor, currency), "number") : element("td", "–", "number none");
}

function drawRow({ authorization, refunded_minor: refunded }) {
  const row = document.createElement("tr");
  const state = document.createElement("td");
  state.append(element("span", authorization.state, `state ${authorization.state}`));
  if (authorization.decline_code) state.append(element("small", authorization.decline_code.replaceAll("_", " ")));
  row.append(
    element("td", new Date(authorization.created_at).toLocaleTimeString("en-US", { hour12: false })),
    element("td", `•••• ${authorization.last4}`),
    state,
    amountCell(authorization.amount_minor, authorization.currency),
    amountCell(authorization.captured_minor, authorization.currency),
    amountCell(refunded, authorization.currency),
    element("td", authorization.merchant),
    element("td", authorization.reference, "code cut"),
    element("td", authorization.id, "code"),
  );
  row.querySelector(".cut").title = authorization.reference;
  return row;
}

async function refresh() {
  const last4 = document.getElementById("last4").value.replace(/\D/g, "");
  const pulse = document.getElementById("pulse");
  try {
    const answer = await fetch(`/sandbox/view?last4=${last4}`);
    if (!answer.ok) throw new Error(answer.statusText);
    const view = await answer.json();
    pulse.className = "";
    if (shown === `${view.version}/${last4}`) return;
    shown = `${view.version}/${last4}`;
    drawTotals(view);
    document.getElementById("rows").replaceChildren(...view.authorizations.map(drawRow));
    document.getElementById("empty").hidden = view.authorizations.length > 0;
  } catch {
    pulse.className = "lost";
  }
}

document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("last4").addEventListener("input", refresh);
refresh();
setInterval(refresh, REFRESH_MILLISECONDS);
