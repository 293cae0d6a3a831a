"""The sentence that a person approves, word for word, before an act (DESIGN 4a.2).

The sentence stands in the approval's statement, so it is signed with the act and shown by ``verify``::

    >>> consent_sentence("countersignature", "en", title="T", version="1.0", party="", role="")
    'I countersign “T”, version 1.0, as an officer of the secretariat: the signatures required are complete.'
"""

from __future__ import annotations

from collections.abc import Mapping

from signing_service.errors import InputError

ACTS = ("signature", "countersignature", "refusal")

_SENTENCES = {
    "en": {
        "signature": "I have read “{title}”, version {version}, and I sign it on behalf of {party} as {role}.",
        "countersignature": "I countersign “{title}”, version {version}, as an officer of the secretariat: "
        "the signatures required are complete.",
        "refusal": "I decline to sign “{title}”, version {version}, on behalf of {party} as {role}.",
    },
    "zh": {
        "signature": "本人已阅读《{title}》（版本 {version}），并以{party}{role}的身份代表该校签署。",
        "countersignature": "本人以秘书处官员的身份副署《{title}》（版本 {version}）：所需签署已经齐备。",
        "refusal": "本人以{party}{role}的身份声明拒绝签署《{title}》（版本 {version}）。",
    },
    "ru": {
        "signature": "Я прочитал(а) «{title}», версия {version}, и подписываю его от имени {party} в качестве: {role}.",
        "countersignature": "Я как сотрудник секретариата скрепляю подписью «{title}», версия {version}: "
        "все необходимые подписи имеются.",
        "refusal": "Я отказываюсь подписывать «{title}», версия {version}, от имени {party} в качестве: {role}.",
    },
    "th": {
        "signature": "ข้าพเจ้าได้อ่าน “{title}” ฉบับ {version} แล้ว และลงนามในนามของ {party} ในฐานะ{role}",
        "countersignature": "ข้าพเจ้าลงนามรับรอง “{title}” ฉบับ {version} ในฐานะเจ้าหน้าที่สำนักเลขาธิการ ลายมือชื่อที่กำหนดครบถ้วนแล้ว",
        "refusal": "ข้าพเจ้าขอปฏิเสธการลงนาม “{title}” ฉบับ {version} ในนามของ {party} ในฐานะ{role}",
    },
}

CONSENT_LANGUAGES = tuple(_SENTENCES)

_QUOTED = {"en": "“{}”", "zh": "“{}”", "ru": "«{}»", "th": " “{}”"}
"""How a word of another language stands in a sentence; Thai sets it off with a space, too."""


def role_in(titles: Mapping[str, str], language: str, first: str) -> str:
    """What a role is called in a consent sentence in ``language``.

    The title that the agreement gives it in that language; where it gives none, the one in the agreement's ``first``
    language as it is, in quotation marks: nobody but the parties translates a title.

    >>> role_in({"en": "President", "zh": "校长"}, "ru", "en")
    '«President»'
    """
    own = titles.get(language)
    return own if own is not None else _QUOTED.get(language, "“{}”").format(titles[first])


def consent_sentence(act: str, language: str, *, title: str, version: str, party: str, role: str) -> str:
    """The sentence for ``act`` (one of ACTS) in ``language`` (one of CONSENT_LANGUAGES); raises InputError."""
    try:
        sentence = _SENTENCES[language][act]
    except KeyError as error:
        known = ", ".join(CONSENT_LANGUAGES)
        message = f"there is no consent sentence for {act!r} in {language!r}"
        raise InputError(message, hint=f"use one of {known}") from error
    return sentence.format(title=title, version=version, party=party, role=role)
