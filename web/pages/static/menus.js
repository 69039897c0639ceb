// One menu for all rows: it opens beside the button that asked for it.

import { element, icon } from "./elements.js";

let open = null;

/** Show a menu. Entries are [icon, words, action], a link as its address instead of an action, or null for a line. */
export function showMenu(button, label, entries) {
  open?.remove();
  const items = entries.map((entry) => {
    if (!entry) return element("hr");
    const [sign, words, action] = entry;
    if (typeof action === "string") return element("a", { href: action, role: "menuitem", onclick: () => menu.hidePopover() }, icon(sign), words);
    return element("button", { type: "button", role: "menuitem", onclick: () => { menu.hidePopover(); action(); } }, icon(sign), words);
  });
  const menu = open = element("div", { class: "menu", popover: "auto", role: "menu", "aria-label": label }, ...items);
  document.body.append(menu);
  menu.showPopover();
  const place = button.getBoundingClientRect(), box = menu.getBoundingClientRect();
  const below = place.bottom + 6 + box.height < innerHeight ? place.bottom + 6 : Math.max(8, place.top - box.height - 6);
  menu.style.top = `${below}px`;
  menu.style.left = `${Math.max(8, Math.min(place.right - box.width, innerWidth - box.width - 8))}px`;
  menu.querySelector("[role=menuitem]").focus();
  menu.addEventListener("keydown", (event) => {
    const choices = [...menu.querySelectorAll("[role=menuitem]")], at = choices.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    choices[(at + step + choices.length) % choices.length].focus();
  });
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    if (document.activeElement === document.body || menu.contains(document.activeElement)) button.focus();
    menu.remove();
  });
}
