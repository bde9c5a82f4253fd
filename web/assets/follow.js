// Shows lines of a log as they come, once somebody asks for that. The browser comes back by itself after a break and
// goes on behind the last line. Without this there is a link to newer lines.

const MOST = 1000;
const lines = document.querySelector("#lines");
const note = document.querySelector("#note");
const button = document.querySelector("#follow");
let source;

/** Whoever reads at the end stays at the end; whoever reads elsewhere is left alone. */
function isAtTheEnd() {
  return document.querySelector("#below").getBoundingClientRect().top <= innerHeight;
}

function show({ html }) {
  const follows = isAtTheEnd();
  lines.hidden = false;
  lines.insertAdjacentHTML("beforeend", html); // Escaped by the server.
  while (lines.children.length > MOST) lines.firstElementChild.remove();
  document.dispatchEvent(new Event("fresh"));
  if (follows) document.querySelector("#below").scrollIntoView({ block: "end" });
}

button.addEventListener("click", () => {
  const begins = button.getAttribute("aria-pressed") === "false";
  button.setAttribute("aria-pressed", String(begins));
  if (!begins) return source.close();
  note.textContent = button.dataset.words;
  source = new EventSource(button.dataset.live);
  source.addEventListener("lines", (event) => {
    show(JSON.parse(event.data));
    // Where it goes on when it is begun again.
    const next = new URL(button.dataset.live, location);
    next.searchParams.set("after", event.lastEventId);
    button.dataset.live = next.pathname + next.search;
  });
});
button.hidden = false;
