"""A judge of tagged PDFs: what a program can check of ISO 14289-1, in the numbers of the Matterhorn Protocol 1.1.

    faults(pdf_bytes)   # ["28-009 page 3: …", …]; empty: none found

It reads pages with pikepdf's content parser and the structure tree by itself, and shares nothing with the renderer.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pikepdf

PAINTING = frozenset(("Tj", "TJ", "'", '"', "f", "F", "f*", "S", "s", "B", "B*", "b", "b*", "Do", "INLINE IMAGE", "sh"))
INLINE = frozenset(("/Span", "/Link", "/Reference", "/Form", "/Lbl", "/Figure"))
CHILDREN = {  # ISO 32000-1 tables 333, 336, 337: what may be directly in what
    "/Document": {"/Sect"},
    "/Sect": {"/Sect", "/H1", "/H2", "/P", "/L", "/TOC", "/Table", "/Form", "/Figure"},
    "/TOC": {"/TOC", "/TOCI"},
    "/TOCI": {"/Lbl", "/Reference", "/P", "/TOC"},
    "/Reference": {"/Link"},
    "/L": {"/LI"},
    "/LI": {"/Lbl", "/LBody"},
    "/LBody": {"/P", "/L"} | INLINE,
    "/Table": {"/TR"},
    "/TR": {"/TH", "/TD"},
    "/TH": {"/P"},
    "/TD": {"/P"},
    "/P": INLINE,
    "/H1": INLINE,
    "/H2": INLINE,
}
NUMBERINGS = {"LowerAlpha": "(a)", "LowerRoman": "(i)", "Disc": "–"}


def faults(data: bytes) -> list[str]:
    """Everything that is wrong with how a PDF is tagged, each with the protocol's number where it has one."""
    with pikepdf.open(BytesIO(data)) as pdf:
        return [*_document(pdf), *_Tree(pdf).faults(), *_fonts(pdf)]


def _document(pdf: pikepdf.Pdf) -> Iterator[str]:
    root = pdf.Root
    nothing = pikepdf.Dictionary()
    if not root.get("/MarkInfo", nothing).get("/Marked") or root.MarkInfo.get("/Suspects"):
        yield "01-007 the document is not marked, or suspect"
    if not root.get("/ViewerPreferences", nothing).get("/DisplayDocTitle"):
        yield "07-001 the title is not shown"
    if b"<dc:title>" not in root.Metadata.read_bytes():
        yield "06-003 the metadata has no title"
    if not str(root.get("/Lang", "")):
        yield "11-006 the document has no language"


def _fonts(pdf: pikepdf.Pdf) -> Iterator[str]:
    for font in pdf.objects:
        if isinstance(font, pikepdf.Dictionary) and font.get("/Type") == "/Font" and font.Subtype == "/Type0":
            if "/ToUnicode" not in font:
                yield f"31-027 {font.BaseFont} has no map to characters"
            if "/FontFile2" not in font.DescendantFonts[0].FontDescriptor:
                yield f"31-009 {font.BaseFont} is not embedded"


class _Tree:
    """The structure tree of one PDF, walked once, against its pages."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._pages = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
        numbers = list(pdf.Root.StructTreeRoot.ParentTree.Nums)
        self._owners = dict(zip(map(int, numbers[::2]), numbers[1::2], strict=True))
        self._content: dict[tuple[int, int], pikepdf.Object] = {}
        self._annotations: dict[tuple[int, int], pikepdf.Object] = {}
        self._headings: list[int] = []
        self._found: list[str] = []

    def faults(self) -> list[str]:
        top = self._pdf.Root.StructTreeRoot
        if "/RoleMap" in top:
            self._found.append("02-001 a role map is there, and every type is a standard one")
        kids = list(top.K)
        if [kid.S for kid in kids] != ["/Document"]:
            self._found.append("09-001 the tree is not one Document")
        for kid in kids:
            self._walk(kid, top)
        self._check_headings()
        for number, page in enumerate(self._pdf.pages, 1):
            self._check_page(number, page)
            self._check_annotations(number, page)
        return self._found

    def _walk(self, element: pikepdf.Object, parent: pikepdf.Object) -> None:
        kind = str(element.S)
        if element.P.objgen != parent.objgen:
            self._found.append(f"09-001 {kind} names another parent")
        if kind not in CHILDREN.keys() | INLINE:
            self._found.append(f"02-001 {kind} is no type that is expected")
        self._check_element(element, kind)
        kids = element.get("/K", pikepdf.Array())
        for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
            if not isinstance(kid, pikepdf.Dictionary):
                self._own(element, element.Pg, int(kid))
            elif "/MCID" in kid:
                self._own(element, kid.Pg, int(kid.MCID))
            elif kid.get("/Type") == "/OBJR":
                self._annotations[kid.Obj.objgen] = element
            else:
                if kid.S not in CHILDREN.get(kind, set()):
                    self._found.append(f"09-004 {kid.S} directly in {kind}")
                self._walk(kid, element)

    def _own(self, element: pikepdf.Object, page: pikepdf.Object, identifier: int) -> None:
        key = (self._pages[page.objgen], identifier)
        if key in self._content:
            self._found.append(f"content {key} belongs to two elements")
        self._content[key] = element

    def _check_element(self, element: pikepdf.Object, kind: str) -> None:
        attributes = element.get("/A", pikepdf.Dictionary())
        if kind in ("/Figure", "/Form") and not str(element.get("/Alt", "")):
            self._found.append(f"13-004 {kind} without words that stand for it")
        if kind == "/Figure" and (attributes.get("/O") != "/Layout" or len(attributes.get("/BBox", [])) != 4):
            self._found.append("a figure does not say where it lies")
        if kind == "/TH" and attributes.get("/Scope") not in ("/Row", "/Column"):
            self._found.append("15-003 TH that heads neither row nor column")
        if kind == "/L" and str(attributes.get("/ListNumbering", "/"))[1:] not in {*NUMBERINGS, "Decimal"}:
            self._found.append("16-001 a list that does not say how it counts")
        if kind in ("/H1", "/H2"):
            self._headings.append(int(kind[2:]))

    def _check_headings(self) -> None:
        before = 0
        for level in self._headings:
            if level > before + 1:
                self._found.append(f"14-003 H{level} after H{before}")
            before = level

    def _check_page(self, number: int, page: pikepdf.Page) -> None:
        """Every painted thing is in an artifact or in one marked-content sequence of the tree."""
        stack: list[str | int | None] = []  # "artifact", an MCID, or None for a nested sequence without one
        seen: set[int] = set()
        for instruction in pikepdf.parse_content_stream(page):
            name, operands = str(instruction.operator), list(instruction.operands)
            if name in ("BDC", "BMC"):
                stack.append(self._opened(number, operands, stack, seen))
            elif name == "EMC":
                stack.pop()
            elif name in PAINTING and not any(one is not None for one in stack):
                self._found.append(f"01-005 page {number}: {name} outside tags and artifacts")
        if stack:
            self._found.append(f"page {number}: a marked-content sequence does not end")
        ours = {identifier for at, identifier in self._content if at == number}
        if seen != ours:
            self._found.append(f"page {number}: content {sorted(seen ^ ours)} is not both on it and in the tree")
        owners = self._owners.get(int(page.obj.get("/StructParents", -1)), pikepdf.Array())
        told = {index: owner.objgen for index, owner in enumerate(owners)}
        if told != {one: self._content[number, one].objgen for one in ours}:
            self._found.append(f"page {number}: the parent tree tells otherwise")

    def _opened(
        self, number: int, operands: list[pikepdf.Object], stack: list[str | int | None], seen: set[int]
    ) -> str | int | None:
        inside = next((one for one in reversed(stack) if one is not None), None)
        if operands[0] == "/Artifact":
            if inside not in (None, "artifact"):
                self._found.append(f"01-003 page {number}: an artifact in tagged content")
            return "artifact"
        identifier = operands[1].get("/MCID") if len(operands) > 1 else None
        if identifier is None:
            return None
        if inside is not None:
            self._found.append(f"01-004 page {number}: tagged content inside {inside}")
        if int(identifier) in seen:
            self._found.append(f"page {number}: MCID {identifier} twice")
        owner = self._content.get((number, int(identifier)))
        if owner is not None and operands[0] != owner.S:
            self._found.append(f"page {number}: {operands[0]} belongs to {owner.S}")
        seen.add(int(identifier))
        return int(identifier)

    def _check_annotations(self, number: int, page: pikepdf.Page) -> None:
        annotations = list(page.obj.get("/Annots", []))
        if annotations and page.obj.get("/Tabs") != "/S":
            self._found.append(f"28-009 page {number}: the tab order is not the structure's")
        for annotation in annotations:
            owner = self._annotations.get(annotation.objgen)
            wanted = {"/Widget": "/Form", "/Link": "/Link"}.get(str(annotation.Subtype))
            if owner is None or wanted != owner.S:
                self._found.append(f"28-011 page {number}: {annotation.Subtype} not in {wanted}")
                continue
            if self._owners.get(int(annotation.get("/StructParent", -1)), owner.P).objgen != owner.objgen:
                self._found.append(f"page {number}: the parent tree leads {annotation.Subtype} elsewhere")
            if not str(annotation.get("/TU" if wanted == "/Form" else "/Contents", "")):
                self._found.append(f"28-005 page {number}: {annotation.Subtype} without words")
