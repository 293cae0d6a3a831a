"""Metadata of the document: XMP, the document information, and the colour that numbers mean (PDF/A-3b).

Clauses: ISO 19005-3 6.6 (metadata), 6.2.3 (output intent); ISO 16684-1 (XMP). No dates: the document is made of its
source, and when it was published is the seal's business.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from pikepdf import Array, Dictionary, Name, String

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pikepdf

    from signing_service.agreement.terms import Terms

PRODUCER = "signing-service"
CURVE_STEPS = 256


def add_metadata(pdf: pikepdf.Pdf, terms: Terms) -> None:
    """Write title, language, PDF/A-3b declaration, output intent and how viewers show the document."""
    title = terms.title[terms.languages[0]]
    for key in list(pdf.docinfo.keys()):
        del pdf.docinfo[key]
    pdf.docinfo["/Title"] = String(title)
    pdf.docinfo["/Subject"] = String(subject(terms))
    pdf.docinfo["/Producer"] = String(PRODUCER)
    stream = pdf.make_stream(_xmp(terms).encode())
    stream.Type, stream.Subtype = Name.Metadata, Name.XML
    pdf.Root.Metadata = stream
    pdf.Root.Lang = String(terms.languages[0])
    pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    pdf.Root.PageMode = Name.UseOutlines
    profile = pdf.make_stream(srgb_profile())
    profile.N = 3
    pdf.Root.OutputIntents = Array(
        [
            Dictionary(
                Type=Name.OutputIntent,
                S=Name.GTS_PDFA1,
                OutputConditionIdentifier=String("sRGB"),
                Info=String("sRGB IEC61966-2.1"),
                DestOutputProfile=profile,
            )
        ]
    )


def subject(terms: Terms) -> str:
    """What the document is called beside its title."""
    return f"{terms.reference}, {terms.version}, {terms.id}"


def _xmp(terms: Terms) -> str:
    items = {"x-default": terms.title[terms.languages[0]], **terms.title}.items()
    titles = "".join(f"<rdf:li xml:lang={quoteattr(code)}>{escape(text)}</rdf:li>" for code, text in items)
    languages = "".join(f"<rdf:li>{escape(language)}</rdf:li>" for language in terms.languages)
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt>{titles}</rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{escape(subject(terms))}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag>{languages}</rdf:Bag></dc:language>
<pdf:Producer>{PRODUCER}</pdf:Producer>
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>
"""


def srgb_profile() -> bytes:
    """An ICC profile (version 2.1, monitor, RGB to XYZ) of sRGB, IEC 61966-2-1: primaries, white, one curve."""
    curve = b"curv" + bytes(4) + struct.pack(">I", CURVE_STEPS) + b"".join(
        struct.pack(">H", _linear(step)) for step in range(CURVE_STEPS)
    )
    description = b"sRGB IEC61966-2.1\0"
    text = b"desc" + bytes(4) + struct.pack(">I", len(description)) + description + bytes(78)
    tags = {
        b"desc": text,
        b"cprt": b"text" + bytes(4) + b"No copyright, use freely\0",
        b"wtpt": _xyz(0.9505, 1.0, 1.0891),
        b"rXYZ": _xyz(0.43607, 0.22249, 0.01392),
        b"gXYZ": _xyz(0.38515, 0.71687, 0.09708),
        b"bXYZ": _xyz(0.14307, 0.06061, 0.7141),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _profile(tags)


def _linear(step: int) -> int:
    """The sRGB transfer function of a step of the curve, as a 16-bit fraction."""
    value = step / (CURVE_STEPS - 1)
    linear = value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
    return round(linear * 65535)


def _xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _profile(tags: Mapping[bytes, bytes]) -> bytes:
    """Header, tag table, tag data (ICC.1:2001-04 clause 6); equal data is stored once."""
    offset = 128 + 4 + 12 * len(tags)
    stored: dict[bytes, int] = {}
    table, data = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        if value not in stored:
            stored[value] = offset + len(data)
            data += value + bytes(-len(value) % 4)
        table += name + struct.pack(">II", stored[value], len(value))
    size = offset + len(data)
    date = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", b"RGB ", b"XYZ ") + date + b"acsp"
    header += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)  # D50, the profile connection space
    return header.ljust(128, b"\0") + table + data
