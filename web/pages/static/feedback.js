// Thumbs and plays, told to the library: they count at once for radio, and for whatever is trained next.

import { attempt, post, say } from "./requests.js";

const SAID = { like: "Liked", dislike: "Disliked", never: "Will not be suggested again" };
const listeners = [];

/** Call with (track, thumb) after each change. */
export function onThumb(listener) {
  listeners.push(listener);
}

/** Give a thumb, or take it back if it is the one that the track has. */
export function giveThumb(track, kind) {
  return setThumb(track, track.thumb === kind ? "" : kind);
}

async function setThumb(track, thumb) {
  const before = track.thumb ?? "";
  const done = await attempt(() => post("/feedback/thumb", { track: track.id, thumb }));
  if (done === undefined) return;
  track.thumb = thumb;
  showThumb(track.id, thumb);
  for (const listener of listeners) listener(track, thumb);
  say(`${thumb ? SAID[thumb] : "Taken back"}: ${track.title}`, { undo: () => setThumb(track, before) });
}

/** Bring all places that show a track up to date. */
function showThumb(id, thumb) {
  for (const holder of document.querySelectorAll("[data-track]")) {
    const track = JSON.parse(holder.dataset.track);
    if (track.id !== id) continue;
    holder.dataset.track = JSON.stringify({ ...track, thumb });
    for (const kind of ["like", "dislike"]) {
      holder.querySelector(`[data-do=${kind}]`)?.setAttribute("aria-pressed", String(thumb === kind));
    }
  }
}

/** Report a play. `leaving`: the page closes, so that nobody waits for the answer. */
export function reportPlay(play, leaving = false) {
  const body = JSON.stringify({ track: play.id, started_at: play.startedAt, played_s: Math.round(10 * play.played) / 10 });
  const type = "application/json";
  if (leaving) navigator.sendBeacon("/feedback/play", new Blob([body], { type }));
  else fetch("/feedback/play", { method: "POST", body, headers: { "Content-Type": type }, keepalive: true }).catch(() => {});
}
