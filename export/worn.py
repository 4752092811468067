"""Make pairs for networks that restore: colour stills as they were, and the same halved and put through a codec.

    python -m export.worn --pictures data/pictures --out data/worn

Whole stills go through the codec, many at once: its blocks lie anywhere in the crops that a run cuts from them, and
a step waits for no encoder.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import torch
import vapoursynth as vs
from numpy.typing import NDArray

from export.cels.codec import damaged
from export.film_stills import FILM_STILLS
from export.halving import halve
from export.pixels import Pixels, clip_of, pictures_of
from vsainimotion.rgb import to_rgb


@dataclass(frozen=True, kw_only=True, slots=True)
class Wear:
    """How small pictures are damaged; each number below 1 is the share of groups of stills it happens to."""

    clean: float
    """No codec touches them: a clean source must stay clean."""
    rates: Mapping[str, tuple[int, int]]
    """Best and worst rate of each codec of `export.cels.codec.CODECS`."""
    tiled: float
    """Four stills at half their size in place of each, so that lines get thinner and shapes smaller."""
    subsampled: float
    """Share of those that no codec touches whose chroma is at half size all the same, as in nearly every film."""
    held: int
    """Most frames for which the codec sees a still: it spends less on one that is gone at once."""
    panned: float
    """They pass by, up to `_FASTEST_PX` pixels a frame in each direction: between key frames damage moves along."""
    grained: float = 0.0
    """Share of those that no codec touches which have grain, as drawn and small: a clean source keeps it."""
    crossed: float = 0.0
    """Part of another still, with an ink line around it, moves over each: where it was, an encoder leaves traces."""


WEAR = Wear(
    clean=0.35, rates=MappingProxyType({"x264": (16, 34), "x265": (18, 34), "mpeg2": (2, 10)}),
    tiled=0.3, subsampled=0.6, held=8, panned=0.4,
)  # fmt: skip
"""From traces that a careful eye finds to what anybody sees: the network has to tell how much a picture suffered."""
CROSSED_WEAR = replace(WEAR, clean=0.0, crossed=1.0, tiled=0.5)
"""For pairs beside those of `WEAR`: figures move over what stands still or passes by."""
STRONG_WEAR = replace(
    WEAR, grained=0.5,
    rates=MappingProxyType({"x264-medium": (16, 42), "x265-fast": (18, 42), "mpeg2": (2, 20)}),
)  # fmt: skip
"""As films are encoded, by encoders that take their time, and worse than anybody would: outlines all but dissolve."""
LINES_WEAR = replace(STRONG_WEAR, clean=0.15, tiled=0.15, crossed=0.3)
"""For line art alone, which a network that restores is for."""
FILM_WEAR = replace(WEAR, clean=1.0)
"""For `export.film_stills`: what is film already has fine grain, which a network must not learn to take for damage."""
WEARS = MappingProxyType({"even": WEAR, "crossed": CROSSED_WEAR, "strong": STRONG_WEAR, "lines": LINES_WEAR})
"""What the program can do to stills, by name."""

_HALVINGS = ("area", "area", "bicubic", "bicubic", "lanczos", "mitchell")
_FASTEST_PX = 3
#: Standard deviation of grain in codes, and that of the kernel that makes it soft, in pixels of the large picture.
_GRAIN_CODES = (1.0, 5.0)
_GRAIN_PX = (0.3, 1.2)
#: Stills that go through one encoder at one rate.
_GROUP = 20


def pair_type(size: int) -> np.dtype[np.void]:
    """Return the layout of a pair: `small`, (size/2, size/2, 3), and `large`, (size, size, 3), RGB; was it damaged."""
    half = size // 2
    return np.dtype([("small", np.uint8, (half, half, 3)), ("large", np.uint8, (size, size, 3)), ("damaged", bool)])


def worn(stills: Pixels, rng: np.random.Generator, wear: Wear = WEAR) -> NDArray[np.void]:
    """Return the pairs of (N, size, size, 3) stills, a quarter as many where four are put into one; size / 4 is even.

    Raises:
        ValueError: The stills are not square, or their size is no multiple of 8.
    """
    size = stills.shape[1]
    if stills.ndim != 4 or size != stills.shape[2] or size % 8:
        raise ValueError(f"worn: 'stills' must be square with a side that 8 divides (got shape {stills.shape})")
    if rng.random() < wear.tiled and len(stills) >= 4:
        stills = _tiled(stills)
    pairs = np.zeros(len(stills), pair_type(size))
    kernel = _HALVINGS[int(rng.integers(len(_HALVINGS)))]
    is_clean = rng.random() < wear.clean
    if is_clean and wear.grained and rng.random() < wear.grained:
        stills = _grained(stills, rng)
    pairs["large"] = stills
    small = _halved(stills, kernel)
    if not is_clean:
        name = sorted(wear.rates)[int(rng.integers(len(wear.rates)))]
        best, worst = wear.rates[name]
        rate = int(rng.integers(best, worst + 1))
        if wear.crossed and rng.random() < wear.crossed:
            pairs["large"], small = _crossed(stills, kernel, name, rate, rng, wear)
        else:
            small = _filmed(small, name, rate, rng, wear)
        pairs["damaged"] = True
    elif rng.random() < wear.subsampled:
        small = _from_yuv(_to_yuv(small))
    pairs["small"] = small
    return pairs


def _grained(stills: Pixels, rng: np.random.Generator) -> Pixels:
    """Return stills under grain that is the same in all colours."""
    noise = rng.standard_normal(stills.shape[:3], np.float32)
    soft = np.stack([cv2.GaussianBlur(one, (0, 0), rng.uniform(*_GRAIN_PX)) for one in noise])
    soft *= rng.uniform(*_GRAIN_CODES) / soft.std()
    return np.asarray(np.rint(stills + soft[..., None]).clip(0, 255), np.uint8)


def _filmed(small: Pixels, name: str, rate: int, rng: np.random.Generator, wear: Wear) -> Pixels:
    """Return one frame of the shot that a codec makes of each picture, as the product reads it."""
    frames = int(rng.integers(1, wear.held + 1))
    shown = int(rng.integers(frames))
    speed = rng.integers(-_FASTEST_PX, _FASTEST_PX + 1, 2) * (rng.random() < wear.panned)
    film = np.stack([_moved(small, (frame - shown) * speed) for frame in range(frames)], axis=1)
    return _coded(film, shown, name, rate)


def _crossed(
    stills: Pixels, kernel: str, name: str, rate: int, rng: np.random.Generator, wear: Wear
) -> tuple[Pixels, Pixels]:
    """Return one frame of each shot in which a figure moves over a still, large as drawn and small as coded."""
    frames = int(rng.integers(2, wear.held + 1))
    shown = int(rng.integers(frames))
    # Whole pixels of the small picture, so that a halved frame moves as the large one does.
    ground = 2 * rng.integers(-_FASTEST_PX, _FASTEST_PX + 1, 2) * (rng.random() < wear.panned)
    steps = 2 * rng.integers(-2 * _FASTEST_PX, 2 * _FASTEST_PX + 1, (len(stills), 2))
    figures = [_figure(stills.shape[1], rng) for _ in stills]
    film = np.empty((frames, *stills.shape), np.uint8)
    for frame in range(frames):
        under = _moved(stills, (frame - shown) * ground)
        # What the figure is filled with is the next still.
        for index, (shape, ink, colour) in enumerate(figures):
            layers = np.dstack([stills[index - 1], shape, ink])[None]
            over = _moved(layers, (frame - shown) * steps[index])[0].astype(np.float32)
            inside, line = over[..., 3:4] / 255, over[..., 4:5] / 255
            filled = under[index] * (1 - inside) + over[..., :3] * inside
            film[frame, index] = np.rint(filled * (1 - line) + colour * line)
    small = np.stack([_halved(pictures, kernel) for pictures in film], axis=1)
    return film[shown], _coded(small, shown, name, rate)


def _coded(film: Pixels, shown: int, name: str, rate: int) -> Pixels:
    """Return one frame of each shot of (N, frames, H, W, 3), as a codec leaves it and the product reads it."""
    frames = film.shape[1]
    coded = damaged(_to_yuv(film.reshape(-1, *film.shape[2:])), name, rate, shot_frames=frames)
    return _from_yuv(coded[shown::frames])


def _figure(size: int, rng: np.random.Generator) -> tuple[Pixels, Pixels, NDArray[np.float32]]:
    """Draw a round shape of a quarter to a half of the side, (size, size): itself, the line around it, its colour."""
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    radius = np.full(64, rng.uniform(0.12, 0.25) * size)
    for waves in range(2, 6):
        radius *= 1 + rng.uniform(0, 0.6 / waves) * np.cos(waves * turn + rng.uniform(0, 2 * np.pi))
    middle = rng.uniform(0.3, 0.7, 2) * size
    # cv2 takes places in sixteenths.
    places = np.rint(16 * (middle + radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1))).astype(np.int32)
    shape, ink = np.zeros((size, size), np.uint8), np.zeros((size, size), np.uint8)
    cv2.fillPoly(shape, [places], 255, cv2.LINE_AA, 4)
    cv2.polylines(ink, [places], True, 255, int(rng.integers(2, 7)), cv2.LINE_AA, 4)
    return shape, ink, rng.uniform(0, 60, 3).astype(np.float32)


def _to_yuv(pictures: Pixels) -> Pixels:
    """Return RGB as YUV 4:2:0 by BT.709, (N, 3/2 H, W): the planes of each picture one after the other."""
    count, height, width = pictures.shape[:3]
    clip = clip_of(vs.RGB24, (width, height), pictures.transpose(0, 3, 1, 2))
    yuv = clip.resize.Bicubic(format=vs.YUV420P8, matrix=vs.MATRIX_BT709, range=vs.RANGE_LIMITED)
    planes = [np.asarray(frame[plane]).ravel() for frame in yuv.frames(close=False) for plane in range(3)]
    return np.concatenate(planes).reshape(count, height * 3 // 2, width)


def _from_yuv(pictures: Pixels) -> Pixels:
    """Return what `_to_yuv` made, as the product's networks get it."""
    count, rows, width = pictures.shape
    luma, blue, red = np.split(pictures.reshape(count, -1), [rows * width * 2 // 3, rows * width * 5 // 6], axis=1)
    height = rows * 2 // 3
    planes = [plane.reshape(count, -1, width // step) for plane, step in ((luma, 1), (blue, 2), (red, 2))]
    clip = clip_of(vs.YUV420P8, (width, height), list(zip(*planes, strict=True)))
    clip = clip.std.SetFrameProps(_Matrix=vs.MATRIX_BT709, _Range=0, _ChromaLocation=0)
    return np.stack(list(pictures_of(to_rgb(clip).resize.Point(format=vs.RGB24))))


def _moved(pictures: Pixels, by: NDArray[np.int64]) -> Pixels:
    """Move pictures by whole pixels down and across; their edges are repeated."""
    rows, columns = (
        np.clip(np.arange(side) - step, 0, side - 1) for side, step in zip(pictures.shape[1:3], by, strict=True)
    )
    return pictures[:, rows[:, None], columns]


def _halved(stills: Pixels, kernel: str) -> Pixels:
    planes = torch.from_numpy(np.ascontiguousarray(stills.transpose(0, 3, 1, 2))).float() / 255
    codes = np.rint(halve(planes, kernel).clamp(0, 1).numpy() * 255).astype(np.uint8)
    return np.ascontiguousarray(codes.transpose(0, 2, 3, 1))


def _tiled(stills: Pixels) -> Pixels:
    quarters = _halved(stills[: len(stills) // 4 * 4], "area")
    count, side = len(quarters) // 4, quarters.shape[1]
    grid = quarters.reshape(count, 2, 2, side, side, 3).transpose(0, 1, 3, 2, 4, 5)
    return np.ascontiguousarray(grid.reshape(count, 2 * side, 2 * side, 3))


def save_worn(source: Path, path: Path, times: int, wear: str = "even") -> int:
    """Write the pairs that a key of WEARS makes of stills beside their place, and rename them; return how many."""
    torch.set_num_threads(1)
    stills = np.load(source, mmap_mode="r")
    done = FILM_WEAR if source.name == FILM_STILLS else WEARS[wear]
    # Each file its own numbers, the same on any machine.
    rng = np.random.default_rng(list(source.name.encode()))
    found = []
    for _ in range(times):
        order = rng.permutation(len(stills))
        groups = [np.sort(order[first : first + _GROUP]) for first in range(0, len(order), _GROUP)]
        found += [worn(stills[group], rng, done) for group in groups]
    pairs = np.concatenate(found)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, pairs[rng.permutation(len(pairs))])
    unfinished.rename(path)
    return len(pairs)


def main() -> None:
    """Read the command line, and make a file of pairs for each file of stills."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of colour stills")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pairs")
    parser.add_argument("--times", type=int, default=4, help="how often each still is damaged anew")
    parser.add_argument("--wear", choices=sorted(WEARS), default="even", help="what is done to them")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    sources = sorted(options.pictures.glob("*.npy"))
    if not sources:
        parser.error(f"no stills in '{options.pictures}'. Render them with scripts/render_cels.py pictures")
    options.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(options.workers) as pool:
        wanted = [(source, options.out / source.name) for source in sources]
        jobs = [
            pool.submit(save_worn, source, path, options.times, options.wear)
            for source, path in wanted
            if not path.exists()
        ]
        print(f"{sum(job.result() for job in jobs)} pairs in {options.out}")  # noqa: T201 - a program prints


if __name__ == "__main__":
    main()
