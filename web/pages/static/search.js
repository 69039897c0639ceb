// Search as one types: each pause shows what is found so far, and the whole search is one step of the history.

import { show } from "./navigation.js";

const PAUSE_MS = 160;
const field = document.getElementById("words");
let waiting = 0;

field?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const words = field.value.trim();
    const isSearching = location.pathname === "/search";
    if (!words && !isSearching) return;
    show(`/search?q=${encodeURIComponent(words)}`, { as: isSearching ? "replace" : "push", quiet: true });
  }, PAUSE_MS);
});

document.addEventListener("earshot:page", () => {
  if (field && location.pathname !== "/search" && document.activeElement !== field) field.value = "";
});
