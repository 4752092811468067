"""What lies between two frames: the classes and properties the gate writes, and a person's corrections to them.

Corrections are a text file with one line for one interval or a range of them, later lines over earlier ones:

    # intervals are counted from 0; n lies between frame n and frame n+1
    282 cut
    300-311 fade    # a slow dissolve
    305 hold
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from os import PathLike
from pathlib import Path

from vsainimotion.errors import ArgumentError


class Interval(IntEnum):
    """What lies between frame n and frame n+1; the values of the property `VsaiInterval`."""

    MOTION = 0
    HOLD = 1
    CUT = 2
    FADE = 3


INTERVAL_PROPERTY = "VsaiInterval"
RUN_PROPERTY = "VsaiRun"
PROPERTIES = (
    INTERVAL_PROPERTY,
    "VsaiMean",
    "VsaiPeak",
    "VsaiCut",
    RUN_PROPERTY,
    "_SceneChangeNext",
    "_SceneChangePrev",
)

_NAMES = {interval.name.lower(): interval for interval in Interval}
_LINE = re.compile(r"(\d+)(?:\s*-\s*(\d+))?\s+(\w+)", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """What a person says of a range of intervals."""

    first: int
    """The first interval, 0 or more."""
    last: int
    """The last interval, `first` or more."""
    interval: Interval
    """What they are."""


type Overrides = str | PathLike[str] | Mapping[int, Interval | str]
"""A path to a text file, or classes (or their names) by interval."""


def parse_overrides(text: str) -> list[Override]:
    """Reads corrections from text.

    Args:
        text: Lines of the form `START motion` or `START-END hold`, with `motion`, `hold`, `cut` or `fade` in any case;
            what follows `#` is a comment, and empty lines say nothing.

    Returns:
        The corrections in the order of the lines.

    Raises:
        ArgumentError: A line has another form, names no class, or ends before it starts; the message has its number.
    """
    stripped = ((number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), 1))
    return [_parse_line(number, line) for number, line in stripped if line]


def _parse_line(number: int, line: str) -> Override:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ArgumentError(
            f"gate: line {number} of 'overrides' must be 'START CLASS' or 'START-END CLASS' (got {line!r}). "
            "START and END are whole numbers of intervals, such as in '300-311 fade'."
        )
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise ArgumentError(
            f"gate: line {number} of 'overrides' must end where it starts or later (got {line!r}). "
            "Exchange the numbers."
        )
    return Override(first=first, last=last, interval=_parse_class(f"line {number} of 'overrides'", found[3]))


def _parse_class(place: str, name: Interval | str) -> Interval:
    if isinstance(name, Interval):
        return name
    if str(name).lower() not in _NAMES:
        raise ArgumentError(f"gate: {place} must name one of {', '.join(_NAMES)} (got {name!r}).")
    return _NAMES[name.lower()]


def load_overrides(overrides: Overrides) -> list[Override]:
    """Loads corrections from wherever they are.

    Args:
        overrides: A path to a UTF-8 text file, or classes by interval.

    Returns:
        The corrections, later ones over earlier ones.

    Raises:
        ArgumentError: The file cannot be read, or what it holds cannot be understood.
    """
    if isinstance(overrides, Mapping):
        items = sorted(overrides.items())
        return [Override(first=n, last=n, interval=_parse_class(f"'overrides[{n}]'", name)) for n, name in items]
    try:
        text = Path(overrides).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(
            f"gate: 'overrides' must be a text file in UTF-8 that can be read (got {str(overrides)!r}: {error})."
        ) from error
    return parse_overrides(text)


def plan_overrides(overrides: Iterable[Override], num_frames: int) -> list[tuple[int, Interval | None]]:
    """Plans which class each interval of a clip is given.

    Args:
        overrides: The corrections, later ones over earlier ones.
        num_frames: Frames in the clip; it has one interval less.

    Returns:
        Stretches of the clip, as (frames, class), None where nothing was said. They cover `num_frames` frames.

    Raises:
        ArgumentError: A correction lies beyond the last interval.
    """
    said: list[Interval | None] = [None] * num_frames
    there = f"intervals from 0 to {num_frames - 2} of" if num_frames > 1 else "nothing, as there is no interval in"
    for override in overrides:
        if not 0 <= override.first <= override.last < num_frames - 1:
            raise ArgumentError(
                f"gate: 'overrides' must name {there} a clip of {num_frames} frames "
                f"(got {override.first}-{override.last} {override.interval.name.lower()})."
            )
        said[override.first : override.last + 1] = [override.interval] * (override.last + 1 - override.first)
    starts = [n for n in range(num_frames) if n == 0 or said[n] != said[n - 1]]
    return [(stop - start, said[start]) for start, stop in zip(starts, [*starts[1:], num_frames], strict=True)]


def take_overrides(overrides: Overrides, first: int, last: int, num_frames: int) -> dict[int, str]:
    """Takes the corrections for a part of a film, counted from the part's first frame.

    Args:
        overrides: Corrections for the whole film.
        first: First frame of the part.
        last: Last frame of the part.
        num_frames: Frames in the film.

    Returns:
        The names of the classes by interval of the part.

    Raises:
        ArgumentError: As from `load_overrides` and `plan_overrides`.
    """
    taken: dict[int, str] = {}
    start = 0
    for frames, interval in plan_overrides(load_overrides(overrides), num_frames):
        if interval is not None:
            inside = range(max(start, first), min(start + frames, last))
            taken |= {n - first: interval.name.lower() for n in inside}
        start += frames
    return taken
