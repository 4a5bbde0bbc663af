// What an open page does by itself: times tick, times are shown where the reader is, tags are copied, parts are renewed.
"use strict";

const ahead = Date.parse(document.body.dataset.now) - Date.now();
const two = (n) => String(n).padStart(2, "0");

function left(until) {
  const s = Math.max(0, Math.ceil((Date.parse(until) - Date.now() - ahead) / 1000));
  if (s >= 86400) return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
}

function tick() {
  for (const time of document.querySelectorAll("[data-until]")) {
    const text = left(time.dataset.until);
    if (time.textContent !== text) time.textContent = text;
  }
}

const SHAPES = {
  "": { dateStyle: "medium", timeStyle: "short" },
  date: { weekday: "long", month: "long", day: "numeric" },
  time: { month: "short", day: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit" },
};

function enliven(root) {
  for (const time of root.querySelectorAll("[data-local]")) {
    time.textContent = new Intl.DateTimeFormat(undefined, SHAPES[time.dataset.local]).format(new Date(time.dateTime));
  }
  if (navigator.clipboard) for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});

function renew(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  const old = document.getElementById(fresh.id);
  if (old && old.dataset.mark === fresh.dataset.mark) return;
  const controls = (part) => [...part.querySelectorAll("a, button")];
  const focused = old ? controls(old).indexOf(document.activeElement) : -1;
  enliven(fresh);
  const parts = document.querySelector("[data-parts]");
  if (old) old.replaceWith(fresh); else parts.append(fresh);
  if (focused >= 0) controls(fresh)[focused]?.focus();
  settle(parts, fresh);
  if (fresh.dataset.says) document.getElementById("said").textContent = fresh.dataset.says;
  document.getElementById("no-offers")?.classList.toggle("gone", parts.children.length > 0);
}

function settle(parts, fresh) {
  if (!fresh.dataset.rank) return;
  const next = [...parts.children].find((part) => part !== fresh && part.dataset.rank > fresh.dataset.rank) ?? null;
  if (fresh.nextElementSibling !== next) parts.insertBefore(fresh, next);
}

function follow(address) {
  const source = new EventSource(address);
  source.addEventListener("part", (event) => { renew(event.data); tick(); });
  source.addEventListener("end", () => source.close());
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(() => follow(address), 15000);
  });
}

enliven(document);
tick();
setInterval(tick, 1000);
const live = document.querySelector("[data-live]");
if (live) follow(live.dataset.live);
