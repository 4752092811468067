"""What a film's decisions come to: shares, work saved, shots with their cadence, and what deserves a look."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from vsainimotion.gate import Interval
from vsainimotion.interpolate import Ladder
from vsainimotion.report.record import Record, Row, Step
from vsainimotion.report.scope import Scope
from vsainimotion.timeline import Origin

CADENCES = ("ones", "twos", "threes", "longer")
"""How long a drawing is shown, in frames of the film; `longer` is four and more."""

MOST_HOLDS = 24
MOST_DOUBTS = 24

LEAST_HOLD_FRAMES = 4
"""Shorter repeats are cadence and no hold to look at."""

DOUBT_GAP_S = Fraction(1, 2)
"""Two frames of doubt that are listed lie at least so far apart: the worst second would else fill the list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """How often something costly was done, of how often it would have been without the gate."""

    done: float
    """A drawing of which a part was redrawn counts as that part."""
    whole: int

    @property
    def saved(self) -> float:
        """Share of the work that was saved, 0 to 1."""
        return 1 - self.done / self.whole if self.whole else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """The frames of the film between two cuts."""

    first: int
    """Number of its first frame in the film."""
    frames: int
    number: int
    """Its first output frame."""
    drawings: int
    shares: Mapping[str, float]
    """Share of its frames in drawings of each of `CADENCES`."""

    @property
    def cadence(self) -> str:
        """The name of the cadence that most of its frames have."""
        return max(CADENCES, key=lambda name: self.shares[name])


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A cut."""

    before: int
    after: int
    """Numbers of the last frame before it and the first one after it in the film."""
    number: int
    """The first output frame after it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """A drawing that is held."""

    first: int
    last: int
    """Numbers of its first and last frame in the film."""
    number: int
    """Its first output frame."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What the decisions come to."""

    intervals: Mapping[Interval, int]
    """Intervals between source frames, by kind."""
    frames: Mapping[str, int]
    """Output frames: `source`, `made`, `blended`, `repeated`."""
    ladder: Mapping[Ladder, int]
    """Frames for which motion was looked for, by what became of them."""
    interpolation: Work
    upscaling: Work
    shots: tuple[Shot, ...]
    cuts: tuple[Cut, ...]
    holds: tuple[Hold, ...]
    """The longest, longest first."""
    doubts: tuple[Row, ...]
    """Generated frames of the lowest confidence, lowest first."""

    @property
    def drawings(self) -> int:
        """Drawings in all shots."""
        return sum(shot.drawings for shot in self.shots)

    def cadence_shares(self) -> dict[str, float]:
        """Returns the share of the film's frames in each of `CADENCES`."""
        frames = sum(shot.frames for shot in self.shots) or 1
        return {name: sum(shot.shares[name] * shot.frames for shot in self.shots) / frames for name in CADENCES}


def summarize(record: Record, scope: Scope) -> Summary:
    """Counts a film's decisions.

    Args:
        record: The decisions, also of a part of what was planned.
        scope: What they are about.
    """
    steps = record.steps()
    rows = [row for row in record if row.is_between]
    made = [row for row in rows if row.is_made]
    return Summary(
        intervals=_count_intervals(steps, scope),
        frames=_count_frames(record),
        ladder={step: sum(row.ladder is step for row in made) for step in Ladder},
        interpolation=Work(done=len(made), whole=len(rows)),
        upscaling=Work(done=round(sum(row.redrawn for row in record), 1), whole=len(steps)),
        shots=tuple(_find_shots(steps)),
        cuts=tuple(
            Cut(before=step.frame, after=after.frame, number=after.number)
            for step, after in pairwise(steps)
            if step.interval is Interval.CUT
        ),
        holds=tuple(_find_holds(steps)),
        doubts=tuple(_find_doubts(made, scope)) if scope.is_asked else (),
    )


def _count_intervals(steps: list[Step], scope: Scope) -> dict[Interval, int]:
    """The film's last frame has no interval."""
    counts = Counter(step.interval for step in steps if step.frame < scope.last)
    return {kind: counts[kind] for kind in Interval}


def _count_frames(record: Record) -> dict[str, int]:
    counts = Counter(
        row.origin.name.lower() if row.origin is not Origin.INTERPOLATED else "made" if row.is_made else "blended"
        for row in record
    )
    return {name: counts[name] for name in ("source", "made", "blended", "repeated")}


def _split(steps: list[Step], ends: Iterable[Interval]) -> list[list[Step]]:
    """Splits the source frames after each whose interval is one of some kinds."""
    parts: list[list[Step]] = []
    kinds, is_new = set(ends), True
    for step in steps:
        if is_new:
            parts.append([])
        parts[-1].append(step)
        is_new = step.interval in kinds
    return parts


def _find_shots(steps: list[Step]) -> list[Shot]:
    shots = []
    for part in _split(steps, [Interval.CUT]):
        drawings = [len(drawing) for drawing in _split(part, set(Interval) - {Interval.HOLD})]
        shown: Counter[str] = Counter()
        for length in drawings:
            shown[CADENCES[min(length, len(CADENCES)) - 1]] += length
        shots.append(
            Shot(
                first=part[0].frame,
                frames=len(part),
                number=part[0].number,
                drawings=len(drawings),
                shares={name: shown[name] / len(part) for name in CADENCES},
            )
        )
    return shots


def _find_holds(steps: list[Step]) -> list[Hold]:
    drawings = [part for part in _split(steps, set(Interval) - {Interval.HOLD}) if len(part) >= LEAST_HOLD_FRAMES]
    longest = sorted(drawings, key=lambda part: (-len(part), part[0].frame))[:MOST_HOLDS]
    return [Hold(first=part[0].frame, last=part[-1].frame, number=part[0].number) for part in longest]


def _find_doubts(made: list[Row], scope: Scope) -> list[Row]:
    """Returns the worst frames of those that are worse than all others around them."""
    gap = DOUBT_GAP_S * scope.fps
    taken: list[Row] = []
    for row in sorted(made, key=lambda row: (row.confidence, row.number)):
        if len(taken) == MOST_DOUBTS:
            break
        if all(abs(row.number - other.number) >= gap for other in taken):
            taken.append(row)
    return taken


def spread(count: int, most: int) -> list[int]:
    """Returns at most so many of the numbers below a count, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(place * (count - 1) / (most - 1)) for place in range(most)})
