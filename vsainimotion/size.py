"""The size of an enlarged clip, from what was asked."""

import math
from dataclasses import dataclass
from fractions import Fraction

from vsainimotion.errors import ArgumentError
from vsainimotion.models.tiles import Size

LARGEST_PX = 16384
"""The longest side that can be asked for; H.264 and what plays video end there, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SizePlan:
    """What will be made of a clip's size: width and height in pixels."""

    width: int
    height: int
    keeps_ratio: bool
    """Whether width over height is the clip's, up to rounding; otherwise the sample aspect ratio changes."""


def plan_size(
    size: Size,
    step: Size = (1, 1),
    *,
    scale: float | Fraction | None = None,
    width: int | None = None,
    height: int | None = None,
) -> SizePlan:
    """Plans the size of an enlarged clip.

    What is not given follows the clip's ratio, rounded to the nearest multiple of the chroma subsampling.

    Args:
        size: Width and height of the clip in pixels.
        step: Width and height must be multiples of this: (2, 2) for 4:2:0.
        scale: Factor for both sides, at least 1.
        width: Width of the result in pixels.
        height: Height of the result in pixels.

    Returns:
        The plan.

    Raises:
        ArgumentError: Not exactly one of scale, or width and/or height, was given; a size is smaller than the
            clip's, larger than `LARGEST_PX`, or no multiple of the subsampling.
    """
    if (scale is None) == (width is None and height is None):
        raise ArgumentError(
            "upscale: give 'scale', or 'width', or 'height', or 'width' and 'height' "
            f"(got scale={scale}, width={width}, height={height})"
        )
    if scale is not None:
        if not 1 <= scale <= 16:
            raise ArgumentError(f"upscale: 'scale' must be 1 to 16 (got {scale})")
        factor = Fraction(scale).limit_denominator(10000)
        scaled = _round(size[0] * factor, step[0]), _round(size[1] * factor, step[1])
        _check_largest(scaled)
        return SizePlan(width=scaled[0], height=scaled[1], keeps_ratio=True)
    both = (
        width if width is not None else _round(Fraction(size[0] * (height or 0), size[1]), step[0]),
        height if height is not None else _round(Fraction(size[1] * (width or 0), size[0]), step[1]),
    )
    if both[0] < size[0] or both[1] < size[1]:
        raise ArgumentError(
            f"upscale: the result must be at least as large as the clip, {size[0]}x{size[1]} "
            f"(got {both[0]}x{both[1]}). Use core.resize to shrink"
        )
    _check_largest(both)
    for name, side, multiple in zip(("width", "height"), both, step, strict=True):
        if side % multiple:
            raise ArgumentError(f"upscale: '{name}' must be a multiple of {multiple} for this format (got {side})")
    follows = abs(both[0] * size[1] - both[1] * size[0]) < max(step[0] * size[1], step[1] * size[0])
    return SizePlan(width=both[0], height=both[1], keeps_ratio=width is None or height is None or follows)


def _check_largest(size: Size) -> None:
    if max(size) > LARGEST_PX:
        raise ArgumentError(
            f"upscale: no side of the result may be longer than {LARGEST_PX} pixels (got {size[0]}x{size[1]})"
        )


def _round(value: Fraction, step: int) -> int:
    return max(step, math.floor(value / step + Fraction(1, 2)) * step)
