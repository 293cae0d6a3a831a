/** At the signing table: once the person has signed, the device is given back by itself. */

const LINGER_MS = 20000; // to read that it is done

const finish = document.querySelector("[data-table] form");
const done = document.querySelector("[data-stage=done]");
if (finish && done) {
  new MutationObserver(() => {
    if (!done.hidden) setTimeout(() => finish.requestSubmit(), LINGER_MS);
  }).observe(done, { attributes: true, attributeFilter: ["hidden"] });
}
