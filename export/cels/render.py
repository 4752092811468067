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
#: Pieces that a byte can number.
_BYTE = 256


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
    return skia.Matrix.MakeAll(*matrix.ravel().tolist())


def _canvas(scene: Scene, width: int, height: int) -> tuple[skia.Surface, skia.Canvas]:
    surface = skia.Surface(width, height)
    canvas = surface.getCanvas()
    canvas.scale(width / scene.width, height / scene.height)
    return surface, canvas


def _pixels(surface: skia.Surface) -> Pixels:
    return np.asarray(surface.toarray(colorType=skia.ColorType.kRGBA_8888_ColorType))


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
    # Red and green are the two low bytes of a pixel, on every machine that skia runs on.
    words = np.ascontiguousarray(_pixels(surface)).view("<u4")[..., 0]
    return (words & 0xFFFF).view(np.int32)


def _displacement(numbers: Numbers, start: list[Matrix], stop: list[Matrix], unit: float) -> tuple[Field, Field]:
    """Return how far each pixel's piece carries it, x and y, (H, W) each, in pixels; `unit` make one scene unit."""
    height, width = numbers.shape
    # Less the identity: what is left is the displacement itself, small numbers that float32 holds well.
    moves = np.stack(stop) @ np.linalg.inv(np.stack(start)) - np.eye(3)
    moves[np.abs(moves).max(axis=(1, 2)) <= 1e-9] = 0.0
    if not moves.any():
        return np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    # In pixels throughout: lengths times the unit, perspective terms by it.
    scale = np.array([[1, 1, unit], [1, 1, unit], [1 / unit, 1 / unit, 1]])
    table = np.ascontiguousarray((moves * scale).reshape(-1, 9).T, dtype=np.float32)
    across = (np.arange(width, dtype=np.float32) + 0.5)[None, :]
    down = (np.arange(height, dtype=np.float32) + 0.5)[:, None]
    x, y = (_applied(numbers, table[row : row + 3], across, down) for row in (0, 3))
    if table[6:9].any():
        less = _applied(numbers, table[6:9], across, down)
        x -= across * less
        y -= down * less
        x /= 1 + less
        y /= 1 + less
    return x, y


def _applied(numbers: Numbers, rows: Field, across: Field, down: Field) -> Field:
    """Apply a row of each pixel's matrix, (3, K) by piece, to its place; in place, since fresh pages cost most here."""
    few = numbers.astype(np.uint8) if rows.shape[1] <= _BYTE else None

    def entry(column: int) -> Field:
        if few is None:
            return np.take(rows[column], numbers)
        # OpenCV looks up bytes several times as fast as numpy.
        found: Field = np.asarray(cv2.LUT(few, np.pad(rows[column], (0, _BYTE - rows.shape[1]))), np.float32)
        return found

    total = entry(2)
    for column, places in ((0, across), (1, down)):
        if rows[column].any():  # pans have none
            part = entry(column)
            part *= places
            total += part
    return total


def _visibility(numbers: Numbers, other: Numbers, x: Field, y: Field) -> Field:
    """Return 1 where the other picture shows the same piece at the end of the flow, within one pixel, else 0."""
    height, width = numbers.shape
    place_x = x + np.arange(width, dtype=np.float32)
    place_y = y + np.arange(height, dtype=np.float32)[:, None]
    # A float holds the number of any piece; places outside find none.
    looked = cv2.remap(
        other.astype(np.float32), place_x, place_y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=-1
    )
    same = np.asarray(looked == numbers)
    # Few pixels are left that only a neighbour of the end can show.
    left = np.flatnonzero(~same)
    column, row = (np.rint(plane.ravel()[left]).astype(np.int64) for plane in (place_x, place_y))
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    left, column, row = left[inside], column[inside], row[inside]
    ring, wanted = np.pad(other, 1, mode="edge"), numbers.ravel()[left]
    near = np.zeros(len(left), dtype=bool)
    for below, right in ((1, 1), (1, 2), (1, 0), (2, 1), (0, 1)):
        near |= ring[row + below, column + right] == wanted
    shown = np.asarray(same, dtype=np.float32)
    shown.ravel()[left] = near
    return shown


class Camera:
    """Looks at a scene at several times, and draws each of them once."""

    def __init__(self, scene: Scene, size: tuple[int, int], *, oversampling: int = OVERSAMPLING) -> None:
        self.scene, self.size, self.oversampling = scene, size, oversampling
        self._known_matrices: dict[tuple[int, float], list[Matrix]] = {}
        self._known_pictures: dict[tuple[int, float], Pixels] = {}
        self._known_covers: dict[tuple[int, float], Numbers] = {}

    def picture(self, frame: int, part: float) -> Pixels:
        """Return what `render` does."""
        moment = _moment(frame, part)
        if moment not in self._known_pictures:
            self._known_pictures[moment] = self._draw(self._matrices(moment))
        return self._known_pictures[moment]

    def motions(self, frame: int, part: float, targets: tuple[float, ...]) -> list[Motion]:
        """Return what the function of this name does."""
        moment = _moment(frame, part)
        numbers, found = self._cover(moment), []
        for target in (_moment(frame, target) for target in targets):
            unit = self.size[0] * OVERSAMPLING / self.scene.width
            x, y = _displacement(numbers, self._matrices(moment), self._matrices(target), unit)
            planes = (x, y, _visibility(numbers, self._cover(target), x, y))
            x, y, visible = (
                np.asarray(cv2.resize(plane, self.size, interpolation=cv2.INTER_AREA), np.float32) for plane in planes
            )
            flow = np.dstack([x, y]) / np.float32(OVERSAMPLING)
            flow[np.abs(flow) < _ROUNDING_PX] = 0.0
            found.append(Motion(flow, visible))
        return found

    def _matrices(self, moment: tuple[int, float]) -> list[Matrix]:
        if moment not in self._known_matrices:
            self._known_matrices[moment] = _matrices(self.scene, *moment)
        return self._known_matrices[moment]

    def _cover(self, moment: tuple[int, float]) -> Numbers:
        if moment not in self._known_covers:
            fine = (self.size[0] * OVERSAMPLING, self.size[1] * OVERSAMPLING)
            self._known_covers[moment] = _cover(self.scene, self._matrices(moment), fine)
        return self._known_covers[moment]

    def _draw(self, matrices: list[Matrix]) -> Pixels:
        width, height = self.size
        surface, canvas = _canvas(self.scene, width * self.oversampling, height * self.oversampling)
        canvas.clear(skia.ColorBLACK)
        for piece, matrix in zip(self.scene.pieces, matrices, strict=True):
            canvas.save()
            canvas.concat(_as_skia(matrix))
            canvas.drawPicture(piece.drawing)
            canvas.restore()
        # Three colours are taken out before they are averaged; both functions of OpenCV are faster than numpy's.
        picture = cv2.cvtColor(_pixels(surface), cv2.COLOR_RGBA2RGB)
        return np.asarray(cv2.resize(picture, self.size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _moment(frame: int, part: float) -> tuple[int, float]:
    """Name a time in one way: the end of an interval is the start of the next."""
    return (frame + 1, 0.0) if part == 1.0 else (frame, part)


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
    return Camera(scene, size, oversampling=oversampling).picture(frame, part)


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
    return Camera(scene, size).motions(frame, part, targets)
