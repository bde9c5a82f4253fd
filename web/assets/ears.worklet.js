// What the microphone takes: 16-bit samples in pieces of a fiftieth of a second, each with how loud it is.

class Ears extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Int16Array(Math.round(sampleRate / 50));
    this.at = 0;
    this.loudest = 0;
  }

  process([input]) {
    for (const sample of input[0] ?? []) {
      const bounded = Math.max(-1, Math.min(1, sample));
      this.loudest = Math.max(this.loudest, Math.abs(bounded));
      this.piece[this.at++] = bounded * 32767;
      if (this.at === this.piece.length) this.hand();
    }
    return true;
  }

  hand() {
    const full = this.piece;
    // Before what is full is handed on: it has no length after.
    this.piece = new Int16Array(full.length);
    this.port.postMessage({ sound: full.buffer, loudest: this.loudest }, [full.buffer]);
    this.at = 0;
    this.loudest = 0;
  }
}

registerProcessor("ears", Ears);
