// Keeps the page as the box is now. It asks every two seconds while somebody looks, and changes nothing where nothing
// has changed; what was opened stays open, and the focus stays where it is. Without this there is a link.

const PACE = 2000;
const now = document.querySelector("#now");
const told = document.querySelector("#told");
const lost = document.querySelector("#lost");
let mark = now.dataset.mark;
let timer;
let asking = false;

const how = () => now.querySelector("#how")?.textContent.trim();

/** Puts the fresh part in the place of the old one. */
function show(html) {
  const open = [...now.querySelectorAll("details[open]")].map((one) => one.id);
  const read = [...now.querySelectorAll("pre")].map((one) => [one.closest("[id]").id, one.scrollTop]);
  const focused = now.contains(document.activeElement) ? focusedPlace() : null;
  const before = how();
  now.innerHTML = html; // Escaped by the server.
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  for (const [id, top] of read) document.getElementById(id)?.querySelector("pre")?.scrollTo({ top });
  const place = focused && (focused() ?? document.querySelector("#content"));
  place?.focus({ preventScroll: true });
  document.dispatchEvent(new Event("fresh"));
  if (how() !== before) told.textContent = how();
}

/** How to find what has the focus again: by its own name, or as the summary or text of what has one. */
function focusedPlace() {
  const { id, tagName } = document.activeElement;
  if (id) return () => document.getElementById(id);
  const around = document.activeElement.closest("[id]").id;
  return () => document.getElementById(around)?.querySelector(tagName);
}

/** Somebody marks words to copy them: they are left alone meanwhile. */
function isMarking() {
  const marked = getSelection();
  return !marked.isCollapsed && now.contains(marked.anchorNode);
}

async function ask() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch(now.dataset.from ?? "/system/now", { headers: { "if-none-match": mark } });
    if (answer.redirected || answer.status === 403) return location.reload();
    if (answer.status !== 304 && !answer.ok) throw new Error(answer.statusText);
    lost.hidden = true;
    if (answer.ok && !isMarking()) {
      show(await answer.text());
      mark = answer.headers.get("etag");
    }
  } catch {
    if (lost.hidden) {
      lost.textContent = lost.dataset.words;
      lost.hidden = false;
    }
  } finally {
    asking = false;
  }
  again();
}

function again() {
  clearTimeout(timer);
  if (document.visibilityState === "visible") timer = setTimeout(ask, PACE);
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") ask();
  else clearTimeout(timer);
});
again();
