// The page works without this. With it: Enter sends, a draft survives, a message is copied with one press,
// and the keys of the sheet do what it says.

const text = document.querySelector("#text");
const composer = document.querySelector(".composer");
const copied = document.querySelector("#copied");
const draftKey = `draft:${location.pathname}`;
const narrow = matchMedia("(max-width: 48rem)").matches;

// A browser that keeps nothing loses only the draft.
const drafts = {
  read() { try { return localStorage.getItem(draftKey) ?? ""; } catch { return ""; } },
  keep(draft) {
    try {
      if (draft) localStorage.setItem(draftKey, draft);
      else localStorage.removeItem(draftKey);
    } catch { /* as above */ }
  },
};

// An edit is no draft: leaving it leaves the message as it was.
const editing = composer.querySelector("[name=instead_of]") !== null;
if (!editing) {
  text.value ||= drafts.read();
  text.addEventListener("input", () => drafts.keep(text.value));
  composer.addEventListener("submit", () => drafts.keep(""));
}

text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && text.value.trim()) {
    event.preventDefault();
    composer.requestSubmit();
  }
  if (event.key === "ArrowUp" && !text.value) {
    const last = [...document.querySelectorAll(".act.edit")].at(-1);
    if (last) {
      event.preventDefault();
      last.click();
    }
  }
});

const picker = composer.querySelector("[type=file]");
const chosen = composer.querySelector(".chosen-files");

/** Shows what will be sent, each with a way to take it out again. */
function showChosen() {
  chosen.replaceChildren(...[...picker.files].map((file, at) => {
    const item = document.createElement("li");
    const out = document.createElement("button");
    out.type = "button";
    out.textContent = "×";
    out.setAttribute("aria-label", `${chosen.dataset.remove}: ${file.name}`);
    out.addEventListener("click", () => choose([...picker.files].filter((_, other) => other !== at)));
    item.append(file.name, out);
    return item;
  }));
  chosen.hidden = picker.files.length === 0;
}

function choose(files) {
  const pictures = files.filter((file) => picker.accept.split(",").includes(file.type));
  const all = new DataTransfer();
  for (const file of pictures) all.items.add(file);
  picker.files = all.files;
  showChosen();
  if (pictures.length < files.length) {
    const note = document.createElement("li");
    note.setAttribute("role", "alert");
    note.textContent = chosen.dataset.notYet;
    chosen.append(note);
    chosen.hidden = false;
  }
}

picker.addEventListener("change", () => choose([...picker.files]));
addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) choose([...picker.files, ...event.clipboardData.files]);
});
addEventListener("dragover", (event) => {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault();
});
addEventListener("drop", (event) => {
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  choose([...picker.files, ...event.dataTransfer.files]);
});
composer.addEventListener("submit", (event) => {
  if (!text.value.trim() && picker.files.length === 0) event.preventDefault();
});

/** The message as it was written, to the clipboard. Plain http has no clipboard but the old one. */
async function copy(link) {
  const answer = await fetch(link.href);
  if (!answer.ok) return location.assign(link.href);
  const words = await answer.text();
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(words);
  } else {
    const field = document.createElement("textarea");
    field.value = words;
    field.className = "hidden";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    link.focus();
  }
  const note = document.createElement("span");
  note.className = "copied";
  note.setAttribute("role", "status");
  note.textContent = copied.dataset.words;
  link.after(note);
  setTimeout(() => note.remove(), 2000);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.copy");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  copy(link).catch(() => location.assign(link.href));
});

document.addEventListener("keydown", (event) => {
  const elsewhere = document.querySelector("dialog[open]");
  const writing = event.target.closest("input, textarea, select");
  if (elsewhere || event.ctrlKey || event.metaKey) return;
  if (event.key === "/" && !writing) {
    event.preventDefault();
    text.focus();
  } else if (event.key === "Escape") {
    document.querySelector(".menu[open]")?.removeAttribute("open");
    document.querySelector(".stop")?.click();
  } else if (event.altKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    const which = event.key === "ArrowLeft" ? "before" : "after";
    const act = [...document.querySelectorAll(`.companion .act.${which}`)].at(-1);
    if (act) {
      event.preventDefault();
      if (!act.disabled) act.click();
    }
  }
});

if (narrow) document.querySelector(".drawer").open = false;
if (editing || matchMedia("(hover: hover)").matches) {
  text.focus({ preventScroll: !editing });
  text.setSelectionRange(text.value.length, text.value.length);
}
