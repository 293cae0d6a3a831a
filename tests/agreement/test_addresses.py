"""Mail addresses are taken where every mail server takes them, and refused in words where one may not."""

from __future__ import annotations

import pytest

from signing_service.agreement.addresses import check_address, is_address
from signing_service.errors import InputError


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Rector@Andaman.example ", "rector@andaman.example"),
        ("a.novik+signing@berezina.example", "a.novik+signing@berezina.example"),
        ("rector@Университет.example", "rector@xn--b1agajc0ayikbb.example"),
        ("office@มหาวิทยาลัย.example", "office@xn--o3cteaoj1a6cedt.example"),
    ],
)
def test_an_address_is_kept_as_mail_servers_know_it(typed: str, kept: str):
    assert check_address(typed) == kept
    assert is_address(kept)


@pytest.mark.parametrize(
    "typed",
    [
        *("", "@", "rector", "rector@", "@andaman.example", "a@b@andaman.example", "rector@andaman..example"),
        *(".rector@andaman.example", "re..ctor@andaman.example", "rector@-andaman.example", "a@x.example, b@y.example"),
        *("rector@faß.example", "rector@κόσμος.example"),  # IDNA 2003 makes other domains of them
        *("rector@andaman.example\nBcc: x@y.example", "<rector@andaman.example>", '"the rector"@andaman.example'),
        *(
            f"{65 * 'a'}@andaman.example",
            f"rector@{64 * 'a'}.example",
            f"rector@{'ก' * 64}.example",
            "rector@[127.0.0.1]",
        ),
    ],
)
def test_what_is_no_single_address_is_refused(typed: str):
    with pytest.raises(InputError, match="is not an e-mail address"):
        check_address(typed)


@pytest.mark.parametrize("typed", ["rector@andaman", "rector@localhost", "rector@andaman.e", "rector@127.0.0.1"])
def test_half_a_domain_is_refused_before_a_link_is_sent_there(typed: str):
    with pytest.raises(InputError, match="has no whole domain behind the @"):
        check_address(typed)


def test_letters_that_many_mail_servers_do_not_take_are_named_as_the_reason():
    with pytest.raises(InputError, match="letters before the @ that many mail servers do not take"):
        check_address("สมชาย@andaman.example")
