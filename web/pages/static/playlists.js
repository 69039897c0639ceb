// Playlists: made from the queue, a lasso or a track; reordered, renamed and deleted in their own page.

import { ask, element, trackOf } from "./elements.js";
import { refresh, show } from "./navigation.js";
import { attempt, get, post, say } from "./requests.js";
import { sortable } from "./sortable.js";

const main = document.getElementById("main");
const nameField = (value = "") => element("label", { class: "field" }, element("span", {}, "Name"),
  element("input", { name: "name", required: true, maxlength: 200, value, autocomplete: "off" }));

/** Ask for a name, and save tracks as a new playlist. */
export async function savePlaylist(tracks, name = "") {
  const form = await ask(`Save ${tracks.length} track${tracks.length === 1 ? "" : "s"} as a playlist`, [nameField(name)], "Save");
  if (!form) return;
  const made = await attempt(() => post("/playlists", { name: form.get("name"), tracks: tracks.map((track) => track.id) }));
  if (made) said(`Saved: ${made.name}`, made.id);
}

/** Add tracks to a playlist that is chosen in a dialog. */
export async function addToPlaylist(tracks) {
  const known = await attempt(() => get("/playlists.json"));
  if (!known) return;
  if (!known.length) {
    savePlaylist(tracks);
    return;
  }
  const choices = known.map((one, place) => element("label", { class: "choice" },
    element("input", { type: "radio", name: "id", value: one.id, required: true, checked: place === 0 }), `${one.name} (${one.n_tracks})`));
  const other = element("label", { class: "choice" }, element("input", { type: "radio", name: "id", value: "new" }), "A new playlist …");
  const form = await ask("Add to a playlist", [element("div", { class: "list" }, ...choices, other)], "Add");
  if (!form) return;
  if (form.get("id") === "new") {
    savePlaylist(tracks);
    return;
  }
  const made = await attempt(() => post(`/playlists/${form.get("id")}/add`, { tracks: tracks.map((track) => track.id) }));
  if (made) said(`Added to ${made.name}`, made.id);
}

function said(sentence, id) {
  say(sentence, { undo: () => show(`/playlists/${id}`), action: "Show" });
}

/** The list of the playlist that this page is about, if it is about one that may be changed. */
const openList = () => main.querySelector("[data-tracks=playlist]");
const idsIn = (list) => [...list.querySelectorAll(":scope > li")].map((row) => trackOf(row).id);

async function store(list) {
  await attempt(() => post(`/playlists/${main.querySelector("[data-playlist]").dataset.playlist}/tracks`, { tracks: idsIn(list) })) ?? refresh();
}

const deeds = {
  async rename(head) {
    const form = await ask("Rename the playlist", [nameField(head.dataset.name)], "Rename");
    if (form && await attempt(() => post(`/playlists/${head.dataset.playlist}/name`, { name: form.get("name") }))) refresh();
  },
  async delete(head) {
    const form = await ask(`Delete “${head.dataset.name}”?`, [element("p", { class: "soft" }, "Its tracks stay in the library.")], "Delete");
    if (form && await attempt(() => post(`/playlists/${head.dataset.playlist}/delete`))) show("/playlists", { as: "replace" });
  },
  async flow(head) {
    const before = idsIn(openList());
    const done = await attempt(() => post(`/playlists/${head.dataset.playlist}/flow`));
    if (!done) return;
    await refresh();
    say("Reordered so that each track leads to the next", { undo: async () => {
      if (await attempt(() => post(`/playlists/${head.dataset.playlist}/tracks`, { tracks: before }))) refresh();
    } });
  },
};

main.addEventListener("click", (event) => {
  const button = event.target.closest("[data-playlist-do]");
  if (button) {
    event.preventDefault();
    deeds[button.dataset.playlistDo](main.querySelector("[data-playlist]"));
  }
  const list = openList();
  if (list && event.target.closest("[data-do=remove]")) {
    event.target.closest("li").remove();
    store(list);
  }
  const save = event.target.closest("[data-save]");
  if (save) {
    const rows = [...main.querySelector("[data-tracks]").querySelectorAll("li[data-track]")].map(trackOf);
    savePlaylist(rows, save.dataset.save);
  }
});

document.addEventListener("earshot:page", () => {
  const list = openList();
  if (!list) return;
  sortable(list, (from, to) => {
    const rows = [...list.children], row = rows[from];
    list.insertBefore(row, to > from ? rows[to].nextSibling : rows[to]);
    store(list);
  });
});
