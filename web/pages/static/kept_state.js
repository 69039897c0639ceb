// What a browser keeps between visits: the queue, the volume, the picked tracks; of each library its own.

const PREFIX = `${document.body.dataset.library}.`;

export function readKept(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null;  // of another version, or not allowed
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Full, or not allowed: then it lasts until the page is left.
  }
}
