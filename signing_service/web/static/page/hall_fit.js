/** The text of the hall's tiles as large as a projector holds, whatever the number of parties and the length of names. */

const PROJECTOR = matchMedia("(min-width: 62rem)"); // as in hall.css; smaller screens scroll
const LEAST = 0.55; // hundredths of the height of the picture: below this a page that scrolls is better
const MOST = 5;
const STEP = 0.01;

/** Set --k of the tiles, by halving: the largest at which nothing is wider than its tile and the page does not scroll. */
export function fit(hall) {
  const list = hall.querySelector(".hall-parties");
  list.style.removeProperty("--k");
  if (!PROJECTOR.matches) return;
  const set = (size) => list.style.setProperty("--k", `calc(var(--u) * ${size})`);
  let [low, high] = [LEAST, MOST];
  while (high - low > STEP) {
    const middle = (low + high) / 2;
    set(middle);
    if (holds(list)) low = middle;
    else high = middle;
  }
  set(low);
}

function holds(list) {
  const page = document.documentElement;
  if (page.scrollHeight > page.clientHeight || page.scrollWidth > page.clientWidth) return false;
  return [...list.querySelectorAll("li, .country, .native, .name")].every(isWhole);
}

function isWhole(element) {
  return element.scrollWidth <= element.clientWidth && (element.localName !== "li" || element.scrollHeight <= element.clientHeight);
}
