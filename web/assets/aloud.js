// Messages are read aloud in the page: the sound plays from its first piece on, and stops at once. Without this, the
// same link opens a sound file.

const RATE = 24000;
/** Seconds of sound. */
const AHEAD = 30;
const talk = document.querySelector("#talk");
const words = document.querySelector("#aloud").dataset;
const always = document.querySelector("#always-aloud");

/** The one that sounds; there is never a second. */
let now = null;

class Reading {
  constructor(link) {
    this.link = link;
    this.leaving = new AbortController();
    this.sound = new AudioContext({ sampleRate: RATE });
    this.end = 0;
    this.mark(true);
  }

  /** Many browsers keep silent until somebody has pressed something on this very page. */
  async wake() {
    const rouse = () => this.sound.resume().catch(() => { /* It was stopped meanwhile. */ });
    addEventListener("pointerdown", rouse, { signal: this.leaving.signal });
    addEventListener("keydown", rouse, { signal: this.leaving.signal });
    await rouse();
    this.note?.remove();
  }

  mark(sounds) {
    this.link.setAttribute("aria-pressed", sounds);
    this.link.title = sounds ? words.stop : words.read;
    const use = this.link.querySelector("use");
    use.setAttribute("href", sounds ? "#i-stop" : "#i-aloud");
  }

  async read() {
    this.wake();
    const answer = await fetch(`${this.link.href}?shape=pcm`, { signal: this.leaving.signal });
    if (!answer.ok) return this.fail(await sentence(answer));
    const reader = answer.body.getReader();
    let odd = new Uint8Array();
    for (;;) {
      await this.nearlyThrough();
      const { done, value } = await reader.read();
      if (done) break;
      const bytes = new Uint8Array(odd.length + value.length);
      bytes.set(odd);
      bytes.set(value, odd.length);
      const whole = bytes.length - bytes.length % 2;
      odd = bytes.slice(whole);
      if (whole) this.play(new Int16Array(bytes.buffer, 0, whole / 2));
      if (this.sound.state === "suspended") this.note ??= this.say(words.press);
    }
    await this.silence();
    this.stop();
  }

  /** Behind what was there before, without a gap. */
  play(samples) {
    const piece = this.sound.createBuffer(1, samples.length, RATE);
    piece.getChannelData(0).set(Float32Array.from(samples, (sample) => sample / 32768));
    const source = new AudioBufferSourceNode(this.sound, { buffer: piece });
    source.connect(this.sound.destination);
    this.end = Math.max(this.end, this.sound.currentTime);
    source.start(this.end);
    this.end += piece.duration;
    this.last = source;
  }

  /** What is made ahead waits at the box, not in the page. */
  async nearlyThrough() {
    while (this.end - this.sound.currentTime > AHEAD && !this.leaving.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  silence() {
    return new Promise((resolve) => {
      if (!this.last || this.sound.currentTime >= this.end) resolve();
      else this.last.onended = resolve;
      this.leaving.signal.addEventListener("abort", resolve);
    });
  }

  say(what) {
    const note = document.createElement("p");
    note.className = "soft";
    note.setAttribute("role", "alert");
    note.textContent = what;
    this.link.closest("footer").before(note);
    return note;
  }

  fail(why) {
    this.stop();
    this.say(why);
  }

  stop() {
    if (now === this) now = null;
    this.note?.remove();
    this.leaving.abort();
    this.mark(false);
    if (this.sound.state !== "closed") this.sound.close();
  }
}

/** Of a page that says why not. */
async function sentence(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("main p")?.textContent.trim() || words.failed;
}

function press(link) {
  const was = now?.link;
  now?.stop();
  link.closest("article").querySelector(":scope > [role=alert]")?.remove();
  if (was === link) return;
  const reading = now = new Reading(link);
  reading.read().catch((error) => {
    if (error.name !== "AbortError") reading.fail(words.failed);
  });
}

talk.addEventListener("click", (event) => {
  const link = event.target.closest("a.aloud");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  press(link);
});
// A link that is a switch answers to both keys, as buttons do.
talk.addEventListener("keydown", (event) => {
  const link = event.key === " " && event.target.closest("a.aloud");
  if (!link) return;
  event.preventDefault();
  press(link);
});
addEventListener("keydown", (event) => { if (event.key === "Escape") now?.stop(); });
// Whoever begins to speak is not spoken over.
document.addEventListener("talk", () => now?.stop());
addEventListener("pagehide", () => now?.stop());
for (const link of document.querySelectorAll("a.aloud")) link.setAttribute("role", "button");

// Each device for itself: what reads aloud in the kitchen keeps silent on a train.
const KEY = "aloud";
const kept = {
  read(store) { try { return store.getItem(KEY); } catch { return null; } },
  keep(store, value) {
    try {
      if (value) store.setItem(KEY, value);
      else store.removeItem(KEY);
    } catch { /* For this page only. */ }
  },
};

function readLast() {
  kept.keep(sessionStorage, null);
  const last = [...talk.querySelectorAll("article")].at(-1);
  const link = last?.classList.contains("companion") && last.querySelector("a.aloud");
  if (always.checked && !now && link) press(link);
}

always.checked = kept.read(localStorage) === "yes";
always.closest("label").hidden = false;
always.addEventListener("change", () => kept.keep(localStorage, always.checked && "yes"));
// Whoever says something or asks for another reply here waits for what comes, on the page that opens then.
talk.addEventListener("submit", (event) => {
  const asks = event.target.matches(".composer") || event.submitter?.matches(".again, .on");
  if (asks) kept.keep(sessionStorage, location.pathname);
});
document.addEventListener("fresh", () => {
  for (const link of talk.querySelectorAll("a.aloud")) {
    link.setAttribute("role", "button");
    if (link.href !== now?.link.href) continue;
    now.link = link;
    now.mark(true);
  }
  readLast();
});
if (kept.read(sessionStorage) === location.pathname && !talk.querySelector("[data-live]")) readLast();
