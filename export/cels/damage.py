"""What film and codecs do to clean pictures, so that a network does not take it for motion."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

type Pixels = NDArray[np.uint8]
type Field = NDArray[np.float32]


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


def _noise(rng: np.random.Generator, size: tuple[int, int], channels: int, strength: float) -> Field:
    """Return normal noise, (H, W) or (H, W, channels): OpenCV's, seeded by `rng`, in a quarter of numpy's time."""
    height, width = size
    noise = np.empty((height, width * channels), np.float32)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(noise, np.zeros(1), np.array([strength]))
    return noise if channels == 1 else noise.reshape(height, width, channels)


def wear(pixels: Pixels, damage: Damage, rng: np.random.Generator) -> Pixels:
    """Return the picture with grain, then blocks.

    Args:
        pixels: (H, W, 3) uint8.
        damage: How worn it is.
        rng: Source of the grain, different in each picture.
    """
    if damage.grain:
        height, width = pixels.shape[:2]
        grains = (-(-height // damage.grain_size), -(-width // damage.grain_size))
        # A third as strong in each colour alone as in all of them.
        noise = cv2.add(_noise(rng, grains, 3, damage.grain / 3), cv2.merge([_noise(rng, grains, 1, damage.grain)] * 3))
        if damage.grain_size > 1:
            noise = np.repeat(np.repeat(noise, damage.grain_size, axis=0), damage.grain_size, axis=1)
        pixels = np.asarray(cv2.add(pixels, noise[:height, :width], dtype=cv2.CV_8U), np.uint8)
    if damage.quality < 100:
        turned = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        _, packed = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, damage.quality])
        pixels = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)
    return pixels


@dataclass(frozen=True, kw_only=True, slots=True)
class Film:
    """What a film stock and its age do to each picture; codecs come later, see export.cels.codec."""

    grain: float = 0.0
    """Standard deviation of the grain in code values of 8 bit."""
    soft: float = 0.0
    """Blur of the grain in pixels: 0 is a grain a pixel."""
    dirt: float = 0.0
    """Specks and hairs in each picture, on average; they are there for one picture only."""
    scratches: int = 0
    """Lines down the picture, at the same place for the whole shot."""

    def expose(self, picture: Pixels, rng: np.random.Generator) -> Pixels:
        """Return a picture, (H, W, 3), on this film; grain and dirt differ in each."""
        if self.grain:
            noise = _noise(rng, picture.shape[:2], 1, 1.0)
            if self.soft:
                noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), self.soft), np.float32)
                noise *= 1 / max(float(noise.std()), 1e-6)
            noise *= self.grain
            picture = np.asarray(cv2.add(picture, cv2.merge([noise] * 3), dtype=cv2.CV_8U), np.uint8)
        specks = int(rng.poisson(self.dirt))
        return _dirty(picture, specks, self.scratches, rng) if specks or self.scratches else picture


def random_film(rng: np.random.Generator) -> Film:
    """Choose a film: half have no grain, and one in eight is old and dirty."""
    old = rng.random() < 0.125
    return Film(
        grain=float(rng.uniform(0.3, 7.0)) if rng.random() < 0.5 else 0.0,
        soft=float(rng.choice([0.0, 0.0, rng.uniform(0.4, 1.2)])),
        dirt=float(rng.uniform(0.5, 6.0)) if old else 0.0,
        scratches=int(rng.integers(0, 3)) if old else 0,
    )


def _dirty(picture: Pixels, specks: int, scratches: int, rng: np.random.Generator) -> Pixels:
    """Lay specks, hairs and scratches on a picture, dark or light."""
    layer = picture.copy()
    height, width = picture.shape[:2]
    for _ in range(specks):
        corner = rng.integers(0, (width, height))
        steps = rng.normal(0, 0.02 * height, (int(rng.integers(1, 6)), 2)).cumsum(axis=0)
        points = np.concatenate([corner[None], corner + steps]).astype(np.int32)
        shade = (int(rng.integers(0, 60)), int(rng.integers(200, 256)))[int(rng.random() < 0.5)]
        cv2.polylines(layer, [points], False, (shade,) * 3, int(rng.integers(1, 3)), cv2.LINE_AA)
    for scratch in range(scratches):
        # The place follows from the film, not from the picture: a scratch runs through a whole shot.
        across = int(width * ((0.37 + 0.29 * scratch) % 1) + rng.normal(0, 0.7))
        cv2.line(layer, (across, 0), (across, height), (225, 225, 225), 1, cv2.LINE_AA)
    return np.asarray(cv2.addWeighted(picture, 0.2, layer, 0.8, 0), dtype=np.uint8)
