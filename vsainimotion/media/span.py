"""A part of a film, as `--clip` names it: by times or by frame numbers."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from vsainimotion.errors import ArgumentError

FORM = "START-END as times (00:10:00-00:10:20, 600-620.5) or frames (f100-f200)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A part of a film, from `start` up to but not including `stop`."""

    start: Fraction
    stop: Fraction
    unit: str
    """`seconds` from the first frame, or `frames`."""

    def __post_init__(self) -> None:
        """Checks that the part has a length."""
        if self.stop <= self.start:
            raise ArgumentError(f"clip: END must come after START (got {self.start} and {self.stop}). Swap them")


def parse_span(text: str) -> Span:
    """Reads a part of a film from a command line.

    Args:
        text: `A-B`, both as `[[hours:]minutes:]seconds[.fraction]` or both as `f` and a frame number from 0. The
            frame B, and what lies at time B, is the first that is left out.

    Raises:
        ArgumentError: The text has another form, or B is not after A.
    """
    start, dash, stop = text.partition("-")
    frames = [re.fullmatch(r"f(\d+)", part.strip()) for part in (start, stop)]
    if dash and frames[0] and frames[1]:
        return Span(start=Fraction(frames[0].group(1)), stop=Fraction(frames[1].group(1)), unit="frames")
    times = [_parse_time(part.strip()) for part in (start, stop)]
    if not dash or times[0] is None or times[1] is None:
        raise ArgumentError(f"clip: must be {FORM} (got {text!r}). Write it so")
    return Span(start=times[0], stop=times[1], unit="seconds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A place in a film."""

    value: Fraction
    unit: str
    """`seconds` from the first frame, or `frames`."""


def parse_moment(text: str) -> Moment:
    """Reads a place in a film from a command line: `[[hours:]minutes:]seconds[.fraction]`, or `f` and a frame number.

    Raises:
        ArgumentError: The text has another form.
    """
    if frame := re.fullmatch(r"f(\d+)", text.strip(), re.ASCII):
        return Moment(value=Fraction(frame.group(1)), unit="frames")
    time = _parse_time(text.strip())
    if time is None:
        raise ArgumentError(f"at: must be a time (00:10:03, 603.5) or a frame (f14472) (got {text!r}). Write it so")
    return Moment(value=time, unit="seconds")


def plan_frame(moment: Moment, fps: Fraction, frames: int) -> int:
    """Returns the frame that is shown at a moment.

    Args:
        moment: The moment.
        fps: The film's rate.
        frames: The film's length in frames.

    Raises:
        ArgumentError: The film has ended by then.
    """
    frame = math.floor(moment.value * (1 if moment.unit == "frames" else fps))
    if frame >= frames:
        raise ArgumentError(
            f"at: must be before the film ends, at {float(frames / fps):.3f} s or frame {frames} "
            f"(got {float(moment.value):g} {moment.unit}). Give an earlier one"
        )
    return frame


def span_around(frame: int, fps: Fraction, seconds: Fraction, frames: int) -> Span:
    """Returns a part of a film of some seconds with a frame in its middle, moved inwards at the film's ends."""
    length = min(max(round(seconds * fps), 1), frames)
    first = min(max(frame - length // 2, 0), frames - length)
    return Span(start=Fraction(first), stop=Fraction(first + length), unit="frames")


def plan_frames(span: Span, fps: Fraction, frames: int) -> tuple[int, int]:
    """Returns the first and the last frame (that one included) of a part of a film.

    Args:
        span: The part.
        fps: The film's rate.
        frames: The film's length in frames; a part that ends later ends there.

    Raises:
        ArgumentError: The part begins after the film's end, or no frame begins in it.
    """
    scale = Fraction(1) if span.unit == "frames" else fps
    first, stop = math.ceil(span.start * scale), math.ceil(span.stop * scale)
    if first >= frames:
        raise ArgumentError(
            f"clip: must begin before the film ends, at {float(frames / fps):.3f} s or frame {frames} "
            f"(got {float(span.start):g} {span.unit}). Give an earlier START"
        )
    last = min(stop, frames) - 1
    if last < first:
        raise ArgumentError("clip: no frame begins between START and END. Give a longer part")
    return first, last


def _parse_time(text: str) -> Fraction | None:
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", text):
        return None
    total = Fraction(0)
    for part in text.split(":"):
        total = total * 60 + Fraction(part)
    return total
