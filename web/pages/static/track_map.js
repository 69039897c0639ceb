// The map: tracks as dots that can be moved, hovered, played, and caught with a lasso; by mouse, touch and keys.

import { element } from "./elements.js";
import { current, playTracks } from "./player.js";
import { savePlaylist } from "./playlists.js";
import { attempt, get, say } from "./requests.js";

const CELLS = 96;         // of the grid in which dots are looked up, along each side
const REACH = 14;         // pixels between the pointer and the dot that it means
const MAX_ZOOM = 400, MAX_CAUGHT = 500, NAMES_AT_ONCE = 100, RETRY_MS = 1200;
const LAYER_ALPHA = 0.82;
const MARGIN = 32, LEGEND = 56, TOOLS = 40;  // pixels around the sheet, below it, and more at its right

class TrackMap {
  constructor(box, data) {
    Object.assign(this, data, { box, canvas: box.querySelector("canvas"), tip: box.querySelector(".tip") });
    this.n = this.ids.length;
    this.pen = this.canvas.getContext("2d");
    this.facts = new Map();
    this.hidden = new Set();
    this.touched = -1;
    this.lasso = null;
    this.isCatching = false;
    this.pointers = new Map();
    this.cells = new Map();
    this.layers = this.colors.map(() => []);
    for (let i = 0; i < this.n; i++) {
      const key = this.cellOf(this.x[i]) * CELLS + this.cellOf(this.y[i]);
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push(i);
      this.layers[this.group[i]].push(i);
    }
    this.wire();
    new ResizeObserver(() => this.fit()).observe(this.canvas);  // once at the beginning, too
  }

  cellOf(value) { return Math.max(0, Math.min(CELLS - 1, Math.floor((value * CELLS) / this.side))); }
  get fitting() { return (this.canvas.clientHeight - MARGIN - LEGEND) / this.side; }

  /** Show everything: the sheet is stretched to the width, since only what is near means something. */
  fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.wide = Math.max(0.3, (width - 2 * MARGIN - TOOLS) / (height - MARGIN - LEGEND));
    this.scale = this.fitting;
    this.left = MARGIN;
    this.top = MARGIN / 2;
    this.draw();
  }

  zoom(factor, px, py) {
    const scale = Math.min(this.fitting * MAX_ZOOM, Math.max(this.fitting / 2, this.scale * factor));
    this.left = px - ((px - this.left) * scale) / this.scale;
    this.top = py - ((py - this.top) * scale) / this.scale;
    this.scale = scale;
    this.draw();
  }

  draw() {
    if (this.isQueued) return;
    this.isQueued = true;
    requestAnimationFrame(() => { this.isQueued = false; this.paint(); });
  }

  paint() {
    const { canvas, pen } = this, dense = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * dense)) canvas.width = Math.round(width * dense);
    if (canvas.height !== Math.round(height * dense)) canvas.height = Math.round(height * dense);
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    const size = this.size = Math.min(8, Math.max(1.2, Math.sqrt((width * height) / Math.max(this.n, 1)) / 12) * Math.sqrt(this.scale / this.fitting));
    for (const [group, layer] of this.layers.entries()) {
      if (this.hidden.has(group)) continue;
      pen.fillStyle = this.colors[group];
      pen.globalAlpha = LAYER_ALPHA;
      pen.beginPath();
      for (const i of layer) {
        const [x, y] = this.spot(i);
        if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
        if (size < 2) pen.rect(x - size, y - size, 2 * size, 2 * size);
        else { pen.moveTo(x + size, y); pen.arc(x, y, size, 0, 2 * Math.PI); }
      }
      pen.fill();
    }
    pen.globalAlpha = 1;
    const style = getComputedStyle(canvas), accent = style.getPropertyValue("--accent"), playing = this.ids.indexOf(current()?.id);
    this.ring(playing, accent, 5);
    this.ring(this.touched, style.color, 3);
    if (this.lasso?.length > 1) {
      pen.beginPath();
      this.lasso.forEach(([x, y], place) => (place ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.closePath();
      pen.strokeStyle = pen.fillStyle = accent;
      pen.lineWidth = 2;
      pen.stroke();
      pen.globalAlpha = 0.12;
      pen.fill();
      pen.globalAlpha = 1;
    }
  }

  spot(i) { return [this.left + this.scale * this.wide * this.x[i], this.top + this.scale * this.y[i]]; }

  ring(i, color, more) {
    if (i < 0 || this.hidden.has(this.group[i])) return;
    this.pen.strokeStyle = color;
    this.pen.lineWidth = 2.5;
    this.pen.beginPath();
    this.pen.arc(...this.spot(i), this.size + more, 0, 2 * Math.PI);
    this.pen.stroke();
  }

  nearest(px, py, reach = REACH) {
    const r = reach / this.scale, rx = r / this.wide;
    const x = (px - this.left) / (this.scale * this.wide), y = (py - this.top) / this.scale;
    let best = -1, least = r * r;
    for (let cx = this.cellOf(x - rx); cx <= this.cellOf(x + rx); cx++) {
      for (let cy = this.cellOf(y - r); cy <= this.cellOf(y + r); cy++) {
        for (const i of this.cells.get(cx * CELLS + cy) ?? []) {
          const distance = ((this.x[i] - x) * this.wide) ** 2 + (this.y[i] - y) ** 2;
          if (distance <= least && !this.hidden.has(this.group[i])) { best = i; least = distance; }
        }
      }
    }
    return best;
  }

  /** The facts of some dots, asked for once. */
  async factsOf(places) {
    const lacking = places.filter((i) => !this.facts.has(this.ids[i])).map((i) => this.ids[i]);
    for (let start = 0; start < lacking.length; start += NAMES_AT_ONCE) {
      const query = lacking.slice(start, start + NAMES_AT_ONCE).map((id) => `id=${id}`).join("&");
      for (const track of (await attempt(() => get(`/tracks.json?${query}`))) ?? []) this.facts.set(track.id, track);
    }
    return places.map((i) => this.facts.get(this.ids[i])).filter(Boolean);
  }

  async touch(i, speak = false) {
    if (i === this.touched && !speak) return;
    this.touched = i;
    this.draw();
    if (i < 0) { this.tip.hidden = true; return; }
    const [track] = await this.factsOf([i]);
    if (!track || this.touched !== i) return;
    this.tip.replaceChildren(element("strong", {}, track.title), element("span", {}, [track.artist, track.album, track.genre].filter(Boolean).join(" · ")));
    this.tip.hidden = false;
    const [x, y] = this.spot(i), width = this.tip.offsetWidth, height = this.tip.offsetHeight;
    this.tip.style.left = `${Math.max(6, Math.min(x + 14, this.canvas.clientWidth - width - 6))}px`;
    this.tip.style.top = `${Math.max(6, Math.min(y + 14, this.canvas.clientHeight - height - 6))}px`;
    if (speak) this.box.querySelector("[aria-live]").textContent = [track.title, track.artist].filter(Boolean).join(", ");
  }

  async play(i) {
    const [track] = await this.factsOf([i]);
    if (track?.playable) playTracks([track]);
    else if (track) say(`No file of ${track.title} is in this library.`);
  }

  /** Save what the lasso holds as a playlist. */
  async caught() {
    const line = this.lasso;
    this.lasso = null;
    this.catching(false);
    const held = [];
    for (let i = 0; i < this.n; i++) if (!this.hidden.has(this.group[i]) && isInside(this.spot(i), line)) held.push(i);
    this.draw();
    if (!held.length) return say("The lasso holds no track. Draw it around some dots.");
    if (held.length > MAX_CAUGHT) return say(`The lasso holds ${held.length} tracks; ${MAX_CAUGHT} is the most. Draw it smaller.`);
    const tracks = (await this.factsOf(held)).filter((track) => track.playable);
    return savePlaylist(tracks);
  }

  catching(on) {
    this.isCatching = on;
    this.box.querySelector("[data-map=lasso]").setAttribute("aria-pressed", String(on));
    this.canvas.classList.toggle("catching", on);
  }

  wire() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
      this.moved = false;
      if (this.isCatching) this.lasso = [[event.offsetX, event.offsetY]];
    });
    canvas.addEventListener("pointermove", (event) => {
      const here = [event.offsetX, event.offsetY], before = this.pointers.get(event.pointerId);
      if (!before) { this.touch(this.nearest(...here)); return; }
      if (this.lasso) { this.lasso.push(here); this.moved = true; this.draw(); return; }
      if (!this.moved && Math.hypot(here[0] - before[0], here[1] - before[1]) < 5) return;
      this.moved = true;
      if (this.pointers.size === 2) {
        const [other] = [...this.pointers].find(([id]) => id !== event.pointerId).slice(1);
        const ratio = Math.hypot(here[0] - other[0], here[1] - other[1]) / Math.max(1, Math.hypot(before[0] - other[0], before[1] - other[1]));
        this.zoom(ratio, (here[0] + other[0]) / 2, (here[1] + other[1]) / 2);
      } else {
        this.left += here[0] - before[0];
        this.top += here[1] - before[1];
      }
      this.pointers.set(event.pointerId, here);
      this.draw();
    });
    const up = (event) => {
      if (!this.pointers.delete(event.pointerId)) return;
      if (this.lasso) { this.caught(); return; }
      if (this.moved || event.type === "pointercancel" || this.pointers.size) return;
      const i = this.nearest(event.offsetX, event.offsetY, event.pointerType === "touch" ? 2 * REACH : REACH);
      this.touch(i);
      if (i >= 0) this.play(i);
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", () => { if (!this.pointers.size) this.touch(-1); });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
    for (const button of this.box.querySelectorAll("[data-map]")) {
      button.addEventListener("click", () => ({ fit: () => this.fit(), lasso: () => this.catching(!this.isCatching),
        in: () => this.zoom(1.6, canvas.clientWidth / 2, canvas.clientHeight / 2),
        out: () => this.zoom(1 / 1.6, canvas.clientWidth / 2, canvas.clientHeight / 2) })[button.dataset.map]());
    }
    this.playing = () => this.draw();
    document.addEventListener("earshot:playing", this.playing);
  }

  /** Arrows go to the nearest dot in their direction, Enter plays it. */
  key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Enter" && this.touched >= 0) { event.preventDefault(); this.play(this.touched); }
    if (!way) return;
    event.preventDefault();
    if (this.touched < 0) { this.touch(this.nearest(this.canvas.clientWidth / 2, this.canvas.clientHeight / 2, 1e5), true); return; }
    let best = -1, least = Infinity;
    for (let i = 0; i < this.n; i++) {
      const dx = (this.x[i] - this.x[this.touched]) * this.wide, dy = this.y[i] - this.y[this.touched];
      const along = dx * way[0] + dy * way[1], aside = Math.abs(dx * way[1] + dy * way[0]);
      if (i === this.touched || along <= 0 || aside > along || this.hidden.has(this.group[i])) continue;
      if (along + aside < least) { least = along + aside; best = i; }
    }
    if (best >= 0) this.touch(best, true);
  }

  legend() {
    const holder = this.box.querySelector(".legend");
    holder.replaceChildren(...this.names.map((name, group) => {
      const dot = element("span", { class: "dot" });
      dot.style.background = this.colors[group];
      const line = element("button", { type: "button", "aria-pressed": "true" }, dot, name);
      line.addEventListener("click", () => {
        if (!this.hidden.delete(group)) this.hidden.add(group);
        line.setAttribute("aria-pressed", String(!this.hidden.has(group)));
        this.draw();
      });
      return line;
    }));
  }
}

function isInside([x, y], line) {
  let inside = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [xi, yi] = line[i], [xj, yj] = line[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

let shown = null;

async function open() {
  if (shown) document.removeEventListener("earshot:playing", shown.playing);
  shown = null;
  const box = document.querySelector("[data-points]");
  if (!box) return;
  const data = await attempt(() => get(box.dataset.points));
  if (!box.isConnected) return;
  const wait = box.querySelector(".waiting");
  if (!data) { wait.textContent = "The map could not be loaded. Reload the page to try again."; return; }
  if (data.is_pending) {
    wait.querySelector("output").textContent = data.sentence;
    setTimeout(() => { if (box.isConnected) open(); }, RETRY_MS);
    return;
  }
  wait.hidden = true;
  box.querySelector(".stage").hidden = false;
  shown = new TrackMap(box, data);
  shown.legend();
}

document.addEventListener("earshot:page", open);
