"""The frame rate of a film, from its timestamps: exact when it is constant, a sound choice when it is not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

STANDARD_RATES = (
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120, 12, 15)),
    *(Fraction(rate) for rate in (24, 25, 30, 50, 60, 48, 100, 120, 12, 15, 10)),
)
"""Rates that films really have. A rate measured within a container's rounding is taken to be one of these."""

FALLBACK_RATE = Fraction(25)
"""Rate of a film that has neither timestamps nor a declared rate."""

NEAR = Fraction(1, 200)
"""How far (as a share) a measured variable rate may be from a standard rate to be read at that rate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A film's frame rate."""

    fps: Fraction
    """Frames a second; for a variable rate the constant rate at which the film is read."""
    constant: bool
    """Whether every timestamp fits `fps` within the rounding of the container's time base."""
    slowest: Fraction
    """Rate over the longest gap between two frames."""
    fastest: Fraction
    """Rate over the shortest gap between two frames."""


def find_rate(pts: Sequence[int | None], time_base: Fraction, declared: Fraction | None = None) -> Rate:
    """Finds the rate of a film from the timestamps of its frames.

    A rate is constant when one frame duration explains every timestamp within one tick of the time base, which is
    what rounding can do. All durations that do so form an interval; the rate is the container's own if it lies
    there, else a standard rate that lies there, else the simplest fraction that lies there. So 24000/1001 is found
    exactly although a Matroska file has milliseconds only.

    Args:
        pts: Timestamps of the frames in display order, in ticks of `time_base`; None for a frame that has none, as
            MPEG program streams have it.
        time_base: Seconds for each tick.
        declared: The rate that the container declares, if any.

    Returns:
        The rate; a film with less than two timestamps has the declared rate, or 25.
    """
    known = [(number, stamp) for number, stamp in enumerate(pts) if stamp is not None]
    gaps = [Fraction(later - stamp, after - number) for (number, stamp), (after, later) in pairwise(known)]
    if not gaps:
        fps = declared or FALLBACK_RATE
        return Rate(fps=fps, constant=True, slowest=fps, fastest=fps)
    one = Fraction(1)
    slowest, fastest = 1 / (max(one, *gaps) * time_base), 1 / (max(one, min(gaps)) * time_base)
    interval = _durations(known)
    if interval is None and len(known) < len(pts):
        # Without all timestamps a film cannot be read by time: it is read frame by frame at its average rate.
        average = (known[-1][1] - known[0][1]) / Fraction(known[-1][0] - known[0][0])
        return Rate(fps=_reading_rate([average], time_base), constant=True, slowest=slowest, fastest=fastest)
    if interval is None:
        return Rate(fps=_reading_rate(gaps, time_base), constant=False, slowest=slowest, fastest=fastest)
    low, high = 1 / (interval[1] * time_base), 1 / (max(interval[0], Fraction(1, 2)) * time_base)
    return Rate(fps=_choose(low, high, declared), constant=True, slowest=slowest, fastest=fastest)


def simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """Returns the fraction with the smallest denominator in the closed interval from low to high.

    Reference: the Stern-Brocot tree, walked by continued fractions.
    """
    whole = math.floor(low)
    if whole == low:
        return Fraction(whole)
    if whole + 1 <= high:
        return Fraction(whole + 1)
    return whole + 1 / simplest_between(1 / (high - whole), 1 / (low - whole))


def _durations(known: Sequence[tuple[int, int]]) -> tuple[Fraction, Fraction] | None:
    """Returns the interval of frame durations (in ticks) that explain all timestamps, or None if none does.

    Products of integers are compared, not fractions: this runs over every frame of a film.
    """
    if any(later <= stamp for (_, stamp), (_, later) in pairwise(known)):
        return None
    first, start = known[0]
    low, high = (0, 1), (known[-1][1] - start + 2, 1)
    for number, stamp in known[1:]:
        count, elapsed = number - first, stamp - start
        if (elapsed - 1) * low[1] > low[0] * count:
            low = (elapsed - 1, count)
        if (elapsed + 1) * high[1] < high[0] * count:
            high = (elapsed + 1, count)
    if low[0] * high[1] > high[0] * low[1]:
        return None
    return Fraction(*low), Fraction(*high)


def _choose(low: Fraction, high: Fraction, declared: Fraction | None) -> Fraction:
    candidates = [rate for rate in STANDARD_RATES if low <= rate <= high]
    if declared and low <= declared <= high:
        nearest = min(candidates, key=lambda rate: abs(rate - declared), default=declared)
        return nearest if abs(nearest - declared) <= declared / 10000 else declared
    middle = (low + high) / 2
    return min(candidates, key=lambda rate: abs(rate - middle)) if candidates else simplest_between(low, high)


def _reading_rate(gaps: Sequence[Fraction], time_base: Fraction) -> Fraction:
    """Chooses the constant rate for a variable film: that of its fastest lasting part, so that no drawing is lost."""
    ordered = sorted(gap for gap in gaps if gap > 0) or [Fraction(1)]
    short = ordered[len(ordered) // 10]
    alike = [gap for gap in ordered if abs(gap - short) * 10 <= short]
    fps = len(alike) / (sum(alike) * time_base)
    nearest = min(STANDARD_RATES, key=lambda rate: abs(rate - fps))
    if abs(nearest - fps) <= fps * NEAR:
        return nearest
    return min(fps, Fraction(240)).limit_denominator(1001)
