// Making elements: text is always set as text, never read as HTML.

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg"), use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export function swapIcon(button, name) {
  button.querySelector("use").setAttribute("href", `/static/icons.svg#${name}`);
}

export function tool(name, label, onclick, attributes = {}) {
  return element("button", { class: "tool", type: "button", "aria-label": label, onclick, ...attributes }, icon(name));
}

export function cover(track, size = 96) {
  return element("img", { src: `/cover/${track.id}?size=${size}`, alt: "", loading: "lazy", decoding: "async" });
}

export function clock(seconds) {
  if (!Number.isFinite(seconds)) return "0:00";
  const whole = Math.max(0, Math.floor(seconds)), hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60, two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** The track that an element stands for. */
export function trackOf(node) {
  const holder = node.closest("[data-track]");
  return holder ? JSON.parse(holder.dataset.track) : null;
}

/** All tracks of a list that can be played, in order. */
export function tracksIn(root) {
  return [...root.querySelectorAll("li[data-track]")].map((row) => JSON.parse(row.dataset.track)).filter((track) => track.playable);
}

/** Ask something in a dialog; resolves with the form's data, or null. */
export function ask(title, fields, confirm) {
  return new Promise((resolve) => {
    const form = element("form", { method: "dialog" }, element("h2", {}, title), ...fields,
      element("div", { class: "row" },
        element("button", { class: "button quiet", value: "" , formnovalidate: true }, "Cancel"),
        element("button", { class: "button first", value: "yes" }, confirm)));
    const dialog = element("dialog", { "aria-label": title }, form);
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" ? new FormData(form) : null);
      dialog.remove();
    });
    form.addEventListener("keydown", (event) => {  // Enter means the last button, not the first
      if (event.key === "Enter" && event.target.matches("input")) {
        event.preventDefault();
        if (form.reportValidity()) dialog.close("yes");
      }
    });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("input")?.select();
  });
}
