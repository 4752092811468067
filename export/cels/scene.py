"""A scene is a stack of pieces, each drawn once and carried by a joint; a sketch draws one."""

from __future__ import annotations

from dataclasses import dataclass, field

import skia

from export.cels.rig import Joint
from export.cels.textures import Texture

#: Bounds given to recorded drawings; larger than any scene, and only a hint.
_EVERYWHERE = skia.Rect.MakeLTRB(-1e4, -1e4, 1e4, 1e4)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Piece:
    """One drawing on one joint."""

    joint: Joint
    """What carries the drawing."""
    drawing: skia.Picture
    """The drawing in the joint's own coordinates; it scales to any resolution."""
    outline: skia.Path | None
    """What the drawing covers, filled; None for one that is seen through (glow, tint, shadow)."""
    ink_width: float = 0.0
    """Width of the line around the outline, which covers half of it more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Pieces from back to front, with the size of the picture they are composed for."""

    width: float
    """Width of the picture in scene units."""
    height: float
    """Height of the picture in scene units."""
    pieces: list[Piece] = field(default_factory=list)


class Sketch:
    """Records one drawing: flat fills, shading, and lines over them."""

    def __init__(self) -> None:
        self._recorder = skia.PictureRecorder()
        self.canvas: skia.Canvas = self._recorder.beginRecording(_EVERYWHERE)

    def fill(self, path: skia.Path, paint: int | skia.Shader | Texture, *, opacity: float = 1.0) -> Sketch:
        """Fill `path` with a packed colour, a gradient or a texture; a texture is always opaque."""
        if isinstance(paint, Texture):
            paint.fill(self.canvas, path)
            return self
        brush = skia.Paint(AntiAlias=True)
        if isinstance(paint, skia.Shader):
            brush.setShader(paint)
        else:
            brush.setColor(paint)
        brush.setAlphaf(opacity)
        self.canvas.drawPath(path, brush)
        return self

    def shade(self, path: skia.Path, shadow: skia.Path, colour: int, *, opacity: float = 1.0) -> Sketch:
        """Fill the part of `path` that lies under `shadow`: the second tone of a cel."""
        self.canvas.save()
        self.canvas.clipPath(path, doAntiAlias=True)
        self.fill(shadow, colour, opacity=opacity)
        self.canvas.restore()
        return self

    def ink(self, path: skia.Path, width: float, colour: int) -> Sketch:
        """Draw the edge of `path` with a round pen."""
        pen = skia.Paint(
            AntiAlias=True,
            Style=skia.Paint.kStroke_Style,
            StrokeWidth=width,
            Color=colour,
            StrokeJoin=skia.Paint.kRound_Join,
            StrokeCap=skia.Paint.kRound_Cap,
        )
        self.canvas.drawPath(path, pen)
        return self

    def piece(self, joint: Joint, outline: skia.Path | None, *, ink_width: float = 0.0) -> Piece:
        """Finish the drawing and hang it on `joint`."""
        drawing = self._recorder.finishRecordingAsPicture()
        return Piece(joint=joint, drawing=drawing, outline=outline, ink_width=ink_width)
