// What the buttons beside tracks do.

import { trackOf, tracksIn } from "./elements.js";
import { giveThumb } from "./feedback.js";
import { showMenu } from "./menus.js";
import { hearMoment } from "./moments.js";
import { current, enqueue, playNext, playTracks } from "./player.js";
import { addToPlaylist } from "./playlists.js";
import { startRadio } from "./radio.js";
import { attempt, say } from "./requests.js";
import { pick } from "./tray.js";

const main = document.getElementById("main");

const deeds = {
  play(button, track) {
    const list = button.closest("[data-tracks]");
    const tracks = list ? tracksIn(list) : [track];
    playTracks(tracks, Math.max(0, tracks.findIndex((other) => other.id === track.id)));
  },
  async "play-all"(button) {
    const tracks = await allTracks(button);
    if (tracks?.length) playTracks(tracks, 0);
  },
  async "queue-all"(button) {
    const tracks = await allTracks(button);
    if (tracks?.length) enqueue(tracks);
  },
  pick: (_button, track) => pick(track),
  like: (_button, track) => giveThumb(track, "like"),
  dislike: (_button, track) => giveThumb(track, "dislike"),
  radio: (_button, track) => startRadio([track]),
  menu: (button, track) => showMenu(button, `More about ${track.title}`, entries(track)),
};

/** The tracks that a button plays: of the page that it names, else of the first list of this one. */
async function allTracks(button) {
  let root = button.closest("[data-tracks]") ?? main.querySelector("[data-tracks]");
  if (button.dataset.from) {
    const text = await attempt(async () => (await fetch(button.dataset.from, { headers: { Accept: "text/html" } })).text());
    root = text ? new DOMParser().parseFromString(text, "text/html") : null;
  }
  const tracks = root ? tracksIn(root) : [];
  if (!tracks.length) say("There is nothing here that can be played.");
  return tracks;
}

function entries(track) {
  const playable = track.playable ? [
    ["play", "Play next", () => playNext([track])],
    ["queue", "Add to the queue", () => enqueue([track])],
    ["radio", "Start a radio", () => startRadio([track])],
    ["list", "Add to a playlist", () => addToPlaylist([track])],
    null,
  ] : [];
  return [
    ...playable,
    ["spark", "Find similar", `/similar?seed=${track.id}`],
    ["path", "Path from here", `/path?from=${track.id}`],
    ["like-seed", "Pick as a seed", () => pick(track)],
    ["unlike-seed", "Pick as unlike", () => pick(track, true)],
    null,
    ["down", track.thumb === "dislike" ? "Take the dislike back" : "Dislike", () => giveThumb(track, "dislike")],
    ["never", track.thumb === "never" ? "Allow again" : "Never again", () => giveThumb(track, "never")],
    ...(track.album_id || track.artist_id ? [null] : []),
    ...(track.album_id ? [["library", "Go to the album", `/album/${track.album_id}`]] : []),
    ...(track.artist_id ? [["library", "Go to the artist", `/artist/${track.artist_id}`]] : []),
  ];
}

document.addEventListener("click", (event) => {
  const moment = event.target.closest("[data-moment]");
  if (moment) hearMoment(moment);
  const button = event.target.closest("[data-do]");
  const deed = button && deeds[button.dataset.do];
  if (deed) deed(button, trackOf(button));
  const row = event.target.closest("#main li[data-track]");
  if (row && !event.target.closest("a, button") && !getSelection().toString()) row.querySelector("[data-do=play]")?.click();
});

/** Mark the rows of the track that plays now. */
export function markPlaying() {
  const id = current()?.id;
  for (const row of main.querySelectorAll("li[data-track]")) {
    const isNow = JSON.parse(row.dataset.track).id === id;
    row.classList.toggle("now", isNow);
    if (isNow) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

for (const kind of ["earshot:page", "earshot:part", "earshot:playing"]) document.addEventListener(kind, markPlaying);
