"""Lines that are made once and kept as long as their curves are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tuiflow.plot.line import Curve, Line, Look, prepare


@dataclass(frozen=True, slots=True)
class Due:
    """A line that is to be made; `before` is that of a curve which `curve` has grown from."""

    curve: Curve
    look: Look
    before: Line | None

    @property
    def points(self) -> int:
        """How many points are to be worked on."""
        return len(self.curve) - (0 if self.before is None else len(self.before.all_xs))

    def make(self) -> Line:
        return prepare(
            self.curve, self.look.axis, self.look.log, self.look.smooth, before=self.before
        )


class Lines:
    """The lines of curves by look; a curve that has grown takes its line along."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, Look], tuple[object, Line]] = {}

    def get(self, curve: Curve, look: Look) -> Line | None:
        """The line of this very curve, None where it is still to be made."""
        line = self._last(curve, look)
        return line if line is not None and len(line.all_xs) == len(curve) else None

    def due(self, curves: Iterable[Curve], looks: Iterable[Look]) -> list[Due]:
        """What has to be made so that all of these can be drawn."""
        return list(self._due(list(curves), list(looks)))

    def _due(self, curves: list[Curve], looks: list[Look]) -> Iterator[Due]:
        for curve in curves:
            for look in dict.fromkeys(looks):
                line = self._last(curve, look)
                if line is None or len(line.all_xs) > len(curve):
                    yield Due(curve, look, None)
                elif len(line.all_xs) < len(curve):
                    yield Due(curve, look, line)

    def put(self, due: Due, line: Line) -> None:
        self._kept[id(due.curve.stem), due.look] = due.curve.stem, line

    def keep_only(self, curves: Iterable[Curve]) -> None:
        """Forget the lines of all other curves."""
        stems = {id(curve.stem) for curve in curves}
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] in stems}

    def _last(self, curve: Curve, look: Look) -> Line | None:
        kept = self._kept.get((id(curve.stem), look))
        return None if kept is None else kept[1]
