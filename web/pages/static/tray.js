// The tray: tracks that were picked to search from, or away from.

import { element, tool } from "./elements.js";
import { keep, readKept } from "./kept_state.js";
import { startRadio } from "./radio.js";
import { say } from "./requests.js";

const MAX_PICKED = 20;
const panel = document.getElementById("tray"), list = panel.querySelector("ul");
let picked = (readKept("tray") ?? []).slice(0, MAX_PICKED);  // {track, unlike}

/** Pick a track, as a seed or to steer away from; picked again in the same way, it is dropped. */
export function pick(track, unlike = false) {
  const before = picked.find((one) => one.track.id === track.id);
  if (before && before.unlike === unlike) return drop(track.id);
  if (before) before.unlike = unlike;
  else if (picked.length >= MAX_PICKED) return say(`${MAX_PICKED} tracks are picked already; drop one first.`);
  else picked.push({ track: { id: track.id, title: track.title, artist: track.artist, playable: track.playable }, unlike });
  return changed();
}

function drop(id) {
  picked = picked.filter((one) => one.track.id !== id);
  changed();
}

function changed() {
  keep("tray", picked);
  render();
}

function render() {
  panel.hidden = !picked.length;
  const seeds = picked.filter((one) => !one.unlike), away = picked.filter((one) => one.unlike);
  list.replaceChildren(...picked.map((one) => {
    const { track, unlike } = one, turned = unlike ? "a seed" : "unlike";
    return element("li", { class: `chip${unlike ? " unlike" : ""}` },
      element("span", { title: track.artist ? `${track.artist} - ${track.title}` : track.title }, `${unlike ? "not " : ""}${track.title}`),
      tool(unlike ? "plus" : "minus", `Use ${track.title} as ${turned}`, () => pick(track, !unlike)),
      tool("close", `Drop ${track.title}`, () => drop(track.id)));
  }));
  const query = [...seeds.map((one) => `seed=${one.track.id}`), ...away.map((one) => `unlike=${one.track.id}`)].join("&");
  const similar = document.getElementById("tray-similar"), path = document.getElementById("tray-path");
  similar.href = `/similar?${query}`;
  similar.hidden = document.getElementById("tray-radio").hidden = !seeds.length;
  path.hidden = seeds.length !== 2;
  if (seeds.length === 2) path.href = `/path?from=${seeds[0].track.id}&to=${seeds[1].track.id}`;
}

document.getElementById("tray-clear").addEventListener("click", () => { picked = []; changed(); });
document.getElementById("tray-radio").addEventListener("click", () => startRadio(picked.filter((one) => !one.unlike).map((one) => one.track)));
render();
