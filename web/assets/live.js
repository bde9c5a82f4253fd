// A reply appears as it is written. What is already read never moves: the view follows only a reader who is
// at the end, and others see that there is more below. A screen reader hears whole sentences.

const talk = document.querySelector("#talk");
const below = document.querySelector(".below");
const said = document.querySelector("#said");

const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 80;
const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight });

/** Changes the page without moving a reader who is elsewhere. */
function keeping(change) {
  const follows = atEnd();
  change();
  if (follows) toEnd();
  below.hidden = follows || atEnd();
}

/** Puts what is whole into the live region, once. */
function speaker(words) {
  let spoken = 0;
  return (everything) => {
    const text = words.textContent;
    const rest = text.slice(spoken);
    const end = everything ? rest.length : Math.max(...[". ", "? ", "! ", "\n"].map((mark) => rest.lastIndexOf(mark))) + 1;
    if (end > 0) {
      said.textContent = rest.slice(0, end);
      spoken += end;
    }
  };
}

function follow(article) {
  const words = article.querySelector(".words");
  const speak = speaker(words);
  const source = new EventSource(article.dataset.live);
  source.addEventListener("block", (event) => {
    const { at, html } = JSON.parse(event.data);
    keeping(() => {
      while (words.children.length <= at) words.append(document.createElement("div"));
      words.children[at].innerHTML = html; // Cleaned by the server, and the page's policy runs no script in it.
    });
    speak(false);
  });
  source.addEventListener("length", (event) => {
    const { blocks } = JSON.parse(event.data);
    keeping(() => {
      while (words.children.length > blocks) words.lastElementChild.remove();
    });
  });
  source.addEventListener("ended", async () => {
    source.close();
    speak(true);
    await refresh();
  });
}

/** The page as it is now: what the server says replaces what was growing, and the draft stays. */
async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("#talk .lines");
  if (!fresh) return location.reload();
  const focused = document.activeElement?.id;
  keeping(() => {
    talk.querySelector(".lines").replaceWith(fresh);
    for (const part of ["#deed", ".composer [name=turn]", ".aside .within"]) {
      const [here, there] = [document.querySelector(part), page.querySelector(part)];
      if (here && there) here.replaceWith(there);
    }
    for (const old of talk.querySelectorAll(":scope > .problem, :scope > .problem + p")) old.remove();
    for (const part of page.querySelectorAll("#talk > .problem, #talk > .problem + p")) below.before(part);
  });
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  document.dispatchEvent(new Event("fresh"));
}

below.addEventListener("click", (event) => {
  event.preventDefault();
  toEnd();
});
addEventListener("scroll", () => { if (atEnd()) below.hidden = true; }, { passive: true });

if (!location.hash) toEnd();
const running = document.querySelector("[data-live]");
if (running) follow(running);
