/**
 * Fields for files look like the page's other buttons, in its language, and name what was chosen.
 *
 * The browser's own field lies over the button, unseen: it is what is pressed, what a file is dropped on, where the
 * focus goes and what a screen reader reads. Without this script it is seen.
 */

for (const field of document.querySelectorAll("[data-file]")) {
  const input = field.querySelector("input");
  const name = field.querySelector(".chosen");
  const show = () => {
    name.textContent = [...input.files].map((file) => file.name).join(", ") || name.dataset.none;
    name.classList.toggle("soft", input.files.length === 0);
  };
  for (const part of field.querySelectorAll("[hidden]")) part.hidden = false;
  field.classList.add("drawn");
  input.addEventListener("change", show);
  addEventListener("pageshow", show); // also when one comes back to the page
  show();
}
