"""Cut stills for upscalers from film that measures nothing: Big Buck Bunny at 720p, made smaller until it is sharp.

    python -m export.film_stills --clips ../shared/clips --out data/stills
    python -m export.film_stills --clips ../shared/clips --out data/pictures --colour

They lie beside the generated stills as one more shard and give textures that no generator draws: grass, fur, leaves.
The shots of bbb_1080p60, which upscalers are measured on, are not among them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray

from export.pixels import pictures_of

SOURCES = ("bbb_720p24_30s_cuts_vp8.webm", "bbb_720p24_10s_fade_pan.mp4")
FILM_STILLS = "train-film.npy"
#: Shrinking by at least 2 leaves little of what the codec did.
_SHRINK = (2.0, 2.8)
#: Standard deviation in codes below which a cut shows next to nothing.
_FLAT = 6.0


def luma_frames(path: Path, step: int) -> Iterator[NDArray[np.uint8]]:
    """Yield the full-range luma of every `step`-th frame, (H, W)."""
    plane = vs.core.std.ShufflePlanes(_every(path, step), 0, vs.GRAY).std.SetFrameProps(_Range=0)
    for frame in plane.resize.Point(format=vs.GRAY8, range=1).frames(close=True):
        yield np.array(frame[0])


def colour_frames(path: Path, step: int) -> Iterator[NDArray[np.uint8]]:
    """Return every `step`-th frame in colour, (H, W, 3) RGB."""
    return pictures_of(_every(path, step).resize.Bicubic(format=vs.RGB24, matrix_in=vs.MATRIX_BT709))


def _every(path: Path, step: int) -> vs.VideoNode:
    clip: vs.VideoNode = vs.core.bs.VideoSource(str(path), cachemode=0)[::step]
    return clip


def cut_stills(picture: NDArray[np.uint8], size: int, count: int, rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """Return up to `count` square cuts of a picture, made smaller; flat ones are left out."""
    found = []
    for _ in range(count):
        side = min(round(size * rng.uniform(*_SHRINK)), *picture.shape[:2])
        top, left = (int(rng.integers(length - side + 1)) for length in picture.shape[:2])
        cut = picture[top : top + side, left : left + side].astype(np.float32)
        small = cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA)
        if small.std() >= _FLAT:
            found.append(np.rint(small).clip(0, 255).astype(np.uint8))
    return found


def main() -> None:
    """Read the command line, cut, and write the shard beside its place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=Path("../shared/clips"))
    parser.add_argument("--out", type=Path, required=True, help="folder of the generated stills")
    parser.add_argument("--size", type=int, default=256, help="side of a still in pixels, as that of the others")
    parser.add_argument("--step", type=int, default=4, help="every how many frames")
    parser.add_argument("--cuts", type=int, default=4, help="stills from a frame")
    parser.add_argument("--colour", action="store_true", help="RGB, for networks of colour")
    options = parser.parse_args()
    rng = np.random.default_rng(7)
    frames = colour_frames if options.colour else luma_frames
    stills = [
        still
        for name in SOURCES
        for frame in frames(options.clips / name, options.step)
        for still in cut_stills(frame, options.size, options.cuts, rng)
    ]
    path = options.out / FILM_STILLS
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, np.stack(stills))
    unfinished.rename(path)
    print(f"{len(stills)} stills in {path}")  # noqa: T201 - a program prints


if __name__ == "__main__":
    main()
