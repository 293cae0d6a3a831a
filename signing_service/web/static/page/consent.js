/** The tick below the sentence that is agreed to: that it is missing is told below it, in the page's language. */

export class Consent {
  constructor(form) {
    this.form = form;
    form.elements.consent.addEventListener("change", () => this.#tell(false));
  }

  /** Whether nothing is missing in the form; what is, is told, and the browser goes there. */
  isGiven() {
    const { consent } = this.form.elements;
    this.#tell(!consent.checked);
    if (consent.checked) return this.form.reportValidity();
    consent.focus();
    return false;
  }

  #tell(isMissing) {
    this.form.querySelector("[data-consent-error]").hidden = !isMissing;
    this.form.elements.consent.setAttribute("aria-invalid", String(isMissing));
  }
}
