"""From scenes to pictures, and to the motion and visibility that belong to them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import skia
from numpy.typing import NDArray

from export.cels.rig import Joint, Matrix
from export.cels.scene import Piece, Scene

type Pixels = NDArray[np.uint8]
type Numbers = NDArray[np.int32]
type Field = NDArray[np.float32]

#: Pixels that are drawn for each pixel asked for, in each direction, before they are averaged.
OVERSAMPLING = 2
#: Displacements below this many pixels are rounding, not motion.
_ROUNDING_PX = 1e-4


@dataclass(frozen=True, slots=True)
class Motion:
    """Motion from one picture to another: where each of its pixels is found there, and whether it can be seen."""

    flow: Field
    """(H, W, 2) displacement x, y in pixels."""
    visible: Field
    """(H, W) share of the pixel that the other picture shows, 0 to 1."""


def _matrices(scene: Scene, frame: int, part: float) -> list[Matrix]:
    known: dict[Joint, Matrix] = {}
    return [piece.joint.matrix(frame, part, known) for piece in scene.pieces]


def _as_skia(matrix: Matrix) -> skia.Matrix:
    return skia.Matrix.MakeAll(*(float(value) for value in matrix.ravel()))


def _canvas(scene: Scene, width: int, height: int) -> tuple[skia.Surface, skia.Canvas]:
    surface = skia.Surface(width, height)
    canvas = surface.getCanvas()
    canvas.scale(width / scene.width, height / scene.height)
    return surface, canvas


def _pixels(surface: skia.Surface) -> Pixels:
    return np.asarray(surface.toarray(colorType=skia.ColorType.kRGBA_8888_ColorType))


def render(scene: Scene, frame: int, part: float, size: tuple[int, int], *, oversampling: int = OVERSAMPLING) -> Pixels:
    """Draw a scene at one time.

    Args:
        scene: What to draw. The picture is stretched to `size`; uncovered places are black.
        frame: Frame before the asked time.
        part: How far on towards the next frame, 0 to 1.
        size: (width, height) in pixels.
        oversampling: Pixels drawn for each one returned, in each direction, 1 or more.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    width, height = size
    surface, canvas = _canvas(scene, width * oversampling, height * oversampling)
    canvas.clear(skia.ColorBLACK)
    for piece, matrix in zip(scene.pieces, _matrices(scene, frame, part), strict=True):
        canvas.save()
        canvas.concat(_as_skia(matrix))
        canvas.drawPicture(piece.drawing)
        canvas.restore()
    picture = _pixels(surface)[..., :3]
    return np.ascontiguousarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _cover_paint(piece: Piece, number: int) -> skia.Paint:
    # The number is the colour: low byte red, high byte green, and no smoothing, so it comes back whole.
    style = skia.Paint.kStrokeAndFill_Style if piece.ink_width else skia.Paint.kFill_Style
    colour = skia.Color(number & 255, number >> 8, 0)
    return skia.Paint(AntiAlias=False, Color=colour, Style=style, StrokeWidth=piece.ink_width)


def _cover(scene: Scene, matrices: list[Matrix], size: tuple[int, int]) -> Numbers:
    """Return for each pixel the number of the frontmost piece that covers it, 0 for the piece at the back."""
    surface, canvas = _canvas(scene, *size)
    canvas.clear(skia.ColorBLACK)
    for number, (piece, matrix) in enumerate(zip(scene.pieces, matrices, strict=True)):
        if piece.outline is not None:
            canvas.save()
            canvas.concat(_as_skia(matrix))
            canvas.drawPath(piece.outline, _cover_paint(piece, number))
            canvas.restore()
    drawn = _pixels(surface).astype(np.int32)
    return drawn[..., 0] + 256 * drawn[..., 1]


def _displacement(numbers: Numbers, start: list[Matrix], stop: list[Matrix], unit: float) -> Field:
    """Return how far each pixel's piece carries it, (H, W, 2), in pixels of which `unit` make one scene unit."""
    height, width = numbers.shape
    across = (np.arange(width, dtype=np.float64)[None, :] + 0.5) / unit
    down = (np.arange(height, dtype=np.float64)[:, None] + 0.5) / unit
    flow = np.zeros((height, width, 2), dtype=np.float32)
    moves = np.stack([after @ np.linalg.inv(before) for before, after in zip(start, stop, strict=True)])
    moved = np.abs(moves - np.eye(3)).max(axis=(1, 2)) > 1e-9
    if not moved[np.unique(numbers)].any():
        return flow
    entry = np.moveaxis(moves.reshape(-1, 9)[numbers], 2, 0)
    weight = entry[6] * across + entry[7] * down + entry[8]
    flow[..., 0] = ((entry[0] * across + entry[1] * down + entry[2]) / weight - across) * unit
    flow[..., 1] = ((entry[3] * across + entry[4] * down + entry[5]) / weight - down) * unit
    flow[np.abs(flow) < _ROUNDING_PX] = 0.0
    return flow


def _visibility(numbers: Numbers, other: Numbers, flow: Field) -> Field:
    """Return 1 where the other picture shows the same piece at the end of the flow, within one pixel, else 0."""
    height, width = numbers.shape
    x = np.rint(np.arange(width)[None, :] + flow[..., 0]).astype(np.int32)
    y = np.rint(np.arange(height)[:, None] + flow[..., 1]).astype(np.int32)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    ring = np.pad(other, 1, mode="edge")
    x, y = np.clip(x, 0, width - 1) + 1, np.clip(y, 0, height - 1) + 1
    same = np.zeros((height, width), dtype=bool)
    for down, across in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)):
        same |= ring[y + down, x + across] == numbers
    return np.asarray(inside & same, dtype=np.float32)


def motions(scene: Scene, frame: int, part: float, targets: tuple[float, ...], size: tuple[int, int]) -> list[Motion]:
    """Return the exact motion from one time of an interval to others.

    A pixel that several pieces share gets their displacements by the share each covers.

    Args:
        scene: What moves.
        frame: Frame that begins the interval.
        part: Time in the interval, 0 to 1, whose pixels are asked about.
        targets: Times in the interval, 0 to 1, where they are looked for.
        size: (width, height) of the grid; displacements are in its pixels.

    Returns:
        One motion for each target.
    """
    fine = (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING)
    start = _matrices(scene, frame, part)
    numbers, found = _cover(scene, start, fine), []
    for target in targets:
        stop = _matrices(scene, frame, target)
        flow = _displacement(numbers, start, stop, fine[0] / scene.width)
        visible = _visibility(numbers, _cover(scene, stop, fine), flow)
        coarse, shown = (cv2.resize(values, size, interpolation=cv2.INTER_AREA) for values in (flow, visible))
        found.append(Motion(np.asarray(coarse / OVERSAMPLING, np.float32), np.asarray(shown, np.float32)))
    return found
