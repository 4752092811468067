"""Still luma planes of generated scenes, sharp at their full size: the answers that upscalers learn from."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from export.cels.generate import CENTRE_FRAME, Mix, random_scene
from export.cels.render import render

#: Weight of red, green and blue in BT.709 luma.
LUMA = np.array([0.2126, 0.7152, 0.0722])
#: Scene units across a still.
_UNITS = 96.0
#: Those across a still of line art, at least and at most: lines up to twice as wide, and long, smooth outlines.
_NEAR_UNITS = (40.0, 96.0)


def picture(seed: int, size: int, mix: Mix | None = None) -> NDArray[np.uint8]:
    """Return a scene at its composed moment, (size, size, 3) RGB."""
    scene = random_scene(seed, width=_UNITS, height=_UNITS, mix=mix)
    return np.asarray(render(scene, CENTRE_FRAME, 0.5, (size, size)), dtype=np.uint8)


def still(seed: int, size: int) -> NDArray[np.uint8]:
    """Return the full-range luma of a scene at its composed moment, (size, size)."""
    return np.asarray(np.rint(picture(seed, size) @ LUMA), dtype=np.uint8)


def save_stills(path: Path, seeds: range, size: int) -> None:
    """Render one still for each seed into a .npy file, (N, size, size), beside its place, and rename it."""
    _save(path, np.stack([still(seed, size) for seed in seeds]))


def save_pictures(path: Path, seeds: range, size: int) -> None:
    """Render one colour still for each seed into a .npy file, (N, size, size, 3); half of them are plain line art."""
    _save(path, np.stack([picture(seed, size, Mix(plain=0.5)) for seed in seeds]))


def line_art(seed: int, size: int) -> NDArray[np.uint8]:
    """Return plain line art, (size, size, 3) RGB, from near or far; half is lit brightly, half has soft shadows."""
    rng = np.random.default_rng([61, seed])
    units = rng.uniform(*_NEAR_UNITS)
    scene = random_scene(seed, width=units, height=units, mix=Mix(plain=1.0))
    drawn = np.asarray(render(scene, CENTRE_FRAME, 0.5, (size, size)), dtype=np.uint8)
    if rng.random() < 0.5:
        gain = rng.uniform(200, 255) / max(np.percentile(drawn, 99), 64)
        drawn = np.rint(drawn * gain).clip(0, 255).astype(np.uint8)
    return _shaded(drawn, rng) if rng.random() < 0.5 else drawn


def _shaded(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Let a few soft shadows fall on a picture, over what lies there."""
    size, light = len(picture), np.ones(picture.shape[:2], np.float32)
    for _ in range(int(rng.integers(1, 5))):
        shadow = np.zeros_like(light)
        across, down = rng.uniform(0, size, 2)
        wide, high = rng.uniform(size / 20, size / 2, 2)
        middle, axes = (int(across), int(down)), (int(wide), int(high))
        cv2.ellipse(shadow, middle, axes, rng.uniform(0, 180), 0, 360, 1.0, cv2.FILLED)
        light *= 1 - rng.uniform(0.1, 0.5) * cv2.GaussianBlur(shadow, (0, 0), size * rng.uniform(0.01, 0.06))
    return np.rint(picture * light[..., None]).astype(np.uint8)


def save_line_art(path: Path, seeds: range, size: int) -> None:
    """Render one still of plain line art for each seed into a .npy file as `save_pictures` does."""
    _save(path, np.stack([line_art(seed, size) for seed in seeds]))


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, pixels)
    unfinished.rename(path)


#: How much larger than the small picture each of an exact set is.
PAIR_SCALES = (1, 2, 4)


def pair_type(size: int) -> np.dtype[np.void]:
    """Return the layout of one exact set: RGB pictures x1, x2 and x4, (H, W, 3), of `size` and its multiples."""
    return np.dtype([(f"x{scale}", np.uint8, (scale * size, scale * size, 3)) for scale in PAIR_SCALES])


def pair(seed: int, size: int) -> dict[str, NDArray[np.uint8]]:
    """Return one moment of a scene drawn at a size, at twice and at four times it: no scaler is between them."""
    scene = random_scene(seed, width=_UNITS, height=_UNITS)
    sides = {f"x{scale}": scale * size for scale in PAIR_SCALES}
    return {name: render(scene, CENTRE_FRAME, 0.5, (side, side)) for name, side in sides.items()}


def save_pairs(path: Path, seeds: range, size: int) -> None:
    """Render one exact set for each seed into a .npy file of records, beside its place, and rename it."""
    records = np.zeros(len(seeds), dtype=pair_type(size))
    for record, seed in zip(records, seeds, strict=True):
        for name, picture in pair(seed, size).items():
            record[name] = picture
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, records)
    unfinished.rename(path)
