"""The words that the document itself needs in each language: "Article", "Signatures", "page 3 of 20".

Example::

    words_for("en").article(3)      # "Article 3"
    words_for("zh").paragraph(4, 2)  # "第四条第二款"

An author adds another language in ``agreement.toml``: a table ``[words.xx]`` with the same keys.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from string import Formatter
from typing import Any

from signing_service.agreement.names import check_characters
from signing_service.errors import FormatError

_CITED = ("number", "han")
_PLACE_HOLDERS = {
    "article_form": _CITED,
    "paragraph_form": (*_CITED, "paragraph", "han_paragraph"),
    "version": ("version",),
    "page": ("page", "pages"),
}
_HAN_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words; ``{number}`` and ``{paragraph}`` are figures, ``{han}`` and ``{han_paragraph}`` Han."""

    article_form: str
    paragraph_form: str
    language: str
    """The language's name, in itself."""
    preamble: str
    contents: str
    parties: str
    """Heading of the schedule of parties."""
    party: str
    country: str
    signers: str
    guest: str
    signatures: str
    """Heading of the signature pages."""
    witness: str
    """Between that heading and the boxes."""
    secretariat: str
    countersignature: str
    version: str
    authentic: str
    """On the cover, that all texts are equally authentic."""
    supersedes: str
    """On the cover of a corrected version, before the digest of the one that it replaces."""
    page: str
    """With ``{page}`` and ``{pages}``."""
    verify: str
    """Beside the QR code."""

    def article(self, number: int) -> str:
        """How an article is cited."""
        return self.article_form.format(number=number, han=han_numeral(number))

    def paragraph(self, number: int, paragraph: int) -> str:
        """How a paragraph of an article is cited."""
        han = han_numeral(number)
        return self.paragraph_form.format(
            number=number, han=han, paragraph=paragraph, han_paragraph=han_numeral(paragraph)
        )


def han_numeral(number: int) -> str:
    """A number from 1 to 999 in Han numerals, as legal texts write it: 十二, 一百零三."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_HAN_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else _HAN_DIGITS[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (_HAN_DIGITS[ones] if ones else "")


_KNOWN = {
    "en": Words(
        article_form="Article {number}",
        paragraph_form="paragraph {paragraph} of Article {number}",
        language="English",
        preamble="Preamble",
        contents="Contents",
        parties="Schedule of Parties",
        party="Party",
        country="Country",
        signers="Signs through",
        guest="Guest, attesting",
        signatures="Signatures",
        witness="Each Party signs electronically in its own box. A signature names the person who gave it.",
        secretariat="For the Secretariat, as depositary",
        countersignature="Countersignature",
        version="Version {version}",
        authentic="All texts of this Agreement are equally authentic",
        supersedes="Supersedes the document with the SHA-256 digest",
        page="Page {page} of {pages}",
        verify="Scan to find how this document is verified. Trust comes from the trust file that the alliance "
        "has published, never from this paper or from the page that the code leads to.",
    ),
    "zh": Words(
        article_form="第{han}条",
        paragraph_form="第{han}条第{han_paragraph}款",
        language="中文",
        preamble="序言",
        contents="目录",
        parties="缔约方名录",
        party="缔约方",
        country="国家",
        signers="签署人职务",
        guest="列席见证方",
        signatures="签署页",
        witness="各缔约方在各自的签署栏内以电子方式签署；每一签署均载明签署人姓名。",
        secretariat="秘书处（作为保存机关）",
        countersignature="副署",
        version="第 {version} 版",
        authentic="本协定各文本同等作准",
        supersedes="取代具有下列 SHA-256 摘要的文件",
        page="第 {page} 页，共 {pages} 页",
        verify="扫描此码，查看本文件的核验方法。核验以联盟公布的信任文件为准，不以本纸件或此码所指网页为准。",
    ),
    "zh-Hant": Words(
        article_form="第{han}條",
        paragraph_form="第{han}條第{han_paragraph}款",
        language="中文（繁體）",
        preamble="序言",
        contents="目錄",
        parties="締約方名錄",
        party="締約方",
        country="國家",
        signers="簽署人職務",
        guest="列席見證方",
        signatures="簽署頁",
        witness="各締約方在各自的簽署欄內以電子方式簽署；每一簽署均載明簽署人姓名。",
        secretariat="秘書處（作為保存機關）",
        countersignature="副署",
        version="第 {version} 版",
        authentic="本協定各文本同等作準",
        supersedes="取代具有下列 SHA-256 摘要的文件",
        page="第 {page} 頁，共 {pages} 頁",
        verify="掃描此碼，查看本文件的核驗方法。核驗以聯盟公布的信任文件為準，不以本紙件或此碼所指網頁為準。",
    ),
    "fr": Words(
        article_form="Article {number}",
        paragraph_form="paragraphe {paragraph} de l’article {number}",
        language="Français",
        preamble="Préambule",
        contents="Table des matières",
        parties="Liste des Parties",
        party="Partie",
        country="Pays",
        signers="Signataire",
        guest="Invité, témoin",
        signatures="Signatures",
        witness="Chaque Partie signe par voie électronique dans son cadre. Chaque signature nomme son auteur.",
        secretariat="Pour le Secrétariat, dépositaire",
        countersignature="Contreseing",
        version="Version {version}",
        authentic="Tous les textes du présent Accord font également foi",
        supersedes="Remplace le document dont l’empreinte SHA-256 est",
        page="Page {page} sur {pages}",
        verify="Ce code mène à la page qui explique comment vérifier ce document. La confiance vient du fichier de "
        "confiance publié par l’alliance, jamais de ce papier ni de cette page.",
    ),
    "es": Words(
        article_form="Artículo {number}",
        paragraph_form="párrafo {paragraph} del artículo {number}",
        language="Español",
        preamble="Preámbulo",
        contents="Índice",
        parties="Lista de las Partes",
        party="Parte",
        country="País",
        signers="Firma por",
        guest="Invitado, testigo",
        signatures="Firmas",
        witness="Cada Parte firma electrónicamente en su recuadro. Cada firma nombra a quien la dio.",
        secretariat="Por la Secretaría, depositaria",
        countersignature="Refrendo",
        version="Versión {version}",
        authentic="Todos los textos del presente Acuerdo son igualmente auténticos",
        supersedes="Sustituye al documento con el resumen SHA-256",
        page="Página {page} de {pages}",
        verify="Este código lleva a la página que explica cómo verificar este documento. La confianza procede del "
        "archivo de confianza publicado por la alianza, nunca de este papel ni de esa página.",
    ),
    "ru": Words(
        article_form="Статья {number}",
        paragraph_form="пункт {paragraph} статьи {number}",
        language="Русский",
        preamble="Преамбула",
        contents="Содержание",
        parties="Перечень Сторон",
        party="Сторона",
        country="Страна",
        signers="Подписывает",
        guest="Гость, свидетель",
        signatures="Подписи",
        witness="Каждая Сторона подписывает электронно в своём поле. В каждой подписи назван подписавший.",
        secretariat="За Секретариат, депозитарий",
        countersignature="Контрассигнация",
        version="Версия {version}",
        authentic="Все тексты настоящего Соглашения имеют одинаковую силу",
        supersedes="Заменяет документ с дайджестом SHA-256",
        page="Страница {page} из {pages}",
        verify="Код ведёт на страницу о проверке этого документа. Основа доверия — файл доверия, опубликованный "
        "альянсом, а не эта бумага и не страница по ссылке.",
    ),
}

BUILT_IN = tuple(_KNOWN)  # languages; an author brings the words of others


def words_for(language: str, own: dict[str, Any] | None = None) -> Words:
    """The words of a language, from ``own`` (an author's complete table) or built in; raises FormatError."""
    if own is None:
        try:
            return _KNOWN[language]
        except KeyError:
            known = ", ".join(_KNOWN)
            raise FormatError(
                f"there are no words for the language {language} (only for {known})",
                hint=f"add a table [words.{language}] with: {', '.join(_names())}",
            ) from None
    missing = [name for name in _names() if name not in own]
    extra = [name for name in own if name not in _names()]
    if missing or extra:
        problem = f"{missing[0]} is missing" if missing else f"{extra[0]} is not one of them"
        raise FormatError(f"words.{language}: {problem}", hint=f"give exactly: {', '.join(_names())}")
    for name, text in own.items():
        if not isinstance(text, str) or not text.strip():
            raise FormatError(f"words.{language}: {name} is not a text")
        check_characters(text, what=f"words.{language}: {name}")
        for holder in _place_holders(text):
            if holder not in _PLACE_HOLDERS.get(name, ()):
                allowed = ", ".join(f"{{{one}}}" for one in _PLACE_HOLDERS.get(name, ())) or "none"
                problem = f"words.{language}: {name} has the place holder {{{holder}}}"
                raise FormatError(problem, hint=f"what may stand in braces: {allowed}")
    for name in ("article_form", "paragraph_form"):
        if not _place_holders(own[name]):
            raise FormatError(f"words.{language}: {name} has no number", hint="write for example: Article {number}")
    return Words(**own)


def _place_holders(text: str) -> list[str]:
    """What stands in braces, forms and conversions included, which are therefore no known place holders."""
    try:
        parts = [part[1:] for part in Formatter().parse(text)]
    except ValueError:
        return [text]  # a brace by itself
    holders = [(name, f":{form}" if form else "", f"!{how}" if how else "") for name, form, how in parts]
    return [f"{name}{how}{form}" for name, form, how in holders if name is not None]


def _names() -> tuple[str, ...]:
    return tuple(field.name for field in fields(Words))
