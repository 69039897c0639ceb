// Requests to the server, and the one line in which the page answers to what was clicked.

const toast = document.getElementById("toast");
let hiding = 0;

/** Ask for JSON; an error has the server's own sentence as its message. */
export async function get(path) {
  return answered(await fetch(path, { headers: { Accept: "application/json" } }));
}

/** Send JSON, and return the JSON that comes back. */
export async function post(path, body = {}) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  return answered(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function answered(response) {
  if (response.status === 401 || new URL(response.url).pathname === "/sign-in") {
    location.reload();
    throw new Error("The session has ended. Sign in again.");
  }
  if (!response.ok) throw new Error((await response.text()).trim() || `The server answered ${response.status}.`);
  return response.status === 204 ? null : response.json();
}

/** Say one sentence, with a way to take it back if there is one. */
export function say(sentence, { bad = false, undo = null, action = "Undo" } = {}) {
  clearTimeout(hiding);
  toast.replaceChildren(sentence);
  toast.classList.toggle("bad", bad);
  if (undo) {
    const button = document.createElement("button");
    button.textContent = action;
    button.addEventListener("click", () => { toast.hidden = true; undo(); });
    toast.append(button);
  }
  toast.hidden = false;
  hiding = setTimeout(() => { toast.hidden = true; }, bad || undo ? 8000 : 3500);
}

/** Run what was clicked; say why if it fails. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    say(error instanceof TypeError ? "The server does not answer. Is `cli serve` still running?" : error.message, { bad: true });
    return undefined;
  }
}
