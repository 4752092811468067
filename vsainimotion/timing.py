"""Time: rational rates and the schedule that says which source frames an output frame lies between.

Everything here is integer arithmetic. A rate is a `Fraction`, an output frame k has the time k / rate, and its
neighbours and timestep follow exactly, whatever the length of the film.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from vsainimotion.errors import ArgumentError

MAX_FRAMES = 2**31 - 1
"""VapourSynth counts frames in a signed 32-bit integer."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Which source frames each output frame lies between.

    The schedule repeats: `period` source frames become `len(offsets)` output frames.
    """

    factor: Fraction
    """Output rate over source rate."""
    period: int
    """Source frames in one repetition."""
    offsets: tuple[int, ...]
    """For each output frame of a repetition, the source frame at or before it, 0 to period - 1."""
    timesteps: tuple[Fraction, ...]
    """For each output frame of a repetition, how far it lies towards the next source frame, in [0, 1)."""
    num_frames: int
    """Output frames in all."""


def parse_rate(text: str) -> tuple[Fraction | None, Fraction | None]:
    """Reads a rate as people write it.

    `48`, `59.94`, `60000/1001` are frames per second, `2x` and `2.5x` multiples of the source. Decimals that mean an
    NTSC rate (23.976, 29.97, 47.952, 59.94, 119.88) are read as that rate.

    Args:
        text: The rate.

    Returns:
        The rate in frames per second and None, or None and the factor.

    Raises:
        ArgumentError: The text is not a rate above zero.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\d+/\d+)\s*(x?)\s*", text, re.ASCII)
    try:
        value = Fraction(match[1]) if match else Fraction(0)
    except ZeroDivisionError:
        value = Fraction(0)
    if match is None or value <= 0:
        raise ArgumentError(f"parse_rate: 'fps' must be a rate such as 48, 60000/1001, 2x or 2.5x (got {text!r}).")
    if match[2]:
        return None, value
    return snap_to_ntsc(value) if "." in match[1] else value, None


def snap_to_ntsc(rate: Fraction) -> Fraction:
    """Reads a rounded decimal as the exact n * 1000/1001 rate it stands for, and leaves every other rate alone.

    Args:
        rate: Frames per second.

    Returns:
        The NTSC rate if it is within 0.005 frames per second of one and no whole number is meant.
    """
    if rate.denominator == 1:
        return rate
    exact = Fraction(round(rate * Fraction(1001, 1000)) * 1000, 1001)
    return exact if abs(exact - rate) < Fraction(1, 200) else rate


def plan_schedule(num_frames: int, factor: Fraction) -> Schedule:
    """Plans the output frames for a constant change of rate.

    The output covers the time of the source: the last source frame lasts as long as any other, so that sound stays
    as long as the picture.

    Args:
        num_frames: Source frames, at least 1.
        factor: Output rate over source rate, above 0.

    Returns:
        The schedule; output frame k lies at source position k / factor.

    Raises:
        ArgumentError: The factor is not above zero, or there would be more frames than VapourSynth can count.
    """
    if factor <= 0:
        raise ArgumentError(f"interpolate: the new rate must be above 0 (got a factor of {factor}).")
    count = ceil(num_frames * factor)
    if count > MAX_FRAMES:
        raise ArgumentError(
            f"interpolate: {num_frames} frames times {factor} are more than VapourSynth can count. Use a lower rate."
        )
    step = 1 / factor
    positions = [divmod(k * step.numerator, step.denominator) for k in range(min(step.denominator, count))]
    return Schedule(
        factor=factor,
        period=step.numerator,
        offsets=tuple(whole for whole, _ in positions),
        timesteps=tuple(Fraction(rest, step.denominator) for _, rest in positions),
        num_frames=count,
    )
