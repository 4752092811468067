"""What is put over a drawn scene: glow, focus lines, a station's logo, and credits that roll.

What is seen through, or drawn anew in each picture, has no outline: the motion of what lies behind it counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import skia

from export.cels.rig import Joint, Sway, Vector, parameters
from export.cels.scene import Piece, Sketch
from export.cels.shapes import Points, ellipse, ink_line, polygon, star
from export.cels.textures import colour, palette

#: Opacity from which a logo hides what is behind it.
_SOLID = 0.75


def glow(rng: np.random.Generator, size: Vector) -> list[Piece]:
    """Shine up to three soft lights that drift, pulse or stand still; they add to what is behind them."""
    pieces = []
    for _ in range(int(rng.integers(1, 4))):
        radius = float(size.min()) * rng.uniform(0.08, 0.6)
        tint = colour(np.clip(palette(rng, 3)[2] + 60, 0, 255))
        shader = skia.GradientShader.MakeRadial(skia.Point(0, 0), radius, [tint, tint & 0xFFFFFF])
        paint = skia.Paint(AntiAlias=True, Shader=shader, BlendMode=skia.BlendMode.kScreen)
        paint.setAlphaf(rng.uniform(0.3, 1.0))
        place, drift = rng.uniform(0, 1, 2) * size, rng.normal(0, 2, 2) * (rng.random() < 0.5)
        pulse = rng.uniform(0, 0.3) * (rng.random() < 0.5)
        motion = Sway(
            rest=parameters(*place),
            drift=parameters(*drift),
            swing=parameters(log_width=pulse, log_height=pulse),
            period_frames=rng.uniform(5, 30),
            phase=rng.random(),
        )
        sketch = Sketch()
        sketch.canvas.drawCircle(0, 0, radius, paint)
        pieces.append(sketch.piece(Joint(motion=motion), None))
    return pieces


def focus_lines(rng: np.random.Generator, size: Vector) -> list[Piece]:
    """Draw wedges that point at one place from all around, turned at random in each new drawing."""
    reach, hole = 1.5 * float(np.hypot(*size)), float(size.min()) * rng.uniform(0.25, 0.5)
    turns = rng.uniform(0, 2 * math.pi, 64)
    cover = skia.Path()
    for angle in rng.uniform(0, 2 * math.pi, int(rng.integers(20, 90))):
        width, start = rng.uniform(0.004, 0.03), hole * rng.uniform(0.9, 1.5)
        tip = (start * math.cos(angle), start * math.sin(angle))
        ends = [(reach * math.cos(angle + side), reach * math.sin(angle + side)) for side in (-width, width)]
        cover.addPath(polygon([tip, *ends]))
    place = size * rng.uniform(0.3, 0.7, 2)

    def turned(frame: float) -> Vector:
        return parameters(place[0], place[1], float(turns[int(frame) % len(turns)]))

    tint = 0xFFFFFFFF if rng.random() < 0.5 else 0xFF101010
    joint = Joint(motion=turned, every=int(rng.choice([1, 2, 3])))
    return [Sketch().fill(cover, tint, opacity=rng.uniform(0.5, 1.0)).piece(joint, None)]


def logo(rng: np.random.Generator, size: Vector) -> list[Piece]:
    """Put a sign into a corner of the screen, solid or half seen through."""
    unit = float(size.min()) * rng.uniform(0.03, 0.07)
    corner = np.where(rng.random(2) < 0.5, 2.2 * unit, size - 2.2 * unit)
    shapes = (ellipse(0, 0, unit, unit * rng.uniform(0.5, 1)), polygon(star(unit, int(rng.integers(4, 8)), 0.6)))
    path = skia.Path(shapes[int(rng.integers(2))])
    path.addPath(ink_line(np.array([(-1.2 * unit, 1.4 * unit), (1.2 * unit, 1.4 * unit)]), 0.4 * unit, taper=0.8))
    opacity = float(rng.uniform(0.35, 1.0))
    tint = colour(palette(rng, 3)[2]) if rng.random() < 0.4 else 0xFFF4F4F4
    joint = Joint(motion=Sway(rest=parameters(*corner)))
    return [Sketch().fill(path, tint, opacity=opacity).piece(joint, path if opacity >= _SOLID else None)]


def _letters(rng: np.random.Generator, left: float, base: float, height: float, count: int) -> list[Points]:
    corners = [np.array([left + place * 0.8 * height, base]) for place in range(count)]
    return [corner + rng.uniform(0, 0.7, (3, 2)) * height for corner in corners for _ in range(2)]


def credit_roll(rng: np.random.Generator, size: Vector) -> list[Piece]:
    """Roll lines of white writing up the screen, on ones and at a steady speed, as credits do."""
    width, height = (float(length) for length in size)
    line = height * rng.uniform(0.04, 0.07)
    left, cover = width * rng.uniform(0.05, 0.5), skia.Path()
    for row in range(-2, int(height / line / 1.7) + 3):
        for strokes in _letters(rng, left, row * 1.7 * line, line, int(rng.integers(3, 9))):
            cover.addPath(ink_line(strokes, 0.15 * line, taper=0.7))
    motion = Sway(drift=parameters(0.0, -rng.uniform(0.25, 3.0)))
    sketch = Sketch().ink(cover, 0.12 * line, 0xFF181818).fill(cover, 0xFFF8F8F8)
    return [sketch.piece(Joint(motion=motion), cover, ink_width=0.12 * line)]


#: Each effect with the share of scenes that have it, among those that have effects at all.
EFFECTS: dict[str, tuple[float, Callable[[np.random.Generator, Vector], list[Piece]]]] = {
    "glow": (0.5, glow),
    "focus lines": (0.12, focus_lines),
    "logo": (0.35, logo),
    "credits": (0.2, credit_roll),
}


def random_effects(rng: np.random.Generator, size: Vector) -> list[Piece]:
    """Choose effects and return their pieces, back to front."""
    chosen = [make for share, make in EFFECTS.values() if rng.random() < share]
    return [piece for make in chosen for piece in make(rng, size)]
