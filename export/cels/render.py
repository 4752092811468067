"""From scenes to pictures, and to the motion and visibility that belong to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import skia
from numpy.typing import NDArray

from export.cels.rig import Joint, Matrix
from export.cels.scene import Piece, Scene

type Pixels = NDArray[np.uint8]
type Numbers = NDArray[np.unsignedinteger[Any]]
type Places = NDArray[np.intp]
type Field = NDArray[np.float32]

#: Pixels that are drawn for each pixel asked for, in each direction, before they are averaged.
OVERSAMPLING = 2
#: Displacements below this many pixels are rounding, not motion.
_ROUNDING_PX = 1e-4
#: Pieces that a byte can number; the last number stands for none.
_BYTE = 255
#: A piece that stretches more than this from one picture to the other is looked up quarter by quarter.
_STRETCH = 1.4
#: Where the quarters of a pixel lie in it: across, down.
_QUARTERS = np.array([[0.25, 0.75, 0.25, 0.75], [0.25, 0.25, 0.75, 0.75]], np.float32)
#: Takes the mean over the quarters.
_MEAN = np.full(4, 0.25, np.float32)
#: A number of so many bytes times this is four of them in one word.
_ALIKE = {1: 0x01010101, 2: 0x0001000100010001}


@dataclass(frozen=True, slots=True)
class Motion:
    """Motion from one picture to another: where each of its pixels is found there, and whether it can be seen."""

    flow: Field
    """(H, W, 2) displacement x, y in pixels."""
    visible: Field
    """(H, W) share of the pixel that the other picture shows, 0 to 1."""


@dataclass(frozen=True, slots=True)
class _Pose:
    """Where every piece is at one moment."""

    matrices: Matrix
    """(K, 3, 3), from each piece's coordinates to the scene's."""
    places: list[skia.Matrix]
    """The same for skia."""


def _pose(scene: Scene, frame: int, part: float) -> _Pose:
    known: dict[Joint, Matrix] = {}
    matrices = [piece.joint.matrix(frame, part, known) for piece in scene.pieces]
    as_skia = {id(matrix): skia.Matrix.MakeAll(*matrix.ravel().tolist()) for matrix in matrices}
    return _Pose(np.array(matrices), [as_skia[id(matrix)] for matrix in matrices])


class _Board:
    """A canvas over pixels that numpy sees as well; what is drawn next replaces them."""

    def __init__(self, scene: Scene, width: int, height: int, kind: skia.ColorType) -> None:
        channels = 4 if kind == skia.kBGRA_8888_ColorType else 1
        self.pixels = np.zeros((height, width, channels), np.uint8)
        info = skia.ImageInfo.Make(width, height, kind, skia.kPremul_AlphaType)
        self._surface = skia.Surface.MakeRasterDirect(info, self.pixels)
        self.canvas: skia.Canvas = self._surface.getCanvas()
        self.canvas.scale(width / scene.width, height / scene.height)

    def draw(self, pieces: Sequence[Piece], places: Sequence[skia.Matrix]) -> None:
        """Draw pieces from back to front; more places than pieces may be given."""
        for piece, place in zip(pieces, places, strict=False):
            self.canvas.drawPicture(piece.drawing, place)


def _alike(one: Matrix, other: Matrix) -> int:
    """Return how many of the first matrices are the same."""
    unlike = np.flatnonzero((one != other).any(axis=(1, 2)))
    return int(unlike[0]) if len(unlike) else len(one)


def _edge(piece: Piece, matrix: Matrix, unit: float) -> skia.Path | None:
    """Return what a piece covers, line included, as an outline to fill: a pen costs more than all the rest."""
    if piece.outline is None or not piece.ink_width:
        return piece.outline
    pen, edge = skia.Paint(Style=skia.Paint.kStrokeAndFill_Style, StrokeWidth=piece.ink_width), skia.Path()
    pen.getFillPath(piece.outline, edge, None, unit * float(np.abs(matrix[:2, :2]).max()))
    return edge


class _Cover:
    """Which piece is in front at each place of a picture."""

    def __init__(self, fine: Numbers) -> None:
        self.fine = fine
        """(2 H, 2 W): the number of the frontmost piece in each quarter of a pixel, 0 for the piece at the back."""
        self.none = int(np.iinfo(fine.dtype).max)
        """The number of no piece."""
        height, width = fine.shape[0] // 2, fine.shape[1] // 2
        self.quarters = np.empty((height, width, 4), fine.dtype)
        """(H, W, 4): the same, pixel by pixel, row by row."""
        for index in range(4):
            self.quarters[..., index] = fine[index // 2 :: 2, index % 2 :: 2]
        first = self.quarters[..., 0].copy()
        # Four numbers in one word are compared at once.
        words = self.quarters.view(f"u{4 * fine.itemsize}")[..., 0]
        first[words != first * words.dtype.type(_ALIKE[fine.itemsize])] = self.none
        self.whole: Numbers = first
        """(H, W): the number of the piece that covers a pixel alone."""

    @cached_property
    def deep(self) -> Numbers:
        """(H, W): the number of the piece that covers a pixel and its eight neighbours alone."""
        square = np.ones((3, 3), np.uint8)
        deep = self.whole.copy()
        deep[cv2.erode(deep, square) != cv2.dilate(deep, square)] = self.none
        for side in (deep[0], deep[-1], deep[:, 0], deep[:, -1]):
            side[:] = self.none
        return deep

    @cached_property
    def ring(self) -> Numbers:
        """`fine` with a border of one that repeats it."""
        return np.asarray(cv2.copyMakeBorder(self.fine, 1, 1, 1, 1, cv2.BORDER_REPLICATE), self.fine.dtype)


def _moved(table: Field, x: Field, y: Field, take: Callable[[Field], Field]) -> tuple[Field, Field]:
    """Return the displacement of places by the rows of a table of moves, (9, K); `take` looks one up for each place."""

    def applied(first: int) -> Field:
        total = take(table[first + 2])
        for row, places in ((first, x), (first + 1, y)):
            if table[row].any():  # pans have none
                part = take(table[row])
                part *= places
                total += part
        return total

    move_x, move_y = applied(0), applied(3)
    if table[6:9].any():
        less = applied(6)
        move_x -= x * less
        move_y -= y * less
        less += 1
        move_x /= less
        move_y /= less
    return move_x, move_y


def _moves(start: Matrix, stop: Matrix, unit: float) -> Field:
    """Return how each piece moves, (9, K) entries of matrices less the identity, in pixels; `unit` are a scene unit."""
    # Less the identity: what is left is the displacement itself, small numbers that float32 holds well.
    moves = stop @ np.linalg.inv(start) - np.eye(3)
    moves[np.abs(moves).max(axis=(1, 2)) <= 1e-9] = 0.0
    # In pixels throughout: lengths times the unit, perspective terms by it.
    scale = np.array([[1, 1, unit], [1, 1, unit], [1 / unit, 1 / unit, 1]])
    return np.ascontiguousarray((moves * scale).reshape(-1, 9).T, dtype=np.float32)


def _looked_up(row: NDArray[Any], numbers: Numbers, none: int) -> NDArray[Any]:
    """Return the entry of a row for each number; for that of no piece, 0."""
    if numbers.dtype == np.uint8:
        # OpenCV looks up bytes several times as fast as numpy.
        full = np.zeros(_BYTE + 1, row.dtype)
        full[: len(row)] = row
        return np.asarray(cv2.LUT(numbers, full))
    return np.where(numbers == none, row.dtype.type(0), row[np.minimum(numbers, len(row) - 1)])


def _motion(cover: _Cover, other: _Cover, table: Field) -> Motion:
    """Return the motion of a picture's pieces to another picture.

    Where a pixel and its surroundings belong to one piece, both answers are those of its middle. Only the rest is
    looked at quarter by quarter: a quarter is visible where the other picture shows its piece at the end of its flow,
    within half a pixel.
    """
    height, width = cover.whole.shape
    planes, visible = np.zeros((2, height, width), np.float32), np.ones((height, width), np.float32)
    if not table.any():
        return Motion(planes.transpose(1, 2, 0), visible)
    across, down = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    planes[0], planes[1] = _moved(
        table, across + 0.5, down + 0.5, lambda row: _looked_up(row, cover.whole, cover.none).reshape(height, width)
    )
    ends = (planes[0] + across, planes[1] + down)
    there = cv2.remap(other.deep, *ends, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=other.none)
    np.equal(there, cover.whole, out=visible, casting="unsafe")
    stretched = np.abs(table[[0, 1, 3, 4]] + np.array([[1], [0], [0], [1]], np.float32)).max(axis=0) > _STRETCH
    unsure = (there == other.none) | (cover.whole == cover.none)
    if stretched.any():
        unsure |= _looked_up(stretched.astype(np.uint8), cover.whole, cover.none).astype(bool)
    left = np.flatnonzero(unsure)
    if len(left):
        x, y, shown = _quarters(cover, other, table, left)
        mixed = cover.whole.ravel()[left] == cover.none
        for plane, moved in zip(planes, (x, y), strict=True):
            plane.ravel()[left[mixed]] = moved[mixed] @ _MEAN
        visible.ravel()[left] = shown.astype(np.float32) @ _MEAN
    np.copyto(planes, 0.0, where=np.abs(planes) < _ROUNDING_PX)
    return Motion(planes.transpose(1, 2, 0), visible)


def _quarters(cover: _Cover, other: _Cover, table: Field, left: Places) -> tuple[Field, Field, NDArray[np.bool_]]:
    """Return displacement x, y and whether it can be seen, (N, 4) each, of the quarters of some pixels."""
    height, width = cover.whole.shape
    row, column = np.divmod(left.astype(np.int32), np.int32(width))
    numbers = cover.quarters.reshape(-1, 4)[left]
    x, y = (
        place[:, None].astype(np.float32) + quarter for place, quarter in zip((column, row), _QUARTERS, strict=True)
    )
    move_x, move_y = _moved(table, x, y, lambda entries: _looked_up(entries, numbers, cover.none))
    # In quarters of the other picture.
    x += move_x
    y += move_y
    right, below = (np.rint(2 * place - np.float32(0.5)).astype(np.int32) for place in (x, y))
    inside = (right.view(np.uint32) < 2 * width) & (below.view(np.uint32) < 2 * height)
    ring, stride = other.ring.ravel(), other.ring.shape[1]
    ends = np.where(inside, (below + 1) * stride + right + 1, stride + 1)
    shown = inside & (ring.take(ends) == numbers)
    # Few are left that only a neighbour of the end can show.
    again = np.flatnonzero(inside & ~shown)
    ends, wanted = ends.ravel()[again], numbers.ravel()[again]
    near = ring.take(ends - 1) == wanted
    for step in (1, -stride, stride):
        near |= ring.take(ends + step) == wanted
    shown.ravel()[again] = near
    return move_x, move_y, shown


class Camera:
    """Looks at a scene at several times, and draws each of them once."""

    def __init__(self, scene: Scene, size: tuple[int, int], *, oversampling: int = OVERSAMPLING) -> None:
        self.scene, self.size, self.oversampling = scene, size, oversampling
        self._known_poses: dict[tuple[int, float], _Pose] = {}
        self._known_pictures: dict[tuple[int, float], Pixels] = {}
        self._known_covers: dict[tuple[int, float], _Cover] = {}
        self._edges: list[skia.Path | None] = []
        self._drawn: _Pose | None = None
        # Pieces at the back that were at rest between two pictures, and what they look like: drawn once.
        self._backdrop: tuple[Matrix, Pixels] | None = None

    def picture(self, frame: int, part: float) -> Pixels:
        """Return what `render` does."""
        moment = _moment(frame, part)
        if moment not in self._known_pictures:
            self._known_pictures[moment] = self._draw(self._pose(moment))
        return self._known_pictures[moment]

    def motions(self, frame: int, part: float, targets: tuple[float, ...]) -> list[Motion]:
        """Return what the function of this name does."""
        moment, found = _moment(frame, part), []
        for target in (_moment(frame, target) for target in targets):
            unit = self.size[0] / self.scene.width
            table = _moves(self._pose(moment).matrices, self._pose(target).matrices, unit)
            found.append(_motion(self._cover(moment), self._cover(target), table))
        return found

    def _pose(self, moment: tuple[int, float]) -> _Pose:
        if moment not in self._known_poses:
            self._known_poses[moment] = _pose(self.scene, *moment)
        return self._known_poses[moment]

    def _cover(self, moment: tuple[int, float]) -> _Cover:
        if moment not in self._known_covers:
            self._known_covers[moment] = _Cover(self._numbers(self._pose(moment)))
        return self._known_covers[moment]

    @cached_property
    def _number_board(self) -> _Board:
        kind = skia.kAlpha_8_ColorType if len(self.scene.pieces) <= _BYTE else skia.kBGRA_8888_ColorType
        return _Board(self.scene, 2 * self.size[0], 2 * self.size[1], kind)

    @cached_property
    def _board(self) -> _Board:
        width, height = self.size
        return _Board(self.scene, width * self.oversampling, height * self.oversampling, skia.kBGRA_8888_ColorType)

    def _numbers(self, pose: _Pose) -> Numbers:
        """Draw the number of each piece, without smoothing, in quarters of pixels."""
        board = self._number_board
        if not self._edges:
            unit = board.pixels.shape[1] / self.scene.width
            self._edges = [_edge(*pair, unit) for pair in zip(self.scene.pieces, pose.matrices, strict=True)]
        board.canvas.clear(skia.ColorTRANSPARENT)
        paint = skia.Paint(AntiAlias=False, BlendMode=skia.BlendMode.kSrc)
        few = board.pixels.shape[2] == 1
        for number, (edge, place) in enumerate(zip(self._edges, pose.places, strict=True)):
            if edge is not None:
                # The number is the opacity, or red and green, so it comes back whole.
                paint.setColor(skia.Color(0, 0, 0, number) if few else skia.Color(number & 255, number >> 8, 0))
                board.canvas.save()
                board.canvas.concat(place)
                board.canvas.drawPath(edge, paint)
                board.canvas.restore()
        if few:
            return board.pixels[..., 0].copy()
        return board.pixels[..., 2] + (board.pixels[..., 1].astype(np.uint16) << 8)

    def _draw(self, pose: _Pose) -> Pixels:
        board, last = self._board, self._drawn
        if self._backdrop is not None and np.array_equal(pose.matrices[: len(self._backdrop[0])], self._backdrop[0]):
            first = len(self._backdrop[0])
            board.pixels[:] = self._backdrop[1]
        else:
            board.canvas.clear(skia.ColorBLACK)
            first = 0 if last is None else _alike(pose.matrices, last.matrices)
            board.draw(self.scene.pieces[:first], pose.places)
            self._backdrop = (pose.matrices[:first], board.pixels.copy()) if first else None
        board.draw(self.scene.pieces[first:], pose.places[first:])
        self._drawn = pose
        # Three colours are taken out before they are averaged; both functions of OpenCV are faster than numpy's.
        picture = cv2.cvtColor(board.pixels, cv2.COLOR_BGRA2RGB)
        if self.oversampling == 1:
            return np.asarray(picture, dtype=np.uint8)
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
