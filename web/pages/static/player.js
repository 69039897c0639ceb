// The player: one audio element that goes on while pages change, and the queue that it plays.

import { clock, cover, swapIcon } from "./elements.js";
import { giveThumb, onThumb, reportPlay } from "./feedback.js";
import { readKept, keep } from "./kept_state.js";
import { say } from "./requests.js";

export const LISTEN_S = 30;  // seconds; left before that, a song was skipped
const MAX_FAILURES = 3;    // tracks in a row that cannot be played
const at = (id) => document.getElementById(id);
export const audio = at("audio");
const controls = { play: at("play"), back: at("back"), next: at("next"), seek: at("seek"), up: at("thumb-up"), down: at("thumb-down") };

// tracks: all of the queue; place: the one that plays, or -1; station: the state of a radio, or null.
export const queue = { tracks: [], place: -1, station: null };
let play = null;           // {id, startedAt, played} of the track that plays
let lastTime = 0, failures = 0, isSeeking = false, steer = null;

export const current = () => queue.tracks[queue.place] ?? null;

/** Play tracks from one of them on, in place of the queue. */
export function playTracks(tracks, place = 0, station = null) {
  if (!tracks.length) return;
  queue.tracks = tracks.map((track) => ({ ...track }));
  queue.station = station;
  if (place >= 0) start(place);
  else queue.place = -1;
}

export function enqueue(tracks) {
  queue.tracks.push(...tracks.map((track) => ({ ...track })));
  say(tracks.length === 1 ? `Queued: ${tracks[0].title}` : `${tracks.length} tracks queued`);
  if (queue.place < 0) start(0);
  else changed();
}

export function playNext(tracks) {
  if (queue.place < 0) return playTracks(tracks);
  queue.tracks.splice(queue.place + 1, 0, ...tracks.map((track) => ({ ...track })));
  say(`Plays next: ${tracks[0].title}`);
  changed();
}

/** Go to a place of the queue and play. */
export function start(place) {
  report();
  queue.place = place;
  const track = current();
  if (!track) return stop();
  play = { id: track.id, startedAt: Math.floor(Date.now() / 1000), played: 0, isDone: false };
  load(track);
  audio.play().catch((error) => {  // a browser may ask for a click first; failures come as events of their own
    if (error.name === "NotAllowedError") say("Press play to begin.");
  });
}

function load(track, from = 0) {
  audio.src = `/sound/${track.id}`;
  audio.currentTime = lastTime = from;
  changed();
}

function stop() {
  queue.place = -1;
  play = null;
  audio.removeAttribute("src");
  audio.load();
  changed();
}

export function toggle() {
  if (!current()) return queue.tracks.length ? start(0) : undefined;
  if (!play) return start(queue.place);  // it was heard to its end
  if (audio.paused) audio.play().catch(() => {});
  else audio.pause();
  return undefined;
}

/** Let a radio choose what comes after the track that is left. */
export function setSteering(chooser) {
  steer = chooser;
}

/** The next track: after the end of one, or because it was asked for. */
export function next() {
  const upcoming = queue.tracks[queue.place + 1];
  if (queue.station && steer && (!upcoming || upcoming.from_radio)) return steer(current(), play?.played ?? 0, play?.isDone ?? false);
  if (upcoming) return start(queue.place + 1);
  if (audio.ended) report();
  return changed();
}

export function back() {
  if (audio.currentTime > 4 || queue.place <= 0) audio.currentTime = 0;
  else start(queue.place - 1);
}

export function seekBy(seconds) {
  if (current()) seekTo(audio.currentTime + seconds);
}

export function seekTo(seconds) {
  audio.currentTime = Math.max(0, Math.min(seconds, (length() || seconds) - 0.25));
}

/** Take one track out of the queue. */
export function removeAt(place) {
  queue.tracks.splice(place, 1);
  if (place === queue.place) {
    if (place < queue.tracks.length) start(place);
    else stop();
    return;
  }
  if (place < queue.place) queue.place -= 1;
  changed();
}

export function move(from, to) {
  const playing = current(), [track] = queue.tracks.splice(from, 1);
  queue.tracks.splice(to, 0, track);
  queue.place = playing ? queue.tracks.indexOf(playing) : -1;
  changed();
}

export function clear() {
  report();
  queue.tracks = [];
  queue.station = null;
  stop();
}

/** Put songs of the radio in the place of those that follow; what somebody queued stays before them. */
export function replaceUpcoming(tracks) {
  const rest = queue.tracks.splice(queue.place + 1, Infinity);
  queue.tracks.push(...rest.filter((track) => !track.from_radio), ...tracks);
  changed();
}

const length = () => (Number.isFinite(audio.duration) ? audio.duration : current()?.duration ?? 0);

/** Tell the library how long the track was played. */
function report(leaving = false) {
  if (play && play.played >= 1) reportPlay(play, leaving);
  if (!leaving) play = null;
}

/** Show and keep the state after any change of the queue. */
export function changed() {
  const track = current();
  at("now-title").textContent = track?.title ?? "Nothing plays";
  at("now-artist").textContent = track ? track.artist ?? "Artist unknown" : "Choose a track to hear";
  for (const [id, address] of [["now-title", track && `/track/${track.id}`], ["now-artist", track?.artist_id && `/artist/${track.artist_id}`], ["now-cover", track && `/track/${track.id}`]]) {
    if (address) at(id).href = address;
    else at(id).removeAttribute("href");
  }
  at("now-cover").replaceChildren(...(track ? [cover(track, 128)] : []));
  for (const control of [controls.play, controls.back, controls.seek, controls.up, controls.down]) control.disabled = !track;
  controls.play.disabled = !queue.tracks.length;
  controls.next.disabled = !track || (queue.place + 1 >= queue.tracks.length && !queue.station);
  at("station").hidden = !queue.station;
  showThumbs();
  showTime();
  showSession(track);
  keep("queue", { ...queue, play, time: audio.currentTime });
  document.dispatchEvent(new Event("earshot:playing"));
}

function showThumbs() {
  controls.up.setAttribute("aria-pressed", String(current()?.thumb === "like"));
  controls.down.setAttribute("aria-pressed", String(current()?.thumb === "dislike"));
}

function showTime() {
  const total = current() ? length() : 0, time = current() ? audio.currentTime : 0;
  at("elapsed").textContent = clock(time);
  if ("mediaSession" in navigator && total) navigator.mediaSession.setPositionState({ duration: total, position: Math.min(time, total) });
  at("length").textContent = clock(total);
  controls.seek.max = String(total);
  if (!isSeeking) controls.seek.value = String(time);
  controls.seek.style.setProperty("--filled", `${total ? (100 * Number(controls.seek.value)) / total : 0}%`);
  controls.seek.setAttribute("aria-valuetext", current() ? `${clock(time)} of ${clock(total)}` : "nothing plays");
}

function showPaused() {
  swapIcon(controls.play, audio.paused ? "play" : "pause");
  controls.play.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
  if ("mediaSession" in navigator) navigator.mediaSession.playbackState = audio.paused ? "paused" : "playing";
}

function showSession(track) {
  if (!("mediaSession" in navigator)) return;
  const artwork = track ? [{ src: `/cover/${track.id}?size=512`, sizes: "512x512" }] : [];
  const { title = "", artist, album } = track ?? {};
  navigator.mediaSession.metadata = track ? new MediaMetadata({ title, artist: artist ?? "", album: album ?? "", artwork }) : null;
}

function setVolume(volume) {
  audio.volume = volume;
  at("volume").value = String(volume);
  at("volume").style.setProperty("--filled", `${100 * volume}%`);
}

audio.addEventListener("timeupdate", () => {
  const step = audio.currentTime - lastTime;
  if (play && step > 0 && step < 2) play.played += step;  // a greater one is a jump
  lastTime = audio.currentTime;
  if (play?.played > 5) failures = 0;
  showTime();
});
audio.addEventListener("seeking", () => { lastTime = audio.currentTime; });
audio.addEventListener("durationchange", showTime);
for (const event of ["play", "pause"]) audio.addEventListener(event, showPaused);
audio.addEventListener("pause", () => keep("queue", { ...queue, play, time: audio.currentTime }));
audio.addEventListener("playing", () => { at("spoken").textContent = `${current()?.title}, ${current()?.artist ?? "artist unknown"}`; });
audio.addEventListener("ended", () => { if (play) play.isDone = true; next(); });
audio.addEventListener("error", () => {
  if (!current() || !audio.getAttribute("src")) return;
  failures += 1;
  say(`${current().title} cannot be played: the file is gone, or was changed since it was heard.`, { bad: true });
  if (failures < MAX_FAILURES && queue.place + 1 < queue.tracks.length) start(queue.place + 1);
});

controls.play.addEventListener("click", toggle);
controls.back.addEventListener("click", back);
controls.next.addEventListener("click", next);
controls.seek.addEventListener("input", () => { isSeeking = true; showTime(); });
controls.seek.addEventListener("change", () => { isSeeking = false; seekTo(Number(controls.seek.value)); });
controls.up.addEventListener("click", () => giveThumb(current(), "like"));
controls.down.addEventListener("click", () => giveThumb(current(), "dislike"));
at("volume").addEventListener("input", (event) => { setVolume(Number(event.target.value)); audio.muted = false; keep("volume", audio.volume); });
at("mute").addEventListener("click", () => { audio.muted = !audio.muted; });
audio.addEventListener("volumechange", () => {
  swapIcon(at("mute"), audio.muted || !audio.volume ? "muted" : "volume");
  at("mute").setAttribute("aria-pressed", String(audio.muted));
});
at("station-stop").addEventListener("click", () => { queue.station = null; changed(); });

onThumb((track, thumb) => {
  if (thumb === "never" && !queue.station && track.id === current()?.id) next();
  for (const one of queue.tracks) if (one.id === track.id) one.thumb = thumb;
  showThumbs();
  keep("queue", { ...queue, play, time: audio.currentTime });
});

if ("mediaSession" in navigator) {
  const actions = { play: toggle, pause: toggle, previoustrack: back, nexttrack: next, seekto: ({ seekTime }) => seekTo(seekTime), seekbackward: () => seekBy(-10), seekforward: () => seekBy(10) };
  for (const [name, action] of Object.entries(actions)) navigator.mediaSession.setActionHandler(name, action);
}

setInterval(() => { if (!audio.paused) keep("queue", { ...queue, play, time: audio.currentTime }); }, 5000);
addEventListener("pagehide", () => {
  keep("queue", { ...queue, play, time: audio.currentTime });
  if (play?.played >= LISTEN_S) report(true);  // told again when it goes on: the longer of the two counts
});

// What was queued and heard when the page was left.
setVolume(readKept("volume") ?? 1);
const kept = readKept("queue");
if (Array.isArray(kept?.tracks) && kept.tracks.length) {
  Object.assign(queue, { tracks: kept.tracks, place: kept.place ?? -1, station: kept.station ?? null });
  if (current()) {
    play = kept.play?.id === current().id ? kept.play : null;
    load(current(), kept.time ?? 0);
    play ??= { id: current().id, startedAt: Math.floor(Date.now() / 1000), played: 0, isDone: false };
  }
}
setTimeout(changed);
