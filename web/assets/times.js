// Shows every time as the person's own clock does; the exact one stays on hover. Tells the server how far
// that clock is from its own, so that days begin when the person's do.

const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localTimes() {
  for (const time of document.querySelectorAll("time")) {
    time.title = time.dateTime;
    time.textContent = format.format(new Date(time.dateTime));
  }
}

document.cookie = `we_zone=${-new Date().getTimezoneOffset()}; path=/; max-age=31536000; samesite=lax`;
document.addEventListener("fresh", localTimes);
localTimes();
