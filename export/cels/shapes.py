"""Outlines of cels: smooth closed curves, ink lines of varying width, and the shapes that scenery is made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import skia
from numpy.typing import NDArray

type Points = NDArray[np.float64]


def smooth(points: Points, *, closed: bool = True) -> skia.Path:
    """Return the path through `points`, (N, 2), with Catmull-Rom tangents as cubic curves."""
    ends = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    padded = np.concatenate([ends[0], points, ends[1]])
    before, start, stop, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    controls = np.concatenate([start + (stop - before) / 6, stop - (after - start) / 6, stop], axis=1)
    path = skia.Path()
    path.moveTo(*points[0].tolist())
    for control in controls.tolist():
        path.cubicTo(*control)
    if closed:
        path.close()
    return path


def polygon(points: Iterable[Sequence[float]]) -> skia.Path:
    """Return the closed polygon through `points`."""
    return skia.Path.Polygon([skia.Point(float(x), float(y)) for x, y in points], True)


def ellipse(x: float, y: float, width: float, height: float) -> skia.Path:
    """Return the ellipse with centre (x, y) and half axes `width` and `height`."""
    return skia.Path.Oval(skia.Rect.MakeLTRB(x - width, y - height, x + width, y + height))


def ink_line(points: Points, width: float, *, taper: float = 0.15) -> skia.Path:
    """Return an open pen stroke as an outline: full `width` in the middle, `taper` times that at both ends.

    Args:
        points: (N, 2), at least two points along the stroke.
        width: Width at the thickest place, in scene units.
        taper: Width at the ends as a share of `width`, 0 to 1.
    """
    along = np.linspace(0.0, 1.0, len(points))
    swell = taper + (1 - taper) * np.sin(math.pi * along)
    tangent = np.gradient(points, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    side = normal * (swell * width / 2)[:, None]
    return smooth(np.concatenate([points + side, (points - side)[::-1]]))


def bezier(*points: tuple[float, float], count: int = 12) -> Points:
    """Return `count` points along the Bezier curve of any degree with the control points given."""
    control = np.asarray(points, dtype=np.float64)
    along = np.linspace(0.0, 1.0, count)[:, None]
    while len(control) > 1:
        if control.ndim == 2:
            control = np.repeat(control[:, None, :], count, axis=1)
        control = control[:-1] * (1 - along) + control[1:] * along
    return np.asarray(control[0])


def blob(rng: np.random.Generator, radius: float, *, corners: int = 9, rough: float = 0.25) -> Points:
    """Return a random closed outline around the origin, (corners, 2), of about the given radius."""
    angles = (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) * (2 * math.pi / corners)
    reach = radius * (1 + rough * rng.uniform(-1, 1, corners))
    return np.stack([np.cos(angles) * reach, np.sin(angles) * reach * rng.uniform(0.5, 1.0)], axis=1)


def star(radius: float, spikes: int, depth: float) -> Points:
    """Return a star around the origin, (2 * spikes, 2); `depth` is the inner radius as a share of the outer."""
    angles = np.arange(2 * spikes) * (math.pi / spikes)
    reach = np.where(np.arange(2 * spikes) % 2 == 0, radius, radius * depth)
    return np.stack([np.cos(angles) * reach, np.sin(angles) * reach], axis=1)


def ridge(rng: np.random.Generator, width: float, height: float, *, teeth: int, rough: float) -> Points:
    """Return the outline of a range of hills, towers or trees: flat below, `teeth` heights above the base line 0.

    Args:
        rng: Source of the heights.
        width: Extent to both sides of the origin together.
        height: How far the outline reaches below the base line.
        teeth: Number of heights.
        rough: Tallest height.
    """
    across = np.linspace(-width / 2, width / 2, teeth)
    crest = np.stack([across, -rng.uniform(0, rough, teeth)], axis=1)
    base = np.array([[width / 2, height], [-width / 2, height]])
    return np.concatenate([crest, base])
