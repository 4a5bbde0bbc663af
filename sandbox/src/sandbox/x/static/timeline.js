// The timeline's life: posts without a reload, threads that change as the world does, clocks that tick.
"use strict";

const threads = document.getElementById("threads");
const dialog = document.getElementById("answer");
const chosen = threads.dataset.chosen;
const THREADS_MAX = 40;
const TITLES = { reply: "Reply to", quote: "Quote", edit: "Edit the post of" };

async function act(fields, problem) {
  const answer = await fetch("/timeline/actions", {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(fields),
  });
  const told = answer.ok ? "" : (await answer.json()).error;
  if (problem) problem.textContent = told;
  else if (told) window.alert(told);
  return answer.ok;
}

for (const form of document.querySelectorAll("form.compose")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const done = await act(new FormData(form), form.querySelector(".problem"));
    if (!done) return;
    form.querySelector("textarea").value = "";
    if (dialog.open) dialog.close();
  });
  form.querySelector("textarea").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}

dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());

threads.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const post = button.closest(".post");
  const action = button.dataset.do;
  if (action === "repost" || action === "delete") {
    act({ do: action, user: chosen, post_id: post.dataset.post });
    return;
  }
  open(action, post);
});

function open(action, post) {
  const form = dialog.querySelector("form");
  const text = form.elements.text;
  form.elements.do.value = action;
  form.elements.post_id.value = post.dataset.post;
  form.querySelector(".problem").textContent = "";
  form.querySelector(".about").textContent = `${TITLES[action]} ${post.querySelector("header b").textContent}`;
  text.value = action === "edit" ? post.querySelector(".text").dataset.plain : "";
  dialog.showModal();
  text.focus();
}

function place(conversation, html) {
  const old = threads.querySelector(`[data-conversation="${conversation}"]`);
  if (old) {
    old.outerHTML = html;
  } else if (html) {
    const later = [...threads.children].find((each) => BigInt(each.dataset.conversation) < BigInt(conversation));
    if (later) later.insertAdjacentHTML("beforebegin", html);
    else threads.insertAdjacentHTML("beforeend", html);
  }
  const now = threads.querySelector(`[data-conversation="${conversation}"]`);
  if (now && !old) now.classList.add("new");
  while (threads.children.length > THREADS_MAX) threads.lastElementChild.remove();
  mark();
  tick();
}

function mark() {
  for (const post of threads.querySelectorAll(".post")) post.classList.toggle("mine", post.dataset.author === chosen);
}

function tick() {
  for (const clock of threads.querySelectorAll(".countdown[data-ends]")) {
    const left = Number(clock.dataset.ends) - Date.now();
    const seconds = Math.max(Math.ceil(left / 1000), 0);
    clock.querySelector(".left").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    clock.querySelector("progress").value = Math.max(left, 0);
    clock.classList.toggle("urgent", left > 0 && seconds <= 10);
    clock.classList.toggle("over", left <= 0);
    clock.querySelector(".note").textContent = left > 0 ? "left to confirm" : "the time is over";
  }
}

document.querySelector(".person[aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
mark();
tick();
setInterval(tick, 250);

const events = new EventSource("/timeline/events");
events.addEventListener("message", (event) => {
  const { conversation, html } = JSON.parse(event.data);
  place(conversation, html.trim());
});
let lost = false;
events.addEventListener("error", () => { lost = true; });
events.addEventListener("open", () => { if (lost) location.reload(); });
