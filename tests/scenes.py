"""Small moving pictures with known answers, drawn by native expressions."""

import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray

core = vs.core

TEXTURE = "{x} 0.11 * sin {y} 0.07 * cos * 50 * {x} 0.031 * {y} 0.043 * + sin 40 * + 118 +"
OTHER_TEXTURE = "{x} 0.05 * {y} 0.09 * - sin 60 * {y} 0.21 * cos 25 * + 105 +"


def blank(length: int, width: int = 320, height: int = 180, fmt: int = vs.GRAY8) -> vs.VideoNode:
    return core.std.BlankClip(width=width, height=height, format=fmt, length=length, fpsnum=24000, fpsden=1001)


def draw(length: int, expression: str, width: int = 320, height: int = 180, fmt: int = vs.GRAY8) -> vs.VideoNode:
    """Draws the first plane by an expression of X, Y and N; other planes are a gentle ramp."""
    clip = blank(length, width, height, fmt)
    planes = clip.format.num_planes
    return core.akarin.Expr(clip, [expression, *["X Y + 4 / 100 +"] * (planes - 1)][:planes])


def still(length: int, texture: str = TEXTURE, **size: int) -> vs.VideoNode:
    return draw(length, texture.format(x="X", y="Y"), **size)


def pan(length: int, speed: float, texture: str = TEXTURE, **size: int) -> vs.VideoNode:
    """Moves to the left by `speed` pixels a frame."""
    return draw(length, texture.format(x=f"X N {speed} * +", y="Y"), **size)


def box(length: int, speed: float, side: int = 24, **size: int) -> vs.VideoNode:
    """A bright box that moves to the right over a still texture."""
    inside = f"X N {speed} * 40 + >= X N {speed} * {40 + side} + < and Y 60 >= and Y {60 + side} < and"
    return draw(length, f"{inside} 235 {TEXTURE.format(x='X', y='Y')} ?", **size)


def figure(length: int, place: str, speed: float, *, every: int = 1, step: float = 0, **size: int) -> vs.VideoNode:
    """A patterned disk with an ink line over a texture that moves to the left by `speed` pixels a frame.

    Args:
        length: Frames.
        place: Expression of the disk's column, of `N`, the frame.
        speed: Of the pan, in pixels a frame.
        every: A new drawing comes every so many frames.
        step: By how many pixels a frame the disk's drawings go to the right and their pattern down, half as fast.
        **size: Width and height.
    """
    drawn = f"N {every} / floor {every * step} * drawn!"
    apart = f"X {place} - drawn@ - dup * Y 90 - dup * + sqrt apart!"
    pattern = f"Y drawn@ 2 / - 0.3 * sin 40 * X {place} - drawn@ - 0.25 * sin 40 * + 150 +"
    disk = f"apart@ 42 < {pattern} apart@ 46 < 16 {TEXTURE.format(x=f'X N {speed} * +', y='Y')} ? ?"
    return draw(length, f"{drawn} {apart} {disk}", **size)


def array(clip: vs.VideoNode, n: int, plane: int = 0) -> NDArray[np.generic]:
    """Copies a plane of a frame."""
    with clip.get_frame(n) as frame:
        return np.array(frame[plane])


def values(clip: vs.VideoNode, prop: str) -> list[float]:
    """Reads a property of every frame."""
    return [frame.props[prop] for frame in clip.frames(close=True)]  # type: ignore[misc] # numbers, by contract


def count_requests(clip: vs.VideoNode) -> tuple[vs.VideoNode, list[int]]:
    """Returns the clip and a list that grows by the number of each frame that is made of it, once each time."""
    asked: list[int] = []

    def note(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        asked.append(n)
        return f

    return clip.std.ModifyFrame(clips=clip, selector=note), asked
