"""The specimen agreement with another number of parties: the first ones of the demo, or made-up further ones."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from signing_service.errors import UsageError
from signing_service.workflow.demo import agreement_folder, read_people, read_source

MAX_PARTIES = 400
_PARTY = "[[parties]]"
_ASSURANCE = re.compile(r'minimum_assurance = "[a-z]+"')

_FURTHER = """{party}
id = "further-{number}"
name = "Specimen University No. {number}"
native_name = "Specimen University No. {number}"
native_language = "en"
country = "NZ"
country_name = {{ en = "New Zealand", zh = "新西兰" }}
time_zone = "Pacific/Auckland"
[[parties.signers]]
role = "rector"
title = {{ en = "Rector", zh = "校长" }}

"""


def source_with_parties(count: int, assurance: str = "") -> dict[str, bytes]:
    """The specimen's source files for ``count`` parties, with another minimum assurance if one is given.

    Raises UsageError on a number that is too small or large.
    """
    if not 1 <= count <= MAX_PARTIES:
        raise UsageError(f"a ceremony of {count} parties is not possible", hint=f"choose 1 to {MAX_PARTIES}")
    files = read_source(agreement_folder())
    head, *parties = files["agreement.toml"].decode().split(_PARTY)
    further = [_FURTHER.format(party="", number=number) for number in range(len(parties) + 1, count + 1)]
    kept = [*parties, *further][:count]
    if assurance:
        head = _ASSURANCE.sub(f'minimum_assurance = "{assurance}"', head)
    files["agreement.toml"] = (head + "".join(_PARTY + party for party in kept)).encode()
    return files


def people_with_parties(files: dict[str, bytes]) -> dict[str, Any]:
    """The demo's people who fit these source files, and a made-up rector for each further party."""
    cast = read_people()
    known = {(person["party"], person["role"]): person for person in cast["representatives"]}
    representatives = []
    for party in tomllib.loads(files["agreement.toml"].decode())["parties"]:
        for signer in party["signers"]:
            made_up = {
                "name": f"Specimen Rector {party['id'].removeprefix('further-')}",
                "email": f"{signer['role']}@{party['id']}.example",
                "party": party["id"],
                "role": signer["role"],
            }
            representatives.append(known.get((party["id"], signer["role"]), made_up))
    return {**cast, "representatives": representatives}
