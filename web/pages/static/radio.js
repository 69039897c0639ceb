// Radio: the server chooses what follows; its state is kept with the queue, so that a reload or a restart goes on.

import { onThumb } from "./feedback.js";
import { LISTEN_S, current, playTracks, queue, replaceUpcoming, setSteering, start } from "./player.js";
import { attempt, get, post, say } from "./requests.js";

let asked = null;   // the latest question: answers to earlier ones come too late

/** Begin a radio from some tracks; a single one that can be played opens it. */
export async function startRadio(seeds) {
  const answer = await attempt(() => post("/radio/start", { seeds: seeds.map((track) => track.id) }));
  if (!answer) return;
  const station = { state: answer.state, seeds: seeds.map((track) => track.title) };
  if (seeds.length === 1 && seeds[0].playable !== false) {
    playTracks([seeds[0], ...answer.tracks], 0, station);
  } else {
    playTracks(answer.tracks, -1, station);
    await advance([]);
  }
  say(`Radio from ${seeds.length === 1 ? seeds[0].title : `${seeds.length} tracks`}`);
}

async function ask(events, isNext) {
  const question = asked = {};
  const answer = await attempt(() => post("/radio/next", { state: queue.station.state, events, advance: isNext }));
  if (!answer || asked !== question || !queue.station) return null;
  queue.station.state = answer.state;
  return answer;
}

/** Go on to the song that the server chooses now. */
async function advance(events) {
  const answer = await ask(events, true);
  if (answer?.now) {
    replaceUpcoming([{ ...answer.now, is_noted: true }, ...answer.tracks]);
    start(queue.place + 1);
  } else if (answer) {
    say("No other track of this library is left for this radio.");
  } else if (queue.place + 1 < queue.tracks.length) {
    start(queue.place + 1);  // what was shown, if the server does not answer
  }
}

setSteering(async (track, played, isDone) => {
  const events = [];
  if (track?.from_radio && !track.is_noted) events.push(["play", track.id]);  // it was chosen in the queue
  if (track?.from_radio && !isDone && played < LISTEN_S) events.push(["skip", track.id]);
  await advance(events);
});

onThumb(async (track, thumb) => {
  if (!queue.station || track.id !== current()?.id || !thumb) return;
  if (thumb !== "like") {
    await advance([[thumb, track.id]]);  // what is turned down is not heard to its end
    return;
  }
  const answer = await ask([[thumb, track.id]], false);
  if (answer) replaceUpcoming(answer.tracks);
});

document.addEventListener("submit", async (event) => {
  if (!event.target.matches("[data-radio-form]")) return;
  event.preventDefault();
  const words = new FormData(event.target).get("q");
  const found = await attempt(() => get(`/names.json?q=${encodeURIComponent(words)}`));
  if (found?.length) startRadio([found[0]]);
  else if (found) say(`Nothing in this library is called “${words}”. Try fewer words.`);
}, true);
