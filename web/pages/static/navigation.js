// The main part is swapped in place, so that the player goes on while one looks around.

import { say } from "./requests.js";

const main = document.getElementById("main");
const spoken = document.getElementById("spoken");
let pending = null;

/** Show the page of an address. `as`: push, replace or none, of the history. */
export async function show(address, { as = "push", body = null, quiet = false } = {}) {
  pending?.abort();
  const request = pending = new AbortController();
  const url = new URL(address, location.href);
  if (as === "push") keepScroll();
  main.classList.add("leaving");
  let response, text;
  try {
    const method = body ? "POST" : "GET";
    response = await fetch(url, { method, body, headers: { Accept: "text/html" }, signal: request.signal });
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") return;
    main.classList.remove("leaving");
    say("The server does not answer. Is `cli serve` still running?", { bad: true });
    return;
  }
  if (request !== pending) return;
  main.classList.remove("leaving");
  const landed = new URL(response.url);
  const next = new DOMParser().parseFromString(text, "text/html");
  const part = next.getElementById("main");
  if (body && !response.ok && part) {  // nothing was changed, so the page stays
    say(part.textContent.trim().replace(/\s+/g, " "), { bad: true });
    return;
  }
  if (!part || landed.pathname === "/sign-in") {
    location.assign(landed);
    return;
  }
  const state = { scroll: 0 };
  if (as === "push" && landed.href !== location.href) history.pushState(state, "", landed);
  else if (as !== "none") history.replaceState(state, "", landed);
  main.replaceChildren(...part.childNodes);
  document.title = next.title;
  for (const link of document.querySelectorAll(".nav li a")) {
    if (link.pathname === landed.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (!quiet) {
    window.scrollTo(0, as === "none" ? history.state?.scroll ?? 0 : 0);
    main.focus({ preventScroll: true });
    spoken.textContent = document.title;
  }
  arrived();
}

/** Show the page as it is now. */
export function refresh() {
  return show(location.href, { as: "none", quiet: true });
}

function keepScroll() {
  history.replaceState({ scroll: window.scrollY }, "");
}

/** Tell the other scripts that main has new content, and fetch the parts that it left for later. */
function arrived() {
  document.dispatchEvent(new Event("earshot:page"));
  for (const place of main.querySelectorAll("[data-load]")) fill(place);
}

async function fill(place) {
  const response = await fetch(place.dataset.load, { headers: { Accept: "text/html" } }).catch(() => null);
  const page = response && new DOMParser().parseFromString(await response.text(), "text/html");
  const found = page?.getElementById("answer") ?? page?.querySelector(".failure");
  if (!place.isConnected) return;
  place.replaceChildren(...(found ? found.childNodes : ["This could not be loaded. Reload the page to try again."]));
  document.dispatchEvent(new Event("earshot:part"));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
  event.preventDefault();
  show(link.href);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog" || event.defaultPrevented || form.getAttribute("action") === "/sign-out") return;
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  if (form.method === "post") {
    show(form.action, { body: new URLSearchParams(data) });
    return;
  }
  const address = new URL(form.action);
  for (const [name, value] of data) if (value !== "") address.searchParams.append(name, value);
  show(address);
});

addEventListener("popstate", () => show(location.href, { as: "none" }));
history.scrollRestoration = "manual";
queueMicrotask(() => setTimeout(arrived));
