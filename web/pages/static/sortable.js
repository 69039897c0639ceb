// Lists whose rows are moved by a grip: by mouse, by touch, and by the arrow keys.

/** Make a list sortable; `moved(from, to)` is called with places from 0 after each move. */
export function sortable(list, moved) {
  const rows = () => [...list.querySelectorAll(":scope > li")];
  let row = null, to = -1;

  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip) return;
    event.preventDefault();
    row = grip.closest("li");
    to = -1;
    row.classList.add("dragged");
    grip.setPointerCapture(event.pointerId);
  });
  list.addEventListener("pointermove", (event) => {
    if (!row) return;
    const all = rows();
    to = all.findIndex((other) => event.clientY < other.getBoundingClientRect().top + other.offsetHeight / 2);
    if (to < 0) to = all.length;
    for (const [place, other] of all.entries()) other.classList.toggle("target", place === to);
    const scroller = list.scrollHeight > list.clientHeight + 4 ? list : document.scrollingElement;
    if (event.clientY < 120) scroller.scrollBy(0, -12);
    if (event.clientY > innerHeight - 140) scroller.scrollBy(0, 12);
  });
  const drop = () => {
    if (!row) return;
    const from = rows().indexOf(row);
    row.classList.remove("dragged");
    for (const other of rows()) other.classList.remove("target");
    if (to >= 0 && to !== from && to !== from + 1) moved(from, to > from ? to - 1 : to);
    row = null;
  };
  list.addEventListener("pointerup", drop);
  list.addEventListener("pointercancel", drop);
  list.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.target.closest("[data-grip]")) return;
    event.preventDefault();
    const from = rows().indexOf(event.target.closest("li"));
    if (from + step < 0 || from + step >= rows().length) return;
    moved(from, from + step);
    rows()[from + step]?.querySelector("[data-grip]")?.focus();
  });
}
