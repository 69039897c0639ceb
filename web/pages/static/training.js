// A training that goes on in the background: its progress is asked for while somebody looks.

import { refresh } from "./navigation.js";
import { get } from "./requests.js";

const EVERY_MS = 1000;

async function follow() {
  const box = document.querySelector("[data-job]");
  if (!box || box.dataset.job !== "running") return;
  const job = await get("/training.json").catch(() => null);
  if (!box.isConnected) return;
  if (job && !job.is_running) {
    refresh();
    return;
  }
  if (job) {
    box.querySelector("output").textContent = job.sentence;
    const bar = box.querySelector("progress");
    if (job.share === null) bar.removeAttribute("value");
    else bar.value = job.share;
  }
  setTimeout(follow, EVERY_MS);
}

document.addEventListener("earshot:page", follow);
