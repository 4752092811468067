"""All decisions of a film in a few bytes each, as columns: what the page draws and the summary counts."""

import base64
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from vsainimotion.gate import Interval
from vsainimotion.interpolate import Ladder
from vsainimotion.report.decision import Decision
from vsainimotion.timeline import Origin

FULL = 255
"""A confidence or peak of 1, in its column's byte."""

MOST_STEPS = 65535
"""The last place between two neighbours, in its column's two bytes."""


class Row(NamedTuple):
    """One output frame, as the columns have it: shares in steps of 1/255."""

    number: int
    origin: Origin
    interval: Interval
    ladder: Ladder
    is_made: bool
    redrawn: float
    confidence: float
    before: int
    after: int
    timestep: float

    @property
    def is_between(self) -> bool:
        """Whether it lies between two source frames, so that it could have been generated."""
        return self.timestep > 0 and self.after > self.before


class Step(NamedTuple):
    """One source frame that was shown, and what lies after it."""

    frame: int
    """Its number in the film."""
    interval: Interval
    number: int
    """The first output frame at or after it."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns as base64 text, little-endian: two bytes for `timestep`, four for `before`, else one."""

    flags: str
    """Origin in bits 0 and 1, interval in 2 and 3, step of the ladder in 4 and 5, motion looked for in 6, new drawing
    in 7."""
    confidence: str
    before: str
    reach: str
    """The frame after less the frame before, at most 255."""
    timestep: str
    peak: str


class Record:
    """Takes decisions in their order and keeps eleven bytes of each; 24 minutes at 48 fps are 0.8 MB."""

    def __init__(self) -> None:
        self._flags, self._confidence, self._peak = array("B"), array("B"), array("B")
        self._redrawn = array("B")
        self._before, self._reach, self._timestep = array("i"), array("B"), array("H")

    def __len__(self) -> int:
        return len(self._flags)

    def add(self, decision: Decision) -> None:
        """Takes the next decision; what no gate judged counts as motion."""
        flags = decision.origin | (decision.interval or 0) << 2 | decision.ladder << 4
        self._flags.append(flags | decision.is_made << 6 | (decision.redrawn > 0) << 7)
        self._confidence.append(_byte(1 if decision.confidence is None else decision.confidence))
        self._peak.append(_byte(decision.peak))
        self._redrawn.append(_byte(decision.redrawn))
        self._before.append(decision.before)
        self._reach.append(min(decision.after - decision.before, FULL))
        self._timestep.append(round(decision.timestep * MOST_STEPS))

    def __iter__(self) -> Iterator[Row]:
        return map(self.row, range(len(self)))

    def row(self, number: int) -> Row:
        """Returns one output frame."""
        flags, before = self._flags[number], self._before[number]
        return Row(
            number=number,
            origin=Origin(flags & 3),
            interval=Interval(flags >> 2 & 3),
            ladder=Ladder(flags >> 4 & 3),
            is_made=bool(flags >> 6 & 1),
            redrawn=self._redrawn[number] / FULL,
            confidence=self._confidence[number] / FULL,
            before=before,
            after=before + self._reach[number],
            timestep=self._timestep[number] / MOST_STEPS,
        )

    def steps(self) -> list[Step]:
        """Returns the source frames that were shown, each once."""
        steps: list[Step] = []
        for number, (flags, frame) in enumerate(zip(self._flags, self._before, strict=True)):
            if not steps or steps[-1].frame != frame:
                steps.append(Step(frame, Interval(flags >> 2 & 3), number))
        return steps

    def columns(self) -> Columns:
        """Returns everything as text for a page."""
        return Columns(
            flags=_text(self._flags),
            confidence=_text(self._confidence),
            before=_text(self._before),
            reach=_text(self._reach),
            timestep=_text(self._timestep),
            peak=_text(self._peak),
        )


def _byte(share: float) -> int:
    return min(max(round(share * FULL), 0), FULL)


def _text(column: "array[int]") -> str:
    if sys.byteorder == "big":
        column = array(column.typecode, column)
        column.byteswap()
    return base64.b64encode(column.tobytes()).decode("ascii")
