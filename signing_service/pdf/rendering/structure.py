"""The logical structure of a tagged PDF (ISO 32000-1 14.7, 14.8): who is a heading, a list, a table, in what language.

Drawing code opens an element on a page; what it draws is a marked-content sequence of that element. After drawing,
``write`` makes the structure tree and the parent tree of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from pikepdf import Array, Dictionary, Name, String

if TYPE_CHECKING:
    import pikepdf


Attribute: TypeAlias = "str | tuple[float, ...]"  # a name, or numbers


@dataclass(eq=False)
class Element:
    """A structure element; children and content in reading order."""

    kind: str
    """A standard structure type (ISO 32000-1 14.8.4), so that no role map is needed."""
    language: str = ""
    alternative: str = ""
    """What stands for a figure or a link."""
    attributes: dict[str, Attribute] = field(default_factory=dict)
    """Their owner is ``O`` (ISO 32000-1 14.8.5)."""
    kids: list[Element | Content | Annotation] = field(default_factory=list)

    def add(
        self, kind: str, language: str = "", *, alternative: str = "", attributes: dict[str, Attribute] | None = None
    ) -> Element:
        """Append a child element."""
        return self.adopt(Element(kind, language, alternative, attributes or {}))

    def adopt(self, child: Element) -> Element:
        """Append a child that was made before its place was known, unless it is here already."""
        if child not in self.kids:
            self.kids.append(child)
        return child


@dataclass(frozen=True, slots=True)
class Content:
    """A marked-content sequence."""

    page: int
    identifier: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """A link or widget that belongs to an element."""

    object: pikepdf.Object
    page: int


def write(pdf: pikepdf.Pdf, root: Element) -> None:
    """Make the catalog's structure tree of the elements; annotations get their /StructParent."""
    tree = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    parents = _Parents(pdf)
    tree.K = Array([_write(pdf, root, tree, parents)])
    tree.ParentTree, tree.ParentTreeNextKey = parents.finish()
    pdf.Root.StructTreeRoot = tree
    pdf.Root.MarkInfo = Dictionary(Marked=True)


class _Parents:
    """The parent tree: from marked content and annotations back to elements."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._pages: list[dict[int, pikepdf.Object]] = [{} for _ in pdf.pages]
        self._annotations: list[pikepdf.Object] = []

    def content(self, content: Content, element: pikepdf.Object) -> None:
        self._pages[content.page][content.identifier] = element

    def annotation(self, annotation: pikepdf.Object, element: pikepdf.Object) -> None:
        annotation.StructParent = len(self._pages) + len(self._annotations)
        self._annotations.append(element)

    def finish(self) -> tuple[pikepdf.Object, int]:
        numbers: list[object] = []
        for index, contents in enumerate(self._pages):
            self._pdf.pages[index].obj.StructParents = index
            owners = Array([contents[number] for number in range(len(contents))])
            numbers += [index, self._pdf.make_indirect(owners)]
        for index, element in enumerate(self._annotations):
            numbers += [len(self._pages) + index, element]
        tree = self._pdf.make_indirect(Dictionary(Nums=Array(numbers)))
        return tree, len(self._pages) + len(self._annotations)


def _write(pdf: pikepdf.Pdf, element: Element, parent: pikepdf.Object, parents: _Parents) -> pikepdf.Object:
    made = pdf.make_indirect(Dictionary(S=Name("/" + element.kind), P=parent))
    page = next((kid.page for kid in element.kids if isinstance(kid, Content)), None)
    if page is not None:
        made.Pg = pdf.pages[page].obj
    if element.language:
        made.Lang = String(element.language)
    if element.alternative:
        made.Alt = String(element.alternative)
    if element.attributes:
        made.A = Dictionary({f"/{key}": _attribute(value) for key, value in element.attributes.items()})
    kids = [_kid(pdf, kid, made, parents, page) for kid in element.kids]
    made.K = kids[0] if len(kids) == 1 else Array(kids)
    return made


def _attribute(value: Attribute) -> Name | Array:
    return Name("/" + value) if isinstance(value, str) else Array([round(number, 2) for number in value])


def _kid(
    pdf: pikepdf.Pdf, kid: Element | Content | Annotation, parent: pikepdf.Object, parents: _Parents, page: int | None
) -> pikepdf.Object | int:
    """An entry of /K; content on the element's own page is a bare number."""
    if isinstance(kid, Element):
        return _write(pdf, kid, parent, parents)
    if isinstance(kid, Content):
        parents.content(kid, parent)
        if kid.page == page:
            return kid.identifier
        return Dictionary(Type=Name.MCR, Pg=pdf.pages[kid.page].obj, MCID=kid.identifier)
    parents.annotation(kid.object, parent)
    return Dictionary(Type=Name.OBJR, Pg=pdf.pages[kid.page].obj, Obj=kid.object)
