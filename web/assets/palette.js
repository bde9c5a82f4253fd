// Ctrl K opens a way to everything; ? shows the keys. Both are pages of their own without script.

const palette = document.querySelector("#palette");
const wanted = document.querySelector("#wanted");
const found = palette.querySelector(".found-here");
const sheet = document.querySelector("#sheet");
let asked = 0;

const choices = () => [...found.querySelectorAll("a, button")];

function choose(at) {
  const all = choices();
  for (const choice of all) choice.classList.remove("chosen");
  const chosen = all[(at + all.length) % all.length];
  chosen?.classList.add("chosen");
  chosen?.scrollIntoView({ block: "nearest" });
}

const chosenAt = () => choices().findIndex((choice) => choice.classList.contains("chosen"));

async function look() {
  const mine = ++asked;
  const answer = await fetch(`/palette?q=${encodeURIComponent(wanted.value)}`);
  const html = await answer.text();
  if (mine !== asked) return;
  if (!answer.ok || answer.redirected) return location.assign("/search");
  found.innerHTML = html; // Escaped by the server.
  choose(0);
}

function open() {
  wanted.value = "";
  palette.showModal();
  look();
}

async function showSheet() {
  const answer = await fetch("/shortcuts");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const keys = page.querySelector(".keys");
  if (!keys) return location.assign("/shortcuts");
  sheet.replaceChildren(page.querySelector("h1"), keys);
  sheet.showModal();
}

wanted.addEventListener("input", look);
// What was chosen may be on this very page.
found.addEventListener("click", (event) => { if (event.target.closest("a")) palette.close(); });
palette.addEventListener("keydown", (event) => {
  // A search field would only empty itself.
  if (event.key === "Escape") {
    event.preventDefault();
    palette.close();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(chosenAt() + (event.key === "ArrowDown" ? 1 : -1));
  } else if (event.key === "Enter" && chosenAt() >= 0) {
    event.preventDefault();
    choices()[chosenAt()].click();
  }
});
for (const dialog of [palette, sheet]) {
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

document.addEventListener("keydown", (event) => {
  const writing = event.target.closest("input, textarea, select");
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (palette.open) palette.close();
    else open();
  } else if (event.key === "?" && !writing && !document.querySelector("dialog[open]")) {
    showSheet();
  }
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-sheet]")) return;
  event.preventDefault();
  showSheet();
});
