// Somebody speaks, and their words come into the field while they do. Held, the button sends when it is let go; pressed
// once, when they pause or press again. Escape forgets what was said.

const button = document.querySelector(".talk");
const field = document.querySelector("#text");
const composer = document.querySelector(".composer");
const note = document.querySelector("#talk-note");
const words = button.dataset;

/** A press that lasts longer is a hold, in milliseconds. */
const HOLD = 350;
/** Sound that waits for the line to open: about ten seconds of pieces. */
const MOST_WAITING = 500;
const FASTEST = 48000;

/** Who listens now; there is never a second. */
let now = null;

class Listening {
  constructor() {
    this.before = field.value;
    this.utterances = [];
    this.finals = "";
    this.guess = "";
    this.waiting = [];
    this.isEnding = false;
    this.isOver = false;
    this.since = performance.now();
    mark(true);
    tell(words.listens);
    document.dispatchEvent(new Event("talk"));
    this.begin().catch((error) => this.fail(this.why(error)));
  }

  async begin() {
    if (!navigator.mediaDevices) return this.fail(isSecureContext ? words.lacking : words.insecure);
    // In the very press: later, browsers keep it asleep.
    this.context = new AudioContext();
    if (this.context.sampleRate > FASTEST) {
      this.context.close();
      this.context = new AudioContext({ sampleRate: FASTEST });
    }
    const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const [microphone] = await Promise.all([
      navigator.mediaDevices.getUserMedia({ audio }).then((stream) => this.microphone = stream),
      this.context.audioWorklet.addModule(words.worklet),
    ]);
    if (this.isOver) return this.leave();
    for (const track of microphone.getTracks()) track.onended = () => { if (!this.isEnding) this.fail(words.vanished); };
    const ears = new AudioWorkletNode(this.context, "ears", { numberOfOutputs: 0 });
    ears.port.onmessage = ({ data }) => this.take(data);
    this.context.createMediaStreamSource(microphone).connect(ears);
    this.dial();
    if (this.isEnding) this.end();
  }

  dial() {
    const line = this.line = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/listen`);
    line.onopen = () => {
      line.send(JSON.stringify({ type: "start", rate: this.context.sampleRate }));
      for (const piece of this.waiting.splice(0)) line.send(piece);
    };
    line.onmessage = ({ data }) => this.hear(JSON.parse(data));
    line.onclose = () => this.fail(words.broken);
  }

  take({ sound, loudest }) {
    button.style.setProperty("--loud", Math.min(1, loudest * 2).toFixed(2));
    if (this.isOver || this.hasAllSound) return;
    if (this.line.readyState === WebSocket.OPEN) this.line.send(sound);
    else if (this.waiting.length < MOST_WAITING) this.waiting.push(sound);
  }

  hear(event) {
    if (event.type === "partial") this.guess = event.text;
    else if (event.type === "final") [this.finals, this.guess] = [this.finals + event.text, ""];
    else if (event.type === "utterance") {
      this.utterances.push(event.text.trim());
      [this.finals, this.guess] = ["", ""];
      tell(event.text);
    } else if (event.type === "quiet" && this.utterances.length && !this.isHeld) this.end();
    else if (event.type === "error") return this.fail(event.error.message);
    else if (event.type === "done") return this.finish();
    this.show();
  }

  text() {
    return [this.before.trim(), ...this.utterances, (this.finals + this.guess).trim()].filter(Boolean).join(" ");
  }

  show() {
    field.value = this.text();
    field.dispatchEvent(new Event("input"));
    field.scrollTop = field.scrollHeight;
  }

  /** No more sound; what was said is heard to its end. */
  end() {
    this.isEnding = true;
    if (!this.line) return;
    this.hush();
    tell(words.hears);
    if (this.line.readyState === WebSocket.OPEN) return this.say("end");
    this.line.addEventListener("open", () => this.say("end"));
  }

  say(type) {
    if (this.hasAllSound) return;
    this.hasAllSound = true;
    this.line.send(JSON.stringify({ type }));
  }

  finish() {
    const spoke = this.text() !== this.before.trim();
    this.leave();
    if (!spoke) return tell(words.nothing);
    tell("");
    composer.requestSubmit();
  }

  cancel() {
    this.leave();
    field.value = this.before;
    field.dispatchEvent(new Event("input"));
    field.focus();
    tell(words.forgotten);
  }

  /** What was heard until then stays in the field. */
  fail(why) {
    if (this.isOver) return;
    this.leave();
    tell(why);
  }

  why(error) {
    if (error.name === "NotAllowedError") return words.denied;
    return ["NotFoundError", "NotReadableError", "OverconstrainedError"].includes(error.name) ? words.lacking : words.broken;
  }

  hush() {
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    button.style.removeProperty("--loud");
  }

  leave() {
    this.isOver = true;
    if (now === this) now = null;
    this.hush();
    if (this.context && this.context.state !== "closed") this.context.close();
    if (this.line) {
      this.line.onclose = this.line.onmessage = null;
      this.line.close();
    }
    mark(false);
  }
}

function mark(listens) {
  button.setAttribute("aria-pressed", listens);
  button.title = listens ? words.stop : words.talk;
  button.querySelector("use").setAttribute("href", listens ? "#i-stop" : "#i-talk");
}

function tell(what) {
  note.textContent = what;
  note.hidden = !what;
}

function press() {
  if (now) {
    now.end();
    return;
  }
  now = new Listening();
  // Where it could not even begin, nobody listens.
  if (now?.isOver) now = null;
  else now.isHeld = true;
}

function release() {
  if (!now?.isHeld) return;
  now.isHeld = false;
  if (performance.now() - now.since > HOLD) now.end();
}

button.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  event.preventDefault();
  button.focus();
  button.setPointerCapture(event.pointerId);
  press();
});
button.addEventListener("pointerup", release);
button.addEventListener("pointercancel", release);
button.addEventListener("keydown", (event) => {
  if (event.key !== " " && event.key !== "Enter") return;
  event.preventDefault();
  if (event.repeat) return;
  press();
  if (event.key === "Enter") release();
});
button.addEventListener("keyup", (event) => {
  if (event.key !== " ") return;
  event.preventDefault();
  release();
});
// Pressed by a tool that knows only of clicks.
button.addEventListener("click", (event) => {
  if (event.detail !== 0 || event.pointerType) return;
  press();
  release();
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !now) return;
  event.stopImmediatePropagation();
  now.cancel();
}, { capture: true });
addEventListener("pagehide", () => now?.leave());
button.hidden = false;
