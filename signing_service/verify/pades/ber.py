"""A small reader of BER (X.690), for containers that are not DER: indefinite lengths, strings in pieces.

    element = read_element(data)
    element.tag, element.children, element.der

Nothing is accepted that has no single meaning: lengths beyond the data, missing end marks, nesting beyond the limits.
"""

from __future__ import annotations

from dataclasses import dataclass

from signing_service.errors import FormatError, LimitError
from signing_service.verify.der import wrap
from signing_service.verify.limits import MAX_DER_DEPTH

MAX_ELEMENTS = 100_000  # in one container
_CONSTRUCTED = 0x20
_END = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value."""

    tag: int
    """The identifier octet; multi-octet tags do not occur in what is read here."""
    content: bytes
    """The value's bytes, empty where it is constructed."""
    children: tuple[Element, ...]
    der: bytes
    """The bytes as they stand, or with definite lengths where they were indefinite."""
    size: int
    """How many bytes of the input it took."""

    @property
    def octets(self) -> bytes:
        """An OCTET STRING's value, its pieces joined."""
        return self.content if not self.children else b"".join(child.octets for child in self.children)

    def child(self, index: int) -> Element:
        """A child by position; raises FormatError where there is none."""
        if not -len(self.children) <= index < len(self.children):
            raise FormatError("an element of a signature container is missing")
        return self.children[index]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._count = 0

    def read(self, position: int, end: int, depth: int) -> tuple[Element, int]:
        self._count += 1
        if depth > MAX_DER_DEPTH or self._count > MAX_ELEMENTS:
            raise LimitError("a signature container is nested too deeply or has too many elements")
        if position + 2 > end or self._data[position] & 0x1F == 0x1F:
            raise FormatError("a signature container is cut off or has an unknown tag")
        tag = self._data[position]
        start, length = self._length(position + 1, end)
        if length is None:
            if not tag & _CONSTRUCTED:
                raise FormatError("a primitive element has an indefinite length")
            children, stop = self._until_end(start, end, depth)
            content = b"".join(child.der for child in children)
            return Element(tag, b"", children, wrap(tag, content), stop - position), stop
        stop = start + length
        if stop > end:
            raise FormatError("an element of a signature container is longer than the container")
        if not tag & _CONSTRUCTED:
            return Element(tag, self._data[start:stop], (), self._data[position:stop], stop - position), stop
        inner = self._children(start, stop, depth)
        der = self._data[position:stop]
        if any(len(child.der) != child.size for child in inner):
            der = wrap(tag, b"".join(child.der for child in inner))
        return Element(tag, b"", inner, der, stop - position), stop

    def _children(self, position: int, end: int, depth: int) -> tuple[Element, ...]:
        children = []
        while position < end:
            child, position = self.read(position, end, depth + 1)
            children.append(child)
        return tuple(children)

    def _until_end(self, position: int, end: int, depth: int) -> tuple[tuple[Element, ...], int]:
        children = []
        while self._data[position : position + 2] != _END:
            child, position = self.read(position, end, depth + 1)
            children.append(child)
        return tuple(children), position + len(_END)

    def _length(self, position: int, end: int) -> tuple[int, int | None]:
        first = self._data[position]
        if first < 0x80:
            return position + 1, first
        if first == 0x80:
            return position + 1, None
        size = first & 0x7F
        if size > 4 or position + 1 + size > end:
            raise FormatError("a length in a signature container is too long")
        return position + 1 + size, int.from_bytes(self._data[position + 1 : position + 1 + size], "big")


def read_element(data: bytes, *, padded: bool = False) -> Element:
    """Read one element that is all of ``data``; ``padded``: zeroes may follow. Raises FormatError, LimitError."""
    element, end = _Reader(data).read(0, len(data), 0)
    rest = data[end:]
    if rest.strip(b"\x00") if padded else rest:
        raise FormatError("bytes follow a signature container")
    return element
