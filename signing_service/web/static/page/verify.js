/** The verification page: files can be dropped, and who sends one sees that it is being checked. */

import "./files.js";

const form = document.querySelector("[data-verify]");
const zone = form.querySelector("[data-drop]");
const status = form.querySelector("[data-verify-status]");
const isTrust = (file) => /\.(json|pem|crt)$/i.test(file.name);

form.querySelector("[data-drop-hint]").hidden = false;

for (const kind of ["dragenter", "dragover"]) addEventListener(kind, (event) => hover(event, true));
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) zone.classList.remove("over");
});
addEventListener("drop", (event) => {
  hover(event, false);
  const files = [...event.dataTransfer.files];
  put(form.elements.document, files.find((file) => !isTrust(file)));
  if (put(form.elements.trust, files.find(isTrust))) form.querySelector("details").open = true;
  form.querySelector("button.primary").focus();
});

function hover(event, over) {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault(); // else the browser would open the file
  zone.classList.toggle("over", over);
}

/** Put a file into a field as if it had been chosen there; says whether there was one. */
function put(input, file) {
  if (!file) return false;
  const chosen = new DataTransfer();
  chosen.items.add(file);
  input.files = chosen.files;
  input.dispatchEvent(new Event("change"));
  return true;
}

const idle = status.textContent;
form.addEventListener("submit", () => {
  form.setAttribute("aria-busy", "true");
  status.textContent = form.dataset.busy;
});
addEventListener("pageshow", () => { // also when one comes back to the page
  form.removeAttribute("aria-busy");
  status.textContent = idle;
});
