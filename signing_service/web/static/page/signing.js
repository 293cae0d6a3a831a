/** The signing section of a page: what a person sees and does around SigningFlow. */

import { PasskeyRefused, askPasskey, canUsePasskeys } from "../passkeys/webauthn.js";
import { toBase64url } from "../signing/base64url.js";
import { GrowingDocument } from "../signing/document.js";
import { SigningFlow } from "../signing/flow.js";
import { SignaturePad } from "../signing/pad.js";
import { Refusal } from "../signing/refusal.js";
import { ConnectionLost, ServiceError, SignedOut, ask } from "../signing/transport.js";
import { Arrival } from "./arrival.js";
import { Consent } from "./consent.js";
import "./files.js";
import { keep, keepable } from "./kept.js";
import { Stages, csrfToken, fill, gap, joined, say, sentence } from "./stages.js";
import { clock } from "./times.js";

const LISTED = ["key", "passkey", "approval", "checking", "signing", "timestamp", "recorded"]; // in the list
const SLOW_MS = 6000; // after which it is said that the timestamp takes long
const MAX_SEAL = 1024 * 1024; // bytes, as the service takes it
const PASSING = ["waiting", "reserved", "again", "lost"]; // moments that are told beside it

class SigningSection {
  constructor(root) {
    this.root = root;
    this.page = JSON.parse(root.querySelector("[data-page]").textContent);
    this.words = JSON.parse(root.querySelector("[data-words]").textContent);
    this.token = csrfToken();
    this.stages = new Stages(root);
    this.mark = root.querySelector("form[data-stage=mark]");
    this.approval = root.querySelector("form[data-stage=approve]");
    this.consent = new Consent(this.approval);
    this.pad = new SignaturePad(root.querySelector(".pad svg"), () => this.#onDrawn());
    keepable(`signing ${this.page.signer}`, { read: () => this.pad.strokes, write: (strokes) => this.pad.restore(strokes) });
    this.flow = new SigningFlow(this.page, this.#service(), { onMoment: (...moment) => this.#tell(...moment) });
    this.#listen();
    this.#chooseMark();
    this.arrival = new Arrival(root.dataset.sent, this.page);
    if (this.arrival.isExpected) this.#lookForArrival();
    else this.stages.show("mark", { focus: false });
  }

  /** The page was left while it signed: what was sent may be there any moment. */
  async #lookForArrival() {
    this.stages.show("arriving");
    if (await this.arrival.wait()) return this.#showDone(this.words.signed, this.page.urls.receipt_page);
    this.stages.show("mark", { focus: false });
    this.#complain(this.mark, this.words.failures.not_arrived);
    return null;
  }

  /** It is signed: say so, and go to the receipt; what stood on this page before is over. */
  #showDone(recorded, page) {
    say(this.root, "data-recorded", recorded);
    this.root.querySelector("[data-receipt-link]").href = page;
    document.querySelector("[data-go-sign]")?.remove();
    this.stages.show("done");
    location.assign(page);
  }

  #service() {
    const { urls } = this.page;
    const post = (url, body, accept) => ask("POST", url, { body, accept, token: this.token });
    return {
      document: new GrowingDocument((revision) => `${urls.revisions}${revision}.pdf`),
      begin: (mark) => post(urls.attempts, { signer: this.page.signer, mark, consent_language: this.page.consent_language }),
      approve: (attempt, body) => post(`${urls.attempt}${attempt}/approval`, body),
      complete: (attempt, body) => post(`${urls.attempt}${attempt}/signature`, body, [409]),
    };
  }

  #listen() {
    this.mark.addEventListener("submit", (event) => this.#onSubmit(event, () => this.#propose()));
    this.approval.addEventListener("submit", (event) => this.#onSubmit(event, () => this.consent.isGiven() && this.#sign()));
    for (const choice of this.mark.elements.mark) choice.addEventListener("change", () => this.#chooseMark());
    const onClick = (selector, action) => this.root.querySelector(selector).addEventListener("click", action);
    onClick("[data-undo]", () => this.pad.undo());
    onClick("[data-clear]", () => this.pad.clear());
    onClick("[data-back]", () => this.stages.show("mark"));
    onClick("[data-retry]", () => this.#retry());
    addEventListener("beforeunload", (event) => {
      if (this.stages.current === "running") event.preventDefault();
    });
  }

  #onDrawn() {
    keep();
    if (!this.pad.isEmpty) this.#complain(this.mark, "");
  }

  #onSubmit(event, action) {
    event.preventDefault();
    this.retry = action;
    action();
  }

  #chooseMark() {
    const chosen = this.mark.elements.mark.value;
    for (const part of this.mark.querySelectorAll("[data-mark]")) part.hidden = part.dataset.mark !== chosen;
    this.mark.elements.typed.required = chosen === "typed";
  }

  /** The chosen mark as the service takes it; null while it is still empty. */
  async #readMark() {
    const { mark, typed, seal } = this.mark.elements;
    if (mark.value === "typed") return { typed: typed.value };
    if (mark.value === "drawn") return this.pad.isEmpty ? null : { strokes: this.pad.strokes };
    const file = seal.files[0];
    return file && file.size <= MAX_SEAL ? { seal: toBase64url(new Uint8Array(await file.arrayBuffer())) } : null;
  }

  async #propose() {
    const mark = await this.#readMark();
    const missing = this.mark.elements.mark.value === "seal" ? "no_seal" : "empty_pad";
    if (!mark) return this.#complain(this.mark, this.words.failures[missing]);
    this.#complain(this.mark, "");
    await this.#busy(this.mark, async () => {
      const { consent, preview, approvals } = await this.flow.propose(mark);
      this.#offer(approvals);
      const text = this.approval.querySelector("[data-consent]");
      text.textContent = consent;
      text.lang = this.page.consent_language;
      this.#showPreview(preview);
      this.#complain(this.approval, "");
      this.stages.show("approve");
    });
  }

  #showPreview(jpeg) {
    const image = this.approval.querySelector("[data-preview]");
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
  }

  /** Offer the way in which the service lets this person approve: a confirmed passkey, or else the password. */
  #offer({ passkey, code }) {
    this.passkey = canUsePasskeys() ? passkey : null;
    const field = this.approval.querySelector("[data-code]");
    field.hidden = field.querySelector("input").disabled = !code;
    this.#chooseWay(this.passkey ? "passkey" : "password");
  }

  #chooseWay(chosen) {
    this.way = chosen;
    for (const part of this.approval.querySelectorAll("[data-way]")) part.hidden = part.dataset.way !== chosen;
    this.approval.elements.password.disabled = chosen !== "password";
  }

  #evidence() {
    if (this.way === "passkey") {
      return async (challenge) => ({ passkey: await askPasskey({ ...this.passkey, challenge: toBase64url(challenge) }) });
    }
    const { password, code } = this.approval.elements;
    return code.disabled ? { password: password.value } : { password: password.value, code: code.value };
  }

  async #sign() {
    const evidence = this.#evidence();
    this.#startMoments();
    this.stages.show("running");
    try {
      const { receipt, page } = await this.flow.sign(evidence);
      this.approval.reset();
      this.#showDone(fill(this.words.recorded, { entry: receipt.index }), page);
    } catch (error) {
      if (error instanceof PasskeyRefused) return this.#refuseApproval({ message: this.words.failures.passkey });
      if (error.status === 403 && this.moment === "approval") return this.#refuseApproval(error);
      await this.#fail(error);
    }
  }

  #refuseApproval(error) {
    this.stages.show("approve", { focus: false });
    this.#complain(this.approval, joined(error.message, error.hint));
    const next = this.way === "password" ? this.approval.elements.password : this.approval.querySelector("button.primary");
    next.select?.();
    next.focus({ preventScroll: true });
    this.approval.querySelector("[data-complaint]").scrollIntoView({ block: "center" }); // on a phone the form is taller
  }

  async #retry() {
    try {
      const { body } = await ask("GET", this.page.urls.session);
      this.token = body.csrf_token; // another one after signing in again
    } catch (error) {
      return this.#fail(error);
    }
    this.retry();
  }

  async #busy(form, task) {
    const button = form.querySelector("button.primary");
    button.disabled = true;
    form.setAttribute("aria-busy", "true");
    try {
      await task();
    } catch (error) {
      const mendable = error.status === 400 || error.status === 413; // a name that cannot be printed, a file that is no PNG
      if (mendable) this.#complain(form, joined(error.message, error.hint));
      else await this.#fail(error);
    } finally {
      button.disabled = false;
      form.removeAttribute("aria-busy");
    }
  }

  #complain(form, text) {
    let note = form.querySelector("[data-complaint]");
    if (!note) {
      note = document.createElement("p");
      note.className = "note bad";
      note.dataset.complaint = "";
      note.setAttribute("role", "alert");
      form.querySelector("button.primary").before(note);
    }
    note.textContent = text;
    note.hidden = !text;
  }

  #startMoments() {
    const listed = LISTED.filter((moment) => moment !== "passkey" || this.way === "passkey");
    const items = listed.map((moment) => {
      const item = document.createElement("li");
      item.dataset.moment = moment;
      item.textContent = this.words.moments[moment === "recorded" ? "to_record" : moment];
      return item;
    });
    this.root.querySelector("[data-moments]").replaceChildren(...items);
  }

  #tell(moment, detail = {}) {
    const live = this.root.querySelector("[data-live]");
    if (!PASSING.includes(moment)) this.moment = moment;
    live.textContent = fill(this.words.moments[moment] ?? "", spelled(detail));
    const now = LISTED.indexOf(this.moment);
    for (const item of this.root.querySelectorAll("[data-moment]")) {
      const index = LISTED.indexOf(item.dataset.moment);
      item.className = index < now || this.moment === "recorded" ? "done" : index === now ? "now" : "";
    }
    this.#expectSlowness(moment, live);
  }

  /** A timestamp authority may take its time; whoever waits is told that all is well. */
  #expectSlowness(moment, live) {
    clearTimeout(this.slow);
    if (moment === "timestamp") this.slow = setTimeout(() => { live.textContent = this.words.moments.slow; }, SLOW_MS);
  }

  async #fail(error) {
    const signed = error instanceof ServiceError && (await this.arrival.isThere()); // in another window, or after all
    if (signed) return this.#showDone(this.words.signed, this.page.urls.receipt_page);
    const { failures, refusals } = this.words;
    const refused = error instanceof Refusal;
    const known = error instanceof ConnectionLost ? failures.lost : error instanceof SignedOut ? failures.signed_out : null;
    const unsure = error.status >= 500 && this.moment === "timestamp"; // it may have been stored before it failed
    const told = unsure ? failures.unsure : [failures.service[0], sentence(error.hint) || failures.service[1]];
    const [title, hint] = refused ? failures.refused : known ?? told;
    say(this.root, "data-failure-title", title);
    say(this.root, "data-failure", known ? "" : sentence((refused && refusals[error.code]) || error.message));
    say(this.root, "data-failure-hint", refused ? `${hint}${gap(hint)}(${error.code}${error.detail && `: ${error.detail}`})` : hint);
    const final = refused || (error.status >= 400 && error.status < 500);
    const retry = this.root.querySelector("[data-retry]");
    retry.hidden = final;
    retry.classList.toggle("primary", !(error instanceof SignedOut)); // first one signs in
    this.root.querySelector("[data-sign-in]").classList.toggle("primary", error instanceof SignedOut);
    this.root.querySelector("[data-reload]").hidden = !final;
    this.root.querySelector("[data-sign-in]").hidden = !(error instanceof SignedOut);
    return this.stages.show("failed");
  }
}

/** Where a moment comes with a time, it is told in hours and minutes of this device. */
function spelled(detail) {
  if (!detail.until) return detail;
  return { ...detail, until: clock(detail.until) };
}

/** The bar that leads to the signature steps aside while the signature is in view. */
function watchBar(section) {
  const bar = document.querySelector("[data-go-sign]");
  if (bar) new IntersectionObserver(([entry]) => bar.classList.toggle("away", entry.isIntersecting)).observe(section);
}

const able = globalThis.crypto?.subtle && globalThis.PointerEvent;
for (const root of document.querySelectorAll("[data-signing]")) {
  watchBar(root);
  if (able) new SigningSection(root);
  else root.querySelector("[data-unsupported]").hidden = false;
}
