// Moments: a few seconds of a seed or a match, to hear why one was found by the other.

import { say } from "./requests.js";
import { audio } from "./player.js";

const SECONDS = 5.5;  // an excerpt that the encoder hears takes five
const moment = document.getElementById("moment");
let button = null, stopping = 0, wasPlaying = false;

export function hearMoment(asked) {
  const again = asked === button;
  stop();
  if (again) return;
  button = asked;
  button.classList.add("playing");
  wasPlaying = !audio.paused;
  audio.pause();
  moment.src = `/sound/${asked.dataset.moment}`;
  moment.volume = audio.volume;
  moment.muted = audio.muted;
  moment.currentTime = Number(asked.dataset.at);
  moment.play().then(() => {
    if (button === asked) stopping = setTimeout(end, 1000 * SECONDS);
  }).catch(() => {
    if (button !== asked) return;  // another one was asked for meanwhile
    say("This moment cannot be played: the file may have moved.", { bad: true });
    end();
  });
}

function end() {
  const resumes = wasPlaying;
  stop();
  if (resumes) audio.play();
}

function stop() {
  clearTimeout(stopping);
  moment.pause();
  button?.classList.remove("playing");
  button = null;
  wasPlaying = false;
}

moment.addEventListener("ended", end);
audio.addEventListener("play", stop);
