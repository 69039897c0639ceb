// Keys for those who leave the mouse alone.

import { element } from "./elements.js";
import { giveThumb } from "./feedback.js";
import { audio, back, current, next, seekBy, toggle } from "./player.js";
import { toggleQueue } from "./queue.js";

const KEYS = [
  ["Space", "play, pause"], ["← →", "five seconds back, forward"], ["Shift ← →", "previous, next track"],
  ["L", "like what plays"], ["M", "mute"], ["Q", "queue"], ["/", "search"], ["?", "this list"],
];

const deeds = {
  " ": toggle,
  ArrowLeft: (event) => (event.shiftKey ? back() : seekBy(-5)),
  ArrowRight: (event) => (event.shiftKey ? next() : seekBy(5)),
  l: () => current() && giveThumb(current(), "like"),
  m: () => { audio.muted = !audio.muted; },
  q: () => toggleQueue(),
  "/": () => document.getElementById("words")?.focus(),
  "?": help,
};

function help() {
  const rows = KEYS.flatMap(([key, does]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, does)]);
  const close = element("form", { method: "dialog" }, element("div", { class: "row" }, element("button", { class: "button" }, "Close")));
  const dialog = element("dialog", { "aria-label": "Keys" }, element("h2", {}, "Keys"), element("dl", { class: "keys" }, ...rows), close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const at = event.target;
  if (at.matches("input:not([type=range]), textarea, select, [contenteditable]")) {
    if (event.key === "Escape") at.blur();
    return;
  }
  if (event.key === " " && at.closest("button, a, summary")) return;
  if (event.key.startsWith("Arrow") && at.matches("input, canvas, [data-grip], [role=menuitem]")) return;
  const deed = deeds[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!deed) return;
  event.preventDefault();
  deed(event);
});
