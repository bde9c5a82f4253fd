// Shows lines of a log as they come, once somebody asks for that, and says so when they no longer come. After a break
// it goes on behind the last line. Without this there is a link to newer lines.

const MOST = 1000;
const PAUSE = 5000;
const LONGEST_PAUSE = 60000;
const lines = document.querySelector("#lines");
const note = document.querySelector("#note");
const lost = document.querySelector("#lost");
const below = document.querySelector("#below");
const button = document.querySelector("#follow");
let source;
let timer;
let breaks;

/** Whoever reads at the end stays at the end; whoever reads elsewhere is left alone. */
function keeping(change) {
  const follows = below.getBoundingClientRect().top <= innerHeight;
  change();
  if (follows) below.scrollIntoView({ block: "end" });
}

function show({ html }) {
  keeping(() => {
    lines.hidden = false;
    lines.insertAdjacentHTML("beforeend", html); // Escaped by the server.
    while (lines.children.length > MOST) lines.firstElementChild.remove();
    document.dispatchEvent(new Event("fresh"));
  });
}

/** The page says whether lines come. */
function tell(words, isLost) {
  if (lost.hidden === !isLost && note.textContent === words) return;
  keeping(() => {
    note.textContent = words;
    lost.hidden = !isLost;
  });
}

function begin() {
  source = new EventSource(button.dataset.live);
  source.addEventListener("open", () => {
    breaks = 0;
    tell(button.dataset.words, false);
  });
  source.addEventListener("lines", (event) => {
    show(JSON.parse(event.data));
    // Where it goes on when it is begun again.
    const next = new URL(button.dataset.live, location);
    next.searchParams.set("after", event.lastEventId);
    button.dataset.live = next.pathname + next.search;
  });
  source.addEventListener("error", () => {
    breaks += 1;
    // The browser comes back by itself, within seconds as a rule; but not where it was answered without any lines.
    const isOver = source.readyState === EventSource.CLOSED;
    if (isOver) timer = setTimeout(begin, Math.min(breaks * PAUSE, LONGEST_PAUSE));
    if (isOver || breaks > 1) tell("", true);
  });
}

function end() {
  clearTimeout(timer);
  source.close();
  tell("", false);
}

button.addEventListener("click", () => {
  const begins = button.getAttribute("aria-pressed") === "false";
  button.setAttribute("aria-pressed", String(begins));
  if (!begins) return end();
  breaks = 0;
  begin();
});
button.hidden = false;
