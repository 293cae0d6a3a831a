"""``verify --trust OLD NEW…``: the chain of trust files, and what an attacker makes of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.ceremony.authenticator import Authenticator
from signing_service.cli import main
from signing_service.evidence import TrustedOfficer, TrustFile, format_trust_file
from signing_service.evidence.succession import sign_succession, succession_challenge, unsigned_predecessor
from signing_service.evidence.trust import fingerprint, fingerprint_text
from signing_service.record.note import Signer
from tests.approval.cast import authenticator
from tests.cast import NOON, OFFICER, ORIGIN, SAULE, SECOND_OFFICER, Person
from tests.evidence.cast import trust_file

RECORD_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


class Chain:
    """Four trust files: init's, with Mei, with Ruslan, and the one by which Mei leaves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mei, self.ruslan = authenticator(OFFICER.id), authenticator(SECOND_OFFICER.id)
        first = replace(trust_file(), officers=(), record_key=Signer(ORIGIN, RECORD_KEY).verifier_key)
        self.files = [first]
        self.files.append(self.after(first, RECORD_KEY, named(OFFICER, self.mei)))
        both = (*self.files[1].officers, named(SECOND_OFFICER, self.ruslan))
        self.files.append(self.after(self.files[1], self.mei, *both))
        gone = replace(self.files[2].officers[0], until=NOON)
        self.files.append(self.after(self.files[2], self.ruslan, gone, self.files[2].officers[1]))
        for number, file in enumerate(self.files, 1):
            self.write(f"trust-{number}.json", file)

    @staticmethod
    def after(old: TrustFile, by: Authenticator | Ed25519PrivateKey, *officers: TrustedOfficer) -> TrustFile:
        new = replace(old, officers=officers, predecessor=unsigned_predecessor(format_trust_file(old)))
        proof = by if isinstance(by, Ed25519PrivateKey) else by.approve(succession_challenge(new))
        return sign_succession(new, proof)

    def write(self, name: str, file: TrustFile | bytes) -> None:
        (self.folder / name).write_bytes(file if isinstance(file, bytes) else format_trust_file(file))

    def verify(self, *names: str, trust: str = "trust-1.json", options: tuple[str, ...] = ()) -> int:
        trusted = ["--trust", str(self.folder / trust)] if trust else []
        return main(["verify", *options, *trusted, *(str(self.folder / name) for name in names)])


def named(person: Person, device: Authenticator) -> TrustedOfficer:
    return TrustedOfficer(person.id, person.name, (device.passkeys[0].cose_key,))


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path)


LATER = ("trust-2.json", "trust-3.json", "trust-4.json")


def test_a_chain_passes_and_says_who_signed_each_file_and_what_it_changes(chain: Chain, capsys):
    assert chain.verify(*LATER) == 0
    said = capsys.readouterr().out
    assert said.startswith("PASSED: 4 trust files")
    for file in chain.files:
        assert fingerprint_text(fingerprint(format_trust_file(file))) in said
    assert "PASSED: is the one that you trust" in said
    assert "PASSED: signed by the record's key; adds a passkey of Mei Tan" in said
    assert "PASSED: signed by Mei Tan; adds a passkey of Ruslan Petrov" in said
    assert "PASSED: signed by Ruslan Petrov; Mei Tan leaves" in said


def test_the_order_in_which_files_are_given_means_nothing(chain: Chain, capsys):
    assert chain.verify(*LATER) == 0
    straight = capsys.readouterr().out
    assert chain.verify("trust-4.json", "trust-2.json", "trust-1.json", "trust-3.json") == 0
    assert capsys.readouterr().out == straight


def test_a_forged_middle_fails_with_all_that_rests_on_it(chain: Chain, capsys):
    """Who holds the server signs an officer of their own in with the record's key, and goes on from there."""
    thief = authenticator(SAULE.id)
    forged = chain.after(chain.files[1], RECORD_KEY, *chain.files[1].officers, named(SAULE, thief))
    chain.write("forged.json", forged)
    chain.write("next.json", chain.after(forged, thief, *forged.officers))
    assert chain.verify("trust-2.json", "forged.json", "next.json") == 1
    said = capsys.readouterr().out
    assert "FAILED: trust file is not signed by an officer of its predecessor" in said
    assert "INDETERMINATE: succeeds a file" not in said.partition("forged.json")[0]
    assert "PASSED" not in said.partition("forged.json")[2], "nothing behind it passes"


def test_a_changed_middle_breaks_the_chain_on_both_sides(chain: Chain, capsys):
    changed = replace(chain.files[2], officers=(*chain.files[2].officers, named(SAULE, authenticator(SAULE.id))))
    chain.write("trust-3.json", changed)
    assert chain.verify(*LATER) == 1
    assert "INDETERMINATE: succeeds a file that is missing here" in capsys.readouterr().out


def test_a_missing_middle_is_named_by_its_fingerprint(chain: Chain, capsys):
    assert chain.verify("trust-2.json", "trust-4.json") == 3
    missing = fingerprint_text(fingerprint(format_trust_file(chain.files[2])))
    said = " ".join(capsys.readouterr().out.split())
    assert f"with the fingerprint {missing}; add that one" in said
    assert said.count("PASSED") == 2


def test_an_older_file_is_no_successor_of_the_trusted_one(chain: Chain, capsys):
    """Who was let go offers the file in which they still stand."""
    assert chain.verify("trust-3.json", trust="trust-4.json") == 1
    assert "comes before" in capsys.readouterr().out
    assert chain.verify("trust-1.json", "trust-4.json", trust="trust-3.json") == 1
    assert "names no predecessor" in capsys.readouterr().out


def test_two_successors_of_one_file_fail_though_officers_signed_both(chain: Chain, capsys):
    chain.write("branch.json", chain.after(chain.files[1], chain.mei, *chain.files[1].officers))
    assert chain.verify("trust-2.json", "trust-3.json", "branch.json") == 1
    assert "is not the only successor of" in capsys.readouterr().out


def test_a_forged_sibling_takes_nothing_from_the_successor_that_is_signed(chain: Chain, capsys):
    officers = (*chain.files[1].officers, named(SAULE, authenticator(SAULE.id)))
    chain.write("forged.json", chain.after(chain.files[1], RECORD_KEY, *officers))
    assert chain.verify("forged.json", *LATER) == 1
    said = capsys.readouterr().out
    assert "FAILED: trust file is not signed by an officer of its predecessor" in said
    assert "is not the only successor" not in said
    assert "PASSED: signed by Mei Tan; adds a passkey of Ruslan Petrov" in said
    assert "PASSED: signed by Ruslan Petrov; Mei Tan leaves" in said, "the chain goes on behind it"


def test_another_services_chain_does_not_join(chain: Chain, capsys):
    other = replace(chain.files[0], name="Another Alliance")
    chain.write("other.json", other)
    assert chain.verify("trust-2.json", "other.json") == 1
    assert "so that it does not come from" in capsys.readouterr().out


def test_where_nothing_is_trusted_nothing_passes(chain: Chain, capsys):
    assert chain.verify("trust-1.json", *LATER, trust="") == 3
    assert "nothing says that it is the alliance's: give the file" in capsys.readouterr().out


@pytest.mark.parametrize("data", [b"{", b"{}\n", b'{"v":1}', b"{" * 100_000])
def test_what_is_no_trust_file_fails_without_a_traceback(chain: Chain, capsys, data: bytes):
    chain.write("trust-3.json", data)
    assert chain.verify(*LATER) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_programs_get_the_chain_as_json(chain: Chain, capsys):
    assert chain.verify(*LATER, options=("--json",)) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], [one["verdict"] for one in told["trust_files"]]) == ("PASSED", ["PASSED"] * 4)


def test_trust_files_beside_documents_and_alone_are_a_usage_error(chain: Chain, capsys):
    chain.write("agreement.pdf", b"%PDF-1.7\n")
    assert chain.verify("trust-2.json", "agreement.pdf") == 2
    assert chain.verify("trust-1.json") == 2
    assert chain.verify("trust-1.json", trust="") == 2
    assert chain.verify("trust-2.json", options=("--html", "report.html")) == 2
    assert "what trust comes from" in capsys.readouterr().err
