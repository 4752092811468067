"""Painted surfaces for backgrounds and patterned cels, as tiles that repeat without a seam or mirror at their edge."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import skia
from numpy.typing import NDArray

from export.cels.shapes import blob, ink_line, polygon, smooth

type Pixels = NDArray[np.uint8]
type Colours = NDArray[np.float64]

#: Side of a tile in pixels.
TILE = 384
#: How many different tiles the scenes draw from.
TILE_COUNT = 72


def cloud_noise(rng: np.random.Generator, slope: float, size: int = TILE) -> NDArray[np.float64]:
    """Return periodic noise in [0, 1] whose amplitude falls with frequency to the power `slope`, (size, size)."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) / frequency**slope
    spectrum[0, 0] = 0.0
    noise = np.fft.irfft2(spectrum, s=(size, size))
    noise = noise / (3.5 * noise.std()) + 0.5
    return np.clip(noise, 0.0, 1.0)


def palette(rng: np.random.Generator, count: int) -> Colours:
    """Return `count` related colours, (count, 3), RGB in [0, 255], from dark to light around one hue."""
    hue, spread = rng.uniform(0, 180), rng.uniform(4, 50)
    hues = (hue + rng.normal(0, spread, count)) % 180
    saturation = np.clip(rng.normal(rng.uniform(20, 170), 40, count), 0, 255)
    low, high = np.sort(rng.uniform(15, 255, 2))
    value = np.linspace(low, max(high, low + 50), count).clip(0, 255)
    hsv = np.stack([hues, saturation, value], axis=1).astype(np.uint8)[None]
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0], dtype=np.float64)


def colour(rgb: Colours) -> int:
    """Pack one RGB colour in [0, 255] for a paint."""
    red, green, blue = (round(float(value)) for value in rgb)
    return int(skia.Color(red, green, blue))


def washed(rng: np.random.Generator) -> Pixels:
    """Paint soft clouds of colour."""
    colours = palette(rng, 6)
    level = cloud_noise(rng, rng.uniform(0.9, 2.0)) * (len(colours) - 1)
    lower = np.minimum(level.astype(int), len(colours) - 2)
    share = (level - lower)[..., None]
    return np.asarray(colours[lower] * (1 - share) + colours[lower + 1] * share, dtype=np.uint8)


def _on_canvas(rng: np.random.Generator, draw: Callable[[skia.Canvas, Colours], None]) -> Pixels:
    surface = skia.Surface(TILE, TILE)
    colours = palette(rng, 7)
    with surface as canvas:
        canvas.clear(colour(colours[0]))
        draw(canvas, colours)
    drawn = surface.toarray(colorType=skia.ColorType.kRGBA_8888_ColorType)
    return np.array(drawn[..., :3], dtype=np.uint8)


def leaves(rng: np.random.Generator) -> Pixels:
    """Paint overlapping shapes of all sizes: the statistics of natural scenes (dead leaves)."""
    smallest, count = rng.uniform(2, 6), int(rng.integers(300, 1400))
    soft = bool(rng.random() < 0.6)

    def draw(canvas: skia.Canvas, colours: Colours) -> None:
        paint = skia.Paint(AntiAlias=True)
        for _ in range(count):
            radius = min(smallest / math.sqrt(rng.uniform(0.0008, 1)), 90.0)
            shade = colours[rng.integers(len(colours))] + rng.normal(0, 14)
            paint.setColor(colour(np.clip(shade, 0, 255)))
            points = blob(rng, radius, corners=int(rng.integers(4, 9)), rough=0.4) + rng.uniform(0, TILE, 2)
            canvas.drawPath(smooth(points) if soft else polygon(points), paint)

    return _on_canvas(rng, draw)


def strokes(rng: np.random.Generator) -> Pixels:
    """Paint blades and brush strokes along one wavering direction: grass, hair, fur, rain."""
    heading, spread = rng.uniform(0, math.pi), rng.uniform(0.05, 0.7)
    length, width = rng.uniform(10, 70), rng.uniform(1.2, 5.0)

    def draw(canvas: skia.Canvas, colours: Colours) -> None:
        paint = skia.Paint(AntiAlias=True)
        for _ in range(int(min(2200, 70000 / length))):
            angle, start = heading + rng.normal(0, spread), rng.uniform(-20, TILE + 20, 2)
            bend = np.array([[0, 0], [0.5, rng.normal(0, 0.15)], [1, 0]]) * length * rng.uniform(0.4, 1.2)
            turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
            shade = np.clip(colours[rng.integers(len(colours))] + rng.normal(0, 10), 0, 255)
            paint.setColor(colour(shade))
            canvas.drawPath(ink_line(start + bend @ turn, width), paint)

    return _on_canvas(rng, draw)


def masonry(rng: np.random.Generator) -> Pixels:
    """Paint bricks, planks, tiles or rows of windows: repeated straight edges, where motion is easily mistaken."""
    columns, rows = int(rng.integers(2, 16)), int(rng.integers(3, 20))
    width, height = TILE / columns, TILE / rows
    gap, stagger, uneven = rng.uniform(0.04, 0.35), float(rng.choice([0.0, 0.5])), rng.uniform(0, 18)

    def draw(canvas: skia.Canvas, colours: Colours) -> None:
        paint = skia.Paint(AntiAlias=True)
        base = colours[rng.integers(1, len(colours))]
        for row in range(rows):
            for column in range(-1, columns):
                lit = colours[-1] if rng.random() < 0.06 else base
                paint.setColor(colour(np.clip(lit + rng.normal(0, uneven), 0, 255)))
                left = (column + stagger * (row % 2)) * width
                margin = gap * min(width, height)
                canvas.drawRect(skia.Rect.MakeXYWH(left, row * height, width - margin, height - margin), paint)

    return _on_canvas(rng, draw)


@functools.cache
def tile(index: int) -> Pixels:
    """Return tile number `index` modulo TILE_COUNT, (TILE, TILE, 3) uint8: the same pixels in every process."""
    number = index % TILE_COUNT
    rng = np.random.default_rng([7301, number])
    pixels = (washed, leaves, strokes, leaves, masonry, strokes)[number % 6](rng)
    worn = pixels + (cloud_noise(rng, rng.uniform(0.3, 1.6))[..., None] - 0.5) * rng.uniform(0, 70)
    return np.clip(worn, 0, 255).astype(np.uint8)


@functools.cache
def tile_paint(index: int) -> skia.Paint:
    """Return a paint that covers the plane with mirrored copies of a tile, one scene unit for each pixel.

    It is kept, because the binding copies an image, encoded, whenever a shader is given to a paint.
    """
    return _paint(tile(index), skia.TileMode.kMirror, skia.MipmapMode.kLinear)


@functools.cache
def quick_paint(index: int) -> skia.Paint:
    """Return a paint that looks as `tile_paint`'s does and takes a third of its time.

    Each place is looked up in the nearest size of the tile, not in two of them. The four mirrored copies lie in memory
    (3 MiB with their smaller sizes), because skia repeats an image faster than it mirrors one.
    """
    pixels = tile(index)
    row = np.concatenate([pixels, pixels[:, ::-1]], axis=1)
    return _paint(np.concatenate([row, row[::-1]]), skia.TileMode.kRepeat, skia.MipmapMode.kNearest)


def _paint(pixels: Pixels, beyond: skia.TileMode, between_sizes: skia.MipmapMode) -> skia.Paint:
    opaque = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    # With its smaller sizes: skia's own cache does not hold those of all tiles.
    image = skia.Image.fromarray(np.ascontiguousarray(opaque), skia.ColorType.kRGBA_8888_ColorType)
    image = image.withDefaultMipmaps()
    sampling = skia.SamplingOptions(skia.FilterMode.kLinear, between_sizes)
    return skia.Paint(AntiAlias=True, Shader=image.makeShader(beyond, beyond, sampling))


@dataclass(frozen=True, slots=True)
class Texture:
    """A tile laid over the plane."""

    index: int
    """Number of the tile, modulo TILE_COUNT."""
    scale: float = 1.0
    """Scene units for each pixel of the tile."""
    angle: float = 0.0
    """Turn in radians."""
    quick: bool = False
    """Painted in a third of the time, a little less smooth where it is seen from afar."""

    def fill(self, canvas: skia.Canvas, path: skia.Path) -> None:
        """Paint all of a path."""
        canvas.save()
        if not self.quick:
            canvas.clipPath(path, doAntiAlias=True)
        canvas.rotate(math.degrees(self.angle))
        canvas.scale(self.scale, self.scale)
        if self.quick:
            # In the tile's own coordinates: a path is filled faster than a clip of its shape.
            back = skia.Matrix.Scale(1 / self.scale, 1 / self.scale).preRotate(-math.degrees(self.angle))
            own = skia.Path(path)
            own.transform(back)
            canvas.drawPath(own, quick_paint(self.index % TILE_COUNT))
        else:
            canvas.drawPaint(tile_paint(self.index % TILE_COUNT))
        canvas.restore()
