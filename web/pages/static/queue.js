// The queue beside the page: what was played, what plays, what comes.

import { cover, element, icon, tool } from "./elements.js";
import { clear, move, queue, removeAt, start } from "./player.js";
import { savePlaylist } from "./playlists.js";
import { say } from "./requests.js";
import { sortable } from "./sortable.js";

const MAX_SHOWN = 200;  // around the track that plays
const panel = document.getElementById("queue"), list = panel.querySelector("ol");
const doors = ["queue-open", "queue-open-narrow"].map((id) => document.getElementById(id));
let first = 0;          // place of the first row that is shown

export function toggleQueue(open = panel.hidden) {
  panel.hidden = !open;
  for (const door of doors) door.setAttribute("aria-expanded", String(open));
  if (open) {
    render();
    panel.focus();
    list.querySelector(".now")?.scrollIntoView({ block: "center" });
  } else {
    doors.find((door) => door.offsetParent)?.focus();
  }
}

function render() {
  if (panel.hidden) return;
  first = Math.max(0, queue.place - MAX_SHOWN / 4);
  list.replaceChildren(...queue.tracks.slice(first, first + MAX_SHOWN).map((track, index) => row(track, first + index)));
  list.hidden = !queue.tracks.length;
  panel.querySelector(".empty").hidden = queue.tracks.length > 0;
}

function row(track, place) {
  const state = place === queue.place ? " now" : place < queue.place ? " past" : "";
  const grip = element("button", { class: "tool grip", type: "button", "data-grip": true, "aria-label": `Move ${track.title}: arrow up, arrow down` }, icon("grip"));
  return element("li", { class: `track${state}`, "aria-current": state === " now" ? "true" : null },
    grip,
    element("button", { class: "cover", type: "button", "aria-label": `Play ${track.title}`, onclick: () => start(place) }, cover(track), icon("play")),
    element("span", { class: "names" },
      element("a", { class: "title", href: `/track/${track.id}` }, track.title),
      element("span", { class: "by" }, track.artist ?? "Artist unknown")),
    tool("close", `Remove ${track.title} from the queue`, () => removeAt(place)));
}

for (const door of doors) door.addEventListener("click", () => toggleQueue());
document.getElementById("queue-close").addEventListener("click", () => toggleQueue(false));
document.getElementById("queue-clear").addEventListener("click", clear);
document.getElementById("queue-save").addEventListener("click", () => {
  if (queue.tracks.length) savePlaylist(queue.tracks);
  else say("Nothing is queued yet.");
});
panel.addEventListener("keydown", (event) => { if (event.key === "Escape") toggleQueue(false); });
sortable(list, (from, to) => move(first + from, first + to));
document.addEventListener("earshot:playing", render);
