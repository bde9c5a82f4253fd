// Shows every time as the person's own clock does; the exact one stays on hover. What is told in words of its own
// (`data-told`) keeps them, and has the time on hover.
// Tells the server how far that clock is from its own, so that days begin when the person's do.

const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localTimes() {
  for (const time of document.querySelectorAll("time")) {
    const local = format.format(new Date(time.dateTime));
    time.title = "told" in time.dataset ? local : time.dateTime;
    if (!("told" in time.dataset)) time.textContent = local;
  }
}

document.cookie = `we_zone=${-new Date().getTimezoneOffset()}; path=/; max-age=31536000; samesite=lax`;
document.addEventListener("fresh", localTimes);
localTimes();
