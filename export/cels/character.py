"""A drawn person: head, hair in strands, eyes and mouth that move alone, a body with jointed arms.

Lengths are heads: the middle of the head is the origin of its joint, the chin is one unit below it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import skia

from export.cels.rig import Joint, Motion, Sway, parameters
from export.cels.scene import Piece, Sketch
from export.cels.shapes import Points, bezier, ellipse, ink_line, polygon, smooth


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """Colours (packed), line width and proportions of a person."""

    skin: int = 0xFFFFE3D0
    skin_shade: int = 0xFFF0B8A6
    hair: int = 0xFF5B4A86
    hair_shade: int = 0xFF40336A
    hair_light: int = 0xFF8C7CC0
    iris: int = 0xFF2E7FA8
    iris_dark: int = 0xFF14405E
    cloth: int = 0xFFF4F5FA
    cloth_shade: int = 0xFFB9C3DD
    collar: int = 0xFF2F4C8F
    ribbon: int = 0xFFD8404F
    ink: int = 0xFF2A1F33
    line_width: float = 0.045
    """Width of the outline in heads."""
    hair_length: float = 1.5
    """How far the back hair falls below the middle of the head, in heads."""
    strands: int = 6
    """Strands of the fringe."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acting:
    """What each part of a person does over time, relative to what carries it."""

    body: Motion = field(default_factory=Sway)
    head: Motion = field(default_factory=Sway)
    blink: Motion = field(default_factory=Sway)
    gaze: Motion = field(default_factory=Sway)
    mouth: Motion = field(default_factory=Sway)
    arms: tuple[Motion, Motion] = field(default_factory=lambda: (Sway(), Sway()))
    forearms: tuple[Motion, Motion] = field(default_factory=lambda: (Sway(), Sway()))
    wind: Motion = field(default_factory=Sway)
    """Angle and shear of the hair; each strand follows with its own share."""
    every: int = 2
    """A new drawing of the person every so many frames."""
    mouth_every: int = 2
    """A new drawing of the mouth every so many frames."""


def _at(x: float, y: float, motion: Motion | None = None, share: float = 1.0) -> Motion:
    """Move a motion's rest to (x, y) and take a share of it."""
    place = parameters(x, y)
    return Sway(rest=place) if motion is None else lambda frame: place + share * motion(frame)


def _mirrored(points: list[tuple[float, float]]) -> Points:
    """Complete the right half of an outline, listed from top to bottom, to a closed one."""
    half = np.array(points, dtype=np.float64)
    left = half[half[:, 0] != 0.0]
    return np.concatenate([half, left[::-1] * (-1, 1)])


def _darker(packed: int) -> int:
    """Return a colour at two thirds of its brightness."""
    red, green, blue = ((packed >> shift) & 255 for shift in (16, 8, 0))
    return int(skia.Color(red * 2 // 3, green * 2 // 3, blue * 3 // 4))


#: The band of light on the hair: an arc above, teeth below.
_GLOSS = [
    (-0.8, -0.62), (-0.45, -0.86), (0.0, -0.93), (0.45, -0.86), (0.8, -0.62), (0.62, -0.66), (0.5, -0.6), (0.36, -0.72),
    (0.2, -0.64), (0.05, -0.77), (-0.12, -0.65), (-0.25, -0.75), (-0.42, -0.62), (-0.55, -0.7), (-0.66, -0.6),
]  # fmt: skip


class _Artist:
    """Draws the pieces of one person onto its joints."""

    def __init__(self, looks: Looks, acting: Acting, carrier: Joint) -> None:
        self.looks = looks
        self.acting = acting
        self.body = self._joint(carrier, acting.body)
        self.head = self._joint(self.body, _at(0, -1.9, acting.head))

    def _joint(self, parent: Joint, motion: Motion, *, every: int = 0) -> Joint:
        return Joint(motion=motion, parent=parent, every=every or self.acting.every)

    def _cel(self, joint: Joint, path: skia.Path, paint: int, shadow: skia.Path | None, tone: int) -> Piece:
        sketch = Sketch().fill(path, paint)
        if shadow is not None:
            sketch.shade(path, shadow, tone)
        width = self.looks.line_width
        return sketch.ink(path, width, self.looks.ink).piece(joint, path, ink_width=width)

    def back_hair(self) -> list[Piece]:
        """Draw the hair behind the head as three locks that trail in the wind."""
        looks, pieces = self.looks, []
        fall = looks.hair_length
        half = [(0.0, -0.4), (0.28, -0.35), (0.5, 0.2), (0.5, fall * 0.7), (0.28, fall + 0.05), (0.0, fall + 0.3)]
        for x, share in ((0.0, 0.9), (-0.42, 0.8), (0.42, 1.1)):
            root = self._joint(self.head, _at(x, -0.2, self.acting.wind, share))
            path = smooth(_mirrored(half) + np.array([0.25 * x, 0]))
            fold = [(0.05, 0.2), (0.7, 0.0), (0.7, fall * 1.3), (0.1, fall * 1.2), (0.25, fall * 0.6)]
            shadow = smooth(np.array(fold))
            pieces.append(self._cel(root, path, looks.hair_shade, shadow, _darker(looks.hair_shade)))
        return pieces

    def torso(self) -> list[Piece]:
        """Draw neck, blouse, pleated skirt, collar and ribbon."""
        looks = self.looks
        neck = smooth(_mirrored([(0.17, -1.2), (0.18, -0.7), (0.27, -0.45)]))
        blouse = smooth(_mirrored([(0.2, -0.72), (0.7, -0.52), (0.72, 0.1), (0.52, 0.9), (0.56, 1.35), (0.3, 1.4)]))
        fold = smooth(np.array([(0.3, -0.1), (0.9, -0.6), (0.9, 1.6), (0.15, 1.6), (0.42, 0.8)]))
        collar = polygon(
            [
                (-0.22, -0.76),
                (-0.66, -0.46),
                (-0.3, 0.1),
                (0, -0.05),
                (0.3, 0.1),
                (0.66, -0.46),
                (0.22, -0.76),
                (0, -0.25),
            ]
        )
        ribbon = polygon([(0, -0.02), (-0.34, -0.2), (-0.32, 0.24), (0, 0.06), (0.32, 0.24), (0.34, -0.2)])
        tails = polygon([(0, 0.0), (-0.22, 0.62), (-0.08, 0.56), (0, 0.2), (0.1, 0.6), (0.22, 0.55)])
        return [
            self.skirt(),
            self._cel(self.body, blouse, looks.cloth, fold, looks.cloth_shade),
            self._cel(self.body, neck, looks.skin, ellipse(0, -1.0, 0.5, 0.36), looks.skin_shade),
            self._cel(self.body, collar, looks.collar, ellipse(0.6, -0.2, 0.35, 0.3), _darker(looks.collar)),
            self._cel(self.body, tails, looks.ribbon, ellipse(0.2, 0.3, 0.2, 0.5), _darker(looks.ribbon)),
            self._cel(self.body, ribbon, looks.ribbon, ellipse(0.3, 0.2, 0.3, 0.22), _darker(looks.ribbon)),
        ]

    def skirt(self) -> Piece:
        """Draw the skirt, every second pleat in shade, on a joint that the wind moves a little."""
        looks = self.looks
        joint = self._joint(self.body, _at(0, 1.2, self.acting.wind, 0.3))
        top, hem = np.linspace(-0.55, 0.55, 9), np.linspace(-1.0, 1.0, 9)
        sketch = Sketch()
        outline = polygon([(-0.55, 0.0), (0.55, 0.0), (1.0, 1.7), (-1.0, 1.7)])
        sketch.fill(outline, looks.collar)
        for left in range(0, 8, 2):
            pleat = polygon([(top[left], 0), (top[left + 1], 0), (hem[left + 1], 1.7), (hem[left] + 0.08, 1.7)])
            sketch.fill(pleat, _darker(looks.collar))
        width = looks.line_width
        return sketch.ink(outline, width, looks.ink).piece(joint, outline, ink_width=width)

    def arm(self, side: int) -> list[Piece]:
        """Draw upper arm, forearm and hand; `side` is -1 or 1."""
        looks, index = self.looks, (side + 1) // 2
        shoulder = self._joint(self.body, _at(0.6 * side, -0.36, self.acting.arms[index]))
        elbow = self._joint(shoulder, _at(0.0, 0.85, self.acting.forearms[index]))
        upper = smooth(_mirrored([(0.16, -0.12), (0.24, 0.1), (0.22, 0.8), (0.2, 0.95)]))
        lower = smooth(_mirrored([(0.13, -0.1), (0.16, 0.15), (0.11, 0.75), (0.09, 0.85)]))
        hand = smooth(_mirrored([(0.09, 0.78), (0.14, 0.95), (0.11, 1.15), (0.04, 1.22)]))
        dark = smooth(np.array([(0.04, -0.4), (0.5, -0.4), (0.5, 1.6), (0.06, 1.6)]))
        return [
            self._cel(elbow, hand, looks.skin, dark, looks.skin_shade),
            self._cel(elbow, lower, looks.skin, dark, looks.skin_shade),
            self._cel(shoulder, upper, looks.cloth, dark, looks.cloth_shade),
        ]

    def face(self) -> list[Piece]:
        """Draw the head with the shadow of the fringe, blush and nose."""
        looks = self.looks
        outline = [(0.0, -0.95), (0.55, -0.85), (0.8, -0.3), (0.77, 0.3), (0.52, 0.72), (0.16, 0.98)]
        head = smooth(_mirrored(outline))
        sketch = Sketch().fill(head, looks.skin)
        brow = smooth(_mirrored([(0.0, -1.2), (1.0, -1.0), (1.0, -0.1), (0.55, -0.22)]))
        cheek = smooth(np.array([(0.62, -0.5), (1.2, -0.5), (1.2, 1.2), (0.2, 1.2), (0.66, 0.5)]))
        sketch.shade(head, brow, looks.skin_shade).shade(head, cheek, looks.skin_shade)
        for side in (-1, 1):
            sketch.fill(ellipse(0.5 * side, 0.53, 0.15, 0.07), looks.ribbon, opacity=0.25)
        sketch.fill(ink_line(bezier((0.02, 0.43), (0.06, 0.5), (0.0, 0.53)), looks.line_width), looks.ink)
        width = looks.line_width
        return [sketch.ink(head, width, looks.ink).piece(self.head, head, ink_width=width)]

    def eye(self, side: int) -> list[Piece]:
        """Draw one eye on its own joint, its iris on another that looks around, the brow above."""
        looks = self.looks
        eye = self._joint(self.head, _at(0.37 * side, 0.24, self.acting.blink))
        gaze = self._joint(eye, self.acting.gaze)
        brow = self._joint(self.head, _at(0.38 * side, -0.2, self.acting.blink, 0.15))
        corners = [(-0.26, -0.02), (-0.14, -0.25), (0.12, -0.27), (0.27, -0.05), (0.18, 0.23), (-0.15, 0.24)]
        white = smooth(np.array(corners))
        iris, pupil = ellipse(0, 0.0, 0.18, 0.25), ellipse(0, -0.01, 0.09, 0.14)
        look = Sketch().fill(iris, looks.iris).shade(iris, ellipse(0, -0.14, 0.24, 0.2), looks.iris_dark)
        look.fill(pupil, looks.iris_dark).fill(ellipse(0, 0.15, 0.085, 0.05), 0xFFBFE6F2, opacity=0.75)
        look.fill(ellipse(-0.06, -0.1, 0.055, 0.065), 0xFFFFFFFF).fill(ellipse(0.07, 0.09, 0.03, 0.035), 0xFFFFFFFF)
        look.ink(iris, 0.02, looks.iris_dark)
        lash = [(-0.25, -0.14), (-0.14, -0.33), (0.22, -0.37), (0.35, 0.0)]
        lid = ink_line(bezier(*lash, count=14) * (side, 1), 0.085, taper=0.3)
        under = ink_line(bezier((-0.15, 0.22), (0.02, 0.27), (0.17, 0.2)), 0.025)
        arch = ink_line(bezier((-0.22, 0.03), (0.0, -0.1), (0.22, 0.03)), 0.045)
        return [
            Sketch().fill(white, 0xFFFBFBFF).shade(white, ellipse(0, -0.25, 0.4, 0.13), 0xFFC9CCE6).piece(eye, white),
            look.piece(gaze, iris),
            Sketch().fill(lid, looks.ink).fill(under, looks.ink).piece(eye, lid),
            Sketch().fill(arch, looks.hair_shade).piece(brow, arch),
        ]

    def mouth(self) -> list[Piece]:
        """Draw an open mouth; its joint closes it by height, to a line at the smallest."""
        looks = self.looks
        joint = self._joint(self.head, _at(0.0, 0.7, self.acting.mouth), every=self.acting.mouth_every)
        lips = smooth(np.array([(-0.19, -0.08), (0.0, -0.02), (0.19, -0.08), (0.11, 0.13), (-0.11, 0.13)]))
        return [
            Sketch()
            .fill(lips, 0xFF8E2F3C)
            .shade(lips, ellipse(0, 0.14, 0.12, 0.09), 0xFFE77B7F)
            .ink(lips, 0.03, looks.ink)
            .piece(joint, lips, ink_width=0.03)
        ]

    def fringe(self) -> list[Piece]:
        """Draw the cap of hair, side locks, and strands over the forehead that sway one by one."""
        looks, pieces = self.looks, []
        for side in (-1, 1):
            root = self._joint(self.head, _at(0.78 * side, -0.35, self.acting.wind, 0.7 + 0.2 * side))
            lock = smooth(np.array([(-0.13, -0.25), (0.13, -0.3), (0.17, 0.4), (0.03, 1.25), (-0.08, 0.5)]) * (side, 1))
            shadow = smooth(np.array([(0.0, 0.2), (0.4, 0.0), (0.3, 1.5), (0.05, 1.5)]))
            pieces.append(self._cel(root, lock, looks.hair, shadow, looks.hair_shade))
        rim = [(0.0, -1.24), (0.5, -1.13), (0.86, -0.72), (0.95, -0.1)]
        cap = smooth(_mirrored([*rim, (0.86, 0.05), (0.72, -0.3), (0.4, -0.4), (0.0, -0.38)]))
        pieces += [self._strand((index + 0.5) / looks.strands * 2 - 1, index) for index in range(looks.strands)]
        sketch = Sketch().fill(cap, looks.hair)
        sketch.shade(cap, smooth(np.array(_GLOSS)), looks.hair_light)
        edge = np.array([(-x, y) for x, y in rim[:0:-1]] + rim)
        sketch.ink(smooth(edge, closed=False), looks.line_width, looks.ink)
        return [*pieces, sketch.piece(self.head, cap)]

    def _strand(self, across: float, index: int) -> Piece:
        looks = self.looks
        root = self._joint(self.head, _at(0.72 * across, -0.5, self.acting.wind, 0.5 + 0.12 * (index % 4)))
        length = 0.44 + 0.3 * abs(across) ** 2 + 0.07 * (index % 2)
        lean = 0.16 * across + 0.05
        width = 1.5 / looks.strands
        side = np.array([(-1.0, -0.2), (1.0, -0.2), (0.85, 0.45), (0.0, 1.0), (-0.75, 0.4)]) * (width, length)
        strand = smooth(side + np.outer(side[:, 1] / length, (lean, 0.0)))
        shadow = smooth(np.array([(0.3 * width, 0.0), (2 * width, -0.1), (lean + 0.2, length + 0.1), (lean, length)]))
        return self._cel(root, strand, looks.hair, shadow, looks.hair_shade)


def person(looks: Looks, acting: Acting, carrier: Joint) -> list[Piece]:
    """Return the pieces of a person from back to front.

    Args:
        looks: Colours and proportions.
        acting: What moves and when.
        carrier: Joint that the body hangs on; its unit is one head.
    """
    artist = _Artist(looks, acting, carrier)
    eyes = [piece for side in (-1, 1) for piece in artist.eye(side)]
    arms = [piece for side in (-1, 1) for piece in artist.arm(side)]
    return [*artist.back_hair(), *arms, *artist.torso(), *artist.face(), *eyes, *artist.mouth(), *artist.fringe()]
