/** The text of the hall's tiles as large as a projector holds, whatever the number of parties and the length of names. */

const PROJECTOR = matchMedia("(min-width: 62rem)"); // as in hall.css; smaller screens scroll
const LEAST = 0.55; // hundredths of the height of the picture: below this a page that scrolls is better
const MOST = 5;
const STEP = 0.01;

/**
 * Set --k of the tiles: the largest at which nothing is wider than its tile and the page does not scroll.
 *
 * `pretend` puts into the tiles what they may come to hold and gives what takes it back, so that the text keeps its
 * size while one after the other signs.
 */
export function fit(hall, pretend = () => () => null) {
  const list = hall.querySelector(".hall-parties");
  list.style.removeProperty("--k");
  if (!PROJECTOR.matches) return;
  list.classList.add("measured");
  const takeBack = pretend();
  const most = largest(list, MOST);
  takeBack();
  if (!holds(list)) largest(list, most);
  list.classList.remove("measured");
}

function largest(list, most) {
  const set = (size) => list.style.setProperty("--k", `calc(var(--u) * ${size})`);
  let [low, high] = [LEAST, most];
  while (high - low > STEP) {
    const middle = (low + high) / 2;
    set(middle);
    if (holds(list)) low = middle;
    else high = middle;
  }
  set(low);
  return low;
}

function holds(list) {
  const page = document.documentElement;
  if (page.scrollHeight > page.clientHeight || page.scrollWidth > page.clientWidth) return false;
  return [...list.querySelectorAll("li, .country, .native, .name")].every(isWhole);
}

function isWhole(element) {
  return element.scrollWidth <= element.clientWidth && (element.localName !== "li" || element.scrollHeight <= element.clientHeight);
}
