// Asks until the box answers again, then goes on. While it is away nothing answers, which is no error here.

const next = document.querySelector("[data-back]").href;

async function ask() {
  try {
    const answer = await fetch(next, { cache: "no-store" });
    if (answer.redirected) {
      location.replace(answer.url);
      return;
    }
  } catch {
    // Nobody is there yet.
  }
  setTimeout(ask, 1000);
}

setTimeout(ask, 1000);
