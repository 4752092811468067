"""Pictures in memory as clips, and clips as pictures in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray

type Pixels = NDArray[np.uint8]


def clip_of(
    fmt: vs.PresetVideoFormat, size: tuple[int, int], pictures: Sequence[Sequence[Pixels]] | Pixels
) -> vs.VideoNode:
    """Return a clip at 24 fps of pictures in memory.

    Args:
        fmt: Of 8 bits.
        size: Width and height in pixels.
        pictures: The planes of each.
    """
    blank = vs.core.std.BlankClip(None, *size, fmt, len(pictures), fpsnum=24, fpsden=1, keep=True)

    def paint(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        frame = f.copy()
        for plane, pixels in enumerate(pictures[n]):
            np.copyto(np.asarray(frame[plane]), pixels)
        return frame

    return blank.std.ModifyFrame(blank, paint)


def pictures_of(clip: vs.VideoNode) -> Iterator[Pixels]:
    """Yield the frames of an RGB24 clip, (H, W, 3)."""
    for frame in clip.frames(close=True):
        yield np.dstack([np.asarray(frame[plane]) for plane in range(3)])
