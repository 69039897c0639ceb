// Fields that take the name of a track: the browser offers what the library holds.

import { element } from "./elements.js";
import { get } from "./requests.js";

const PAUSE_MS = 180;
let waiting = 0;

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.matches?.("[data-track-names]") || event.inputType === "insertReplacementText") return;
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    if (field.value.trim().length < 2) return;
    const found = await get(`/names.json?q=${encodeURIComponent(field.value)}`).catch(() => []);
    field.list?.replaceChildren(...found.map((track) => element("option", { value: track.artist ? `${track.artist} - ${track.title}` : track.title })));
  }, PAUSE_MS);
});
