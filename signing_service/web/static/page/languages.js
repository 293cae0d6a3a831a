/** Choosing a language keeps the place in the page: what stands behind the # of the address, an invitation's token, too. */

addEventListener("click", (event) => {
  const link = event.target.closest("a[data-language]");
  if (link) link.hash = location.hash;
});
