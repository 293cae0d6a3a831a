import assert from "node:assert/strict";
import test from "node:test";
import { confirmsExactly } from "../../signing_service/web/static/passkeys/confirmation.js";

const NOW = new Date("2025-04-11T08:00:00Z");
const SHOWN = {
  agreement: "a1", signer: "njupt:president", person: "lin", name: "Lin", credential: "c".repeat(64),
  mandate: "d".repeat(64), method: "video", officer: "mei",
};
const { person, name, ...same } = SHOWN;
const STATEMENT = { v: 1, ...same, representative: { id: person, name }, time: "2025-04-11T08:00:05Z" };

test("what the page shows may be confirmed, with a clock that is off by less than a day", () => {
  assert.equal(confirmsExactly(STATEMENT, SHOWN, NOW), true);
  assert.equal(confirmsExactly({ ...STATEMENT, time: "2025-04-10T08:00:01Z" }, SHOWN, NOW), true);
});

test("each other value is refused, whichever member it stands in", () => {
  for (const member of [...Object.keys(same), "v"]) {
    assert.equal(confirmsExactly({ ...STATEMENT, [member]: "other" }, SHOWN, NOW), false, member);
  }
  for (const representative of [{ id: "hoa", name }, { id: person, name: "Hoa" }, { id: person, name, more: 1 }, null]) {
    assert.equal(confirmsExactly({ ...STATEMENT, representative }, SHOWN, NOW), false);
  }
});

test("a member too many or too few is refused", () => {
  assert.equal(confirmsExactly({ ...STATEMENT, also: "this" }, SHOWN, NOW), false);
  for (const member of Object.keys(STATEMENT)) {
    const { [member]: _, ...fewer } = STATEMENT;
    assert.equal(confirmsExactly(fewer, SHOWN, NOW), false, member);
  }
});

test("a time more than a day away, or none, is refused", () => {
  for (const time of ["2025-04-12T08:00:01Z", "2025-04-10T07:59:59Z", "2025-04-11T08:00:00+00:00", "soon", 7, null]) {
    assert.equal(confirmsExactly({ ...STATEMENT, time }, SHOWN, NOW), false, String(time));
  }
});

test("a page that does not know a value confirms nothing", () => {
  assert.equal(confirmsExactly(STATEMENT, { ...SHOWN, officer: undefined }, NOW), false);
});
