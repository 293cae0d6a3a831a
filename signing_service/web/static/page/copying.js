/** Commands, keys and notes are copied by a button, which says that it was done. */

const SHOWN_MS = 2500;

for (const block of document.querySelectorAll("[data-copying]")) {
  const button = block.querySelector("button");
  const said = block.querySelector("[role=status]");
  button.hidden = !navigator.clipboard; // none without TLS
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    said.textContent = said.dataset.done;
    setTimeout(() => {
      said.textContent = "";
    }, SHOWN_MS);
  });
}
