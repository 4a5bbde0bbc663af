"use strict";
// Asks for the newest mails every two seconds; the chosen mail stays open. `#ID` in the address opens a mail.

const REFRESH_MILLISECONDS = 2000;
const MAILS_SHOWN = 500;
let mails = [];
let recipient = new URLSearchParams(location.search).get("to") || "";
let openId = Number(location.hash.slice(1)) || 0;
let newest = -1;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function clock(mail) {
  return new Date(mail.received_at).toLocaleTimeString("en-US", { hour12: false });
}

function drawRecipients() {
  const counts = new Map();
  for (const mail of mails) for (const to of mail.to) counts.set(to, (counts.get(to) || 0) + 1);
  const entries = [["", mails.length], ...[...counts].sort(([a], [b]) => a.localeCompare(b))];
  document.getElementById("recipients").replaceChildren(...entries.map(([to, count]) => {
    const button = element("button", undefined, to === recipient ? "chosen" : "");
    button.title = to;
    button.append(element("span", to || "Everyone"), element("span", count));
    button.onclick = () => { recipient = to; draw(); };
    return button;
  }));
}

function drawMails() {
  const shown = mails.filter((mail) => !recipient || mail.to.includes(recipient));
  const rows = shown.map((mail) => {
    const row = element("button", undefined, mail.id === openId ? "row chosen" : "row");
    const first = element("span", undefined, "line");
    first.append(element("strong", mail.subject || "(no subject)"));
    if (mail.arrivals > 1) first.append(element("span", `arrived ${mail.arrivals}×`, "repeat"));
    const second = element("span", undefined, "line");
    second.append(element("small", mail.to.join(", ")), element("small", clock(mail)));
    row.append(first, second);
    row.onclick = () => open(mail.id);
    return row;
  });
  if (!rows.length) rows.push(element("p", "No mail yet.", "hint"));
  document.getElementById("mails").replaceChildren(...rows);
}

function draw() {
  drawRecipients();
  drawMails();
}

function head(mail) {
  const box = element("div", undefined, "head");
  const list = element("dl");
  const facts = [["From", mail.from || mail.envelope_from], ["To", mail.to.join(", ")], ["Received", new Date(mail.received_at).toLocaleString("en-US")], ["Message-ID", mail.message_id || "none"]];
  if (mail.defects.length) facts.push(["Defects", mail.defects.join(", ")]);
  if (mail.attachments.length) facts.push(["Attached", mail.attachments.map((part) => `${part.name || "unnamed"} (${part.type})`).join(", ")]);
  for (const [name, value] of facts) list.append(element("dt", name), element("dd", value));
  box.append(element("h2", mail.subject || "(no subject)"), list);
  return box;
}

function page(mail) {
  const frame = element("iframe");
  frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
  frame.title = "The mail's HTML";
  frame.src = `/api/mails/${mail.id}/html`;
  return frame;
}

function links(mail) {
  const box = element("div", undefined, "body");
  for (const address of mail.links) {
    const link = element("a", address);
    if (/^https?:/i.test(address)) { link.href = address; link.target = "_blank"; link.rel = "noopener"; }
    box.append(link);
  }
  return box;
}

function tabs(mail, reading) {
  const views = [["Text", () => element("pre", mail.text || "(no text part)", "body")],
    [`Links (${mail.links.length})`, () => links(mail)],
    ["Headers", () => element("pre", mail.headers.map(([name, value]) => `${name}: ${value}`).join("\n"), "body")]];
  if (mail.html) views.unshift(["HTML", () => page(mail)]);
  const bar = element("div", undefined, "tabs");
  const show = (place) => {
    bar.childNodes.forEach((button, at) => button.classList.toggle("chosen", at === place));
    reading.lastChild.replaceWith(views[place][1]());
  };
  views.forEach(([title], place) => {
    const button = element("button", title);
    button.onclick = () => show(place);
    bar.append(button);
  });
  return [bar, show];
}

async function open(id) {
  const answer = await fetch(`/api/mails/${id}`);
  if (!answer.ok) return;
  const mail = await answer.json();
  openId = id;
  history.replaceState(null, "", `#${id}`);
  const reading = document.getElementById("reading");
  const top = head(mail);
  reading.replaceChildren(top, element("div"));
  const [bar, show] = tabs(mail, reading);
  top.append(bar);
  show(0);
  drawMails();
}

async function refresh() {
  const pulse = document.getElementById("pulse");
  try {
    const counts = await (await fetch("/api/counts")).json();
    pulse.className = "";
    if (counts.accepted === newest) return;
    mails = (await (await fetch(`/api/mails?limit=${MAILS_SHOWN}`)).json()).mails;
    newest = counts.accepted;
    const again = counts.repeated ? `, ${counts.repeated} repeated` : "";
    document.getElementById("count").textContent = `${counts.accepted.toLocaleString("en-US")} accepted${again}`;
    draw();
    if (openId && !document.querySelector(".head")) await open(openId);
  } catch {
    pulse.className = "lost";
  }
}

refresh();
setInterval(refresh, REFRESH_MILLISECONDS);
