"""What film and codecs do to clean pictures, so that a network does not take it for motion."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

type Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """How the pictures of one film are worn; the defaults leave them clean."""

    grain: float = 0.0
    """Standard deviation of the grain in code values of 8 bit."""
    grain_size: int = 1
    """Side of one grain in pixels."""
    quality: int = 100
    """JPEG quality, 1 to 100; 100 leaves the picture alone. Equal blocks stay equal, as in a codec's skipped blocks."""


def random_damage(rng: np.random.Generator) -> Damage:
    """Choose the wear of one film: half of them have no grain, two thirds no blocks."""
    grain = float(rng.uniform(0.3, 6.0)) if rng.random() < 0.5 else 0.0
    quality = int(rng.integers(45, 96)) if rng.random() < 0.35 else 100
    return Damage(grain=grain, grain_size=int(rng.integers(1, 3)), quality=quality)


def wear(pixels: Pixels, damage: Damage, rng: np.random.Generator) -> Pixels:
    """Return the picture with grain, then blocks.

    Args:
        pixels: (H, W, 3) uint8.
        damage: How worn it is.
        rng: Source of the grain, different in each picture.
    """
    if damage.grain:
        height, width = pixels.shape[:2]
        coarse = (-(-height // damage.grain_size), -(-width // damage.grain_size), 1)
        noise = rng.normal(0, damage.grain, coarse) * (1, 1, 1) + rng.normal(0, damage.grain / 3, (*coarse[:2], 3))
        for axis in (0, 1):
            noise = np.repeat(noise, damage.grain_size, axis=axis)
        pixels = np.clip(np.rint(pixels + noise[:height, :width]), 0, 255).astype(np.uint8)
    if damage.quality < 100:
        _, packed = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, damage.quality])
        pixels = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)
    return pixels
