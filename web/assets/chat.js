// The page works without this. With it: words appear as they are written, the view follows only a reader
// who is at the end, Enter sends, a draft survives, and times are those of the person's own clock.

const { localTimes } = await import(document.querySelector("[data-times]").dataset.times);

const talk = document.querySelector("#talk");
const text = document.querySelector("#text");
const composer = document.querySelector(".composer");
const draftKey = `draft:${location.pathname}`;

const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 80;
const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight });

function follow(article) {
  const words = article.querySelector(".words");
  const source = new EventSource(article.dataset.live);
  const keeping = (change) => (event) => {
    const follows = atEnd();
    change(JSON.parse(event.data));
    if (follows) toEnd();
  };
  source.addEventListener("block", keeping(({ at, html }) => {
    while (words.children.length <= at) words.append(document.createElement("div"));
    words.children[at].innerHTML = html; // Cleaned by the server, and the page's policy runs no script in it.
  }));
  source.addEventListener("length", keeping(({ blocks }) => {
    while (words.children.length > blocks) words.lastElementChild.remove();
  }));
  source.addEventListener("ended", async () => {
    source.close();
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("#talk .lines");
    if (!fresh) return location.reload();
    const follows = atEnd();
    talk.querySelector(".lines").replaceWith(fresh);
    talk.querySelector(":scope > .problem")?.remove();
    const problem = page.querySelector("#talk > .problem");
    if (problem) composer.before(problem);
    localTimes();
    if (follows) toEnd();
  });
}

function keepDraft() {
  try {
    if (!text.value) text.value = localStorage.getItem(draftKey) ?? "";
    text.addEventListener("input", () => localStorage.setItem(draftKey, text.value));
    composer.addEventListener("submit", () => localStorage.removeItem(draftKey));
  } catch {
    // A browser that keeps nothing loses only the draft.
  }
}

text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && text.value.trim()) {
    event.preventDefault();
    composer.requestSubmit();
  }
});

if (matchMedia("(max-width: 48rem)").matches) document.querySelector(".drawer").open = false;
keepDraft();
if (!location.hash) toEnd();
if (matchMedia("(hover: hover)").matches) text.focus({ preventScroll: true });
const running = document.querySelector("[data-live]");
if (running) follow(running);
