"""Whether the text that an appearance paints can be seen: its colour, where it stands, what is painted over it.

    shown = painted_text(data, Area(box=(0, 0, 200, 20), scale=(1, 1)))     # [(b"F1", b"Nanjing")], or None

None means that text is there and not, or not all of it, or in another order, to be seen: in the colour of its ground,
outside of the box or of a clipping path narrower than it, transparent, tiny, mirrored, moved to the left of what was
written before, or under something painted later. Where text is longer than its box, what lies beyond may be cut.

A page is taken for white. Fonts and the meaning of codes are for :mod:`.shown_text`, curves and pictures too.

Clauses: ISO 32000-2 8.4 (graphics state), 8.5 (paths), 8.6.8 (colour operators), 9.3 and 9.4 (text), 12.5.5 (boxes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import hypot
from typing import Any

from signing_service.errors import FormatError
from signing_service.verify.pades.operators import operations
from signing_service.verify.pades.outline import Outline
from signing_service.verify.pades.plane import IDENTITY, Box, Matrix, common, multiply, surrounding, transform
from signing_service.verify.pades.room import estimated_width, has_room
from signing_service.verify.pades.tones import WHITE, Tone, differ, tone_of

_FINE, _MOST_CROSSINGS = 1.0, 2  # points; broader strokes are surfaces, and few finer ones may cross text
_TINY = 1.5  # points
_MOST_TEXTS, _MOST_SURFACES = 5_000, 200  # of one appearance; each is held against each
_DEVICE = frozenset(("DeviceGray", "DeviceRGB", "DeviceCMYK"))
_SET = frozenset(("Tf", "Tr", "Tc", "Tw", "Tz", "TL", "Ts", "w"))


@dataclass(frozen=True, slots=True)
class Area:
    """Where an appearance paints."""

    box: Box
    """``/BBox``, in its own units."""
    scale: tuple[float, float] = (1.0, 1.0)
    """Points of the page to a unit, across and up."""
    spaces: frozenset[str] = frozenset()
    """Names of colour spaces whose numbers are as the device's."""
    states: frozenset[str] = frozenset()
    """Names of graphics states that leave what is painted to be seen."""


@dataclass(frozen=True, slots=True)
class _State:
    matrix: Matrix
    clip: Box
    fill: Tone = 0.0
    stroke: Tone = 0.0
    numbers: dict[str, Any] = field(default_factory=dict)
    """What the operators of :data:`_SET` set last."""

    def number(self, key: str, default: float = 0.0) -> float:
        return float(self.numbers.get(key, default))


class _UnseenError(Exception):
    """Some of the text is not to be seen."""


def painted_text(data: bytes, area: Area) -> list[tuple[bytes, bytes]] | None:
    """Font and string of every text that is shown, in this order; None where one is unseen or the stream is broken."""
    painter = _Painter(area)
    try:
        for operator, operands in operations(data):
            painter.paint(operator, operands)
    except (_UnseenError, FormatError, IndexError, TypeError, ValueError, OverflowError):
        return None
    return painter.shown


class _Painter:
    def __init__(self, area: Area) -> None:
        self._area = area
        self._state = _State(IDENTITY, area.box)
        self._stack: list[_State] = []
        self._text = self._line = IDENTITY
        self._path, self._crossings = Outline(), 0
        self._clipping = False
        self._grounds: list[tuple[Box, Tone, bool]] = []
        self._texts: list[Box] = []
        self._last: tuple[float, float] | None = None
        self._run: Box | None = None  # of the strings that followed each other without a move
        self.shown: list[tuple[bytes, bytes]] = []
        self._does: dict[str, Callable[[list[Any]], None]] = {
            "q": lambda _: self._stack.append(self._state),
            "Q": self._restore,
            "cm": self._transform,
            "BT": lambda _: self._move_to(IDENTITY),
            "Tm": lambda given: self._move_to((given[0], given[1], given[2], given[3], given[4], given[5])),
            "Td": lambda given: self._move(given[0], given[1]),
            "TD": self._move_leading,
            "T*": lambda _: self._move(0, -self._state.number("TL")),
            "Tj": lambda given: self._show([given[0]]),
            "TJ": lambda given: self._show(given[0]),
            "'": self._show_below,
            '"': self._show_below,
            "re": self._rectangle,
            "m": lambda given: self._path.move(self._at(given[0], given[1])),
            "l": lambda given: self._path.line(self._at(given[0], given[1])),
            "h": lambda _: self._path.close(),
            "gs": self._check_state,
            "Do": self._refuse,
            "BDC": self._begin,
        }

    def paint(self, operator: str, given: list[Any]) -> None:
        """Do what one operator says."""
        if operator in self._does:
            self._does[operator](given)
        elif operator in _SET:
            value = [given[0].encode("latin-1"), given[1]] if operator == "Tf" else given[0]
            self._state = replace(self._state, numbers={**self._state.numbers, operator: value})
        elif operator in ("g", "rg", "k", "sc", "scn", "cs"):
            self._state = replace(self._colour(operator, given), fill=self._tone(operator, given))
        elif operator in ("G", "RG", "K", "SC", "SCN", "CS"):
            self._state = replace(self._colour(operator, given), stroke=self._tone(operator, given))
        elif operator in ("W", "W*"):
            self._clipping = True
        elif operator in ("f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "n"):
            self._end_path(operator)

    def _colour(self, operator: str, given: list[Any]) -> _State:
        """The state with the space that an operator chooses."""
        if operator in ("sc", "scn", "SC", "SCN"):
            return self._state
        space = str(given[0]) if operator in ("cs", "CS") else "DeviceRGB"
        kind = "CS" if operator.isupper() else "cs"
        return replace(self._state, numbers={**self._state.numbers, kind: space in _DEVICE | self._area.spaces})

    def _tone(self, operator: str, given: list[Any]) -> Tone:
        if operator in ("cs", "CS"):
            return 0.0 if self._colour(operator, given).numbers[operator] else None
        chosen = operator.startswith(("s", "S"))
        known = self._state.numbers.get("CS" if operator.isupper() else "cs", True)
        return None if chosen and not known else tone_of(given)

    def _check_state(self, given: list[Any]) -> None:
        if str(given[0]) not in self._area.states:
            raise _UnseenError

    def _refuse(self, _: list[Any]) -> None:
        raise _UnseenError

    def _begin(self, given: list[Any]) -> None:
        if given[:1] == ["OC"]:  # content that can be switched off (8.11)
            raise _UnseenError

    def _restore(self, _: list[Any]) -> None:
        self._state = self._stack.pop()

    def _transform(self, given: list[Any]) -> None:
        matrix = (given[0], given[1], given[2], given[3], given[4], given[5])
        self._state = replace(self._state, matrix=multiply(matrix, self._state.matrix))

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return transform(self._state.matrix, x, y)

    def _rectangle(self, given: list[Any]) -> None:
        x, y, width, height = given
        corners = (x, y), (x + width, y), (x + width, y + height), (x, y + height)
        self._path.rectangle(
            (self._at(*corners[0]), self._at(*corners[1]), self._at(*corners[2]), self._at(*corners[3]))
        )

    def _end_path(self, operator: str) -> None:
        path, self._path = self._path, Outline()
        if operator in ("s", "b", "b*"):
            path.close()
        if path and operator in ("f", "F", "f*", "B", "B*", "b", "b*"):
            self._surface(path.box, self._state.fill, whole=path.is_rectangle)
        if operator in ("S", "s", "B", "B*", "b", "b*"):
            for segment in path.segments:
                self._stroke(segment)
        if self._clipping:
            self._clip(path)
        self._clipping = False

    def _stroke(self, segment: tuple[tuple[float, float], tuple[float, float]]) -> None:
        """A broad line is a surface; of fine ones few cross what is written."""
        a, b = self._state.matrix[:2]
        width = self._state.number("w", 1) * hypot(a, b)
        left, bottom, right, top = surrounding(segment)
        box = left - width / 2, bottom - width / 2, right + width / 2, top + width / 2
        fine = width * max(self._area.scale) <= _FINE
        if any(common(box, text) for text in self._texts):
            self._crossings += 1
            if not fine or self._crossings > _MOST_CROSSINGS:
                raise _UnseenError
        elif not fine:
            self._surface(box, self._state.stroke, whole=False)

    def _surface(self, box: Box, tone: Tone, *, whole: bool) -> None:
        """What is painted over text hides it, whole or not; before text it is its ground."""
        if len(self._grounds) >= _MOST_SURFACES or any(common(box, text) for text in self._texts):
            raise _UnseenError
        self._grounds.append((box, tone, whole))

    def _clip(self, path: Outline) -> None:
        """Only rectangles that leave the box all but its border can be told from ones that cut."""
        clip = common(self._state.clip, path.box) if path.is_rectangle else None
        if clip is None:
            raise _UnseenError
        self._state = replace(self._state, clip=clip)

    def _move_to(self, matrix: Matrix) -> None:
        self._text = self._line = matrix
        self._run = None

    def _move(self, x: float, y: float) -> None:
        self._move_to(multiply((1, 0, 0, 1, x, y), self._line))

    def _move_leading(self, given: list[Any]) -> None:
        self.paint("TL", [-given[1]])
        self._move(given[0], given[1])

    def _show_below(self, given: list[Any]) -> None:
        if len(given) == 3:
            self.paint("Tw", given[:1])
            self.paint("Tc", given[1:2])
        self._move(0, -self._state.number("TL"))
        self._show(given[-1:])

    def _show(self, items: list[Any]) -> None:
        font, size = self._state.numbers.get("Tf", (b"", 0.0))
        across = self._state.number("Tz", 100) / 100
        if self._state.number("Tc") < -0.3 * size or self._state.number("Tw") < -0.5 * size:
            raise _UnseenError  # letters over each other
        for item in items:
            if not isinstance(item, bytes):
                if item > 500:  # back over what was written
                    raise _UnseenError
                advance = -item / 1000 * size
            else:
                self.shown.append((font, item))
                width = estimated_width(item) * size
                if item.strip(b" \x00"):
                    self._see(width * across, size)
                advance = width + len(item) * max(0.0, self._state.number("Tc"))
            self._text = multiply((1, 0, 0, 1, advance * across, 0), self._text)

    def _see(self, width: float, size: float) -> None:
        """Hold one string against size, order, place and ground."""
        matrix = multiply(self._text, self._state.matrix)
        a, b, c, d = matrix[:4]
        area = a * d - b * c
        rise = self._state.number("Ts")
        if (
            len(self._texts) >= _MOST_TEXTS
            or size <= 0
            or width <= 0
            or area <= 0
            or min(hypot(a, b), hypot(c, d)) * size * min(self._area.scale) < _TINY
        ):
            raise _UnseenError
        corners = [(0, rise), (width, rise), (0, rise + 0.7 * size), (width, rise + 0.7 * size)]
        box = surrounding([transform(matrix, x, y) for x, y in corners])
        self._check_order(matrix, rise, size)
        self._run = surrounding([box[:2], box[2:], *((self._run[:2], self._run[2:]) if self._run else ())])
        if not has_room(self._run, self._state.clip, self._area.box, along=0 if abs(a) >= abs(b) else 1):
            raise _UnseenError
        self._check_ground(box)
        self._texts.append(box)

    def _check_order(self, matrix: Matrix, rise: float, size: float) -> None:
        """Text goes on to the right of, or below, what was written before it."""
        a, b = matrix[0] / hypot(*matrix[:2]), matrix[1] / hypot(*matrix[:2])
        x, y = transform(matrix, 0, rise)
        here = (x * a + y * b, y * a - x * b)
        height = hypot(*matrix[2:4]) * size
        if self._last is not None:
            right, up = here[0] - self._last[0], here[1] - self._last[1]
            if up > height / 2 or (abs(up) <= height / 2 and right <= 0):
                raise _UnseenError
        self._last = here

    def _check_ground(self, box: Box) -> None:
        """Text differs from the rectangle that it lies on, and from whatever else touches it since."""
        grounds: list[Tone] = [WHITE]
        for ground, tone, whole in self._grounds:
            shared = common(ground, box)
            if shared is not None:
                covers = whole and all(abs(one - other) < 1 for one, other in zip(shared, box, strict=True))
                grounds = [tone] if covers else [*grounds, tone]
        if not all(differ(self._state.fill, tone) for tone in grounds):
            raise _UnseenError
