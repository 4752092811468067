"""How a piece of a scene moves: parameters over frames, joints in a tree, and matrices from both.

Every motion in a scene is a chain of plane transforms, so the displacement of any covered point between any two
times is known exactly. A joint may be drawn on ones, twos or threes; between two of its drawings the in-between is
the one an animator would draw: its parameters, not its points, are mixed, so an arm swings on an arc.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

type Vector = NDArray[np.float64]
type Matrix = NDArray[np.float64]
type Motion = Callable[[float], Vector]

#: What a parameter vector holds, in this order. Lengths are scene units; tilts are perspective terms per unit.
PARAMETERS = ("x", "y", "angle", "log_width", "log_height", "shear", "tilt_x", "tilt_y")


def parameters(
    x: float = 0.0,
    y: float = 0.0,
    angle: float = 0.0,
    log_width: float = 0.0,
    log_height: float = 0.0,
    shear: float = 0.0,
    tilt_x: float = 0.0,
    tilt_y: float = 0.0,
) -> Vector:
    """Name the entries of a parameter vector; the angle is in radians, sizes are natural logarithms."""
    return np.array([x, y, angle, log_width, log_height, shear, tilt_x, tilt_y], dtype=np.float64)


def plane_matrix(values: Vector) -> Matrix:
    """Turn a parameter vector into the 3x3 matrix that maps a joint's own coordinates to its parent's."""
    x, y, angle, log_width, log_height, shear, tilt_x, tilt_y = values.tolist()
    cosine, sine = math.cos(angle), math.sin(angle)
    width, height = math.exp(log_width), math.exp(log_height)
    skewed = shear * width
    return np.array(
        [
            [cosine * width, cosine * skewed - sine * height, x],
            [sine * width, sine * skewed + cosine * height, y],
            [tilt_x, tilt_y, 1.0],
        ]
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Sway:
    """A motion made of a rest position, a steady drift and one swing, each a parameter vector."""

    rest: Vector = field(default_factory=parameters)
    """Where the joint is at frame 0 with no swing."""
    drift: Vector = field(default_factory=parameters)
    """Change in one frame."""
    swing: Vector = field(default_factory=parameters)
    """Largest departure of the swing."""
    period_frames: float = 24.0
    """Frames in one swing, above 0."""
    phase: float = 0.0
    """Part of a swing already gone at frame 0, in turns."""

    def __call__(self, frame: float) -> Vector:
        """Return the parameters at a frame."""
        turn = math.sin(2 * math.pi * (frame / self.period_frames + self.phase))
        return self.rest + self.drift * frame + self.swing * turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """A motion through key poses, eased between neighbours and at rest before the first and after the last."""

    frames: tuple[float, ...]
    """Frame of each key, ascending."""
    poses: tuple[Vector, ...]
    """Parameter vector of each key."""
    eased: bool = True
    """Slow in and out of each key; otherwise the motion between keys is steady."""

    def __post_init__(self) -> None:
        if len(self.frames) != len(self.poses) or not self.frames or list(self.frames) != sorted(self.frames):
            raise ValueError(f"Keys: 'frames' must ascend, one for each pose (got {self.frames!r})")

    def __call__(self, frame: float) -> Vector:
        """Return the parameters at a frame."""
        after = int(np.searchsorted(self.frames, frame, side="right"))
        if after == 0:
            return self.poses[0]
        if after == len(self.frames):
            return self.poses[-1]
        start, stop = self.frames[after - 1], self.frames[after]
        share = (frame - start) / (stop - start)
        if self.eased:
            share = share * share * (3 - 2 * share)
        return self.poses[after - 1] * (1 - share) + self.poses[after] * share


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Joint:
    """A node of a rig: its motion, what it hangs on, and how often it is drawn anew."""

    motion: Motion = field(default_factory=Sway)
    """Parameters over frames, relative to the parent."""
    parent: Joint | None = None
    """The joint that carries this one; None hangs it on the picture."""
    every: int = 1
    """A new drawing every so many frames: 1, 2 or 3."""
    offset: int = 0
    """Frame at which a new drawing falls, modulo `every`."""

    def drawing(self, frame: int) -> int:
        """Return the frame whose drawing is on the screen at `frame`."""
        return frame - (frame - self.offset) % self.every

    def pose(self, frame: int, part: float) -> Vector:
        """Return the parameters `part` of the way (0 to 1) from frame `frame` to the next."""
        start, stop = self.drawing(frame), self.drawing(frame + 1)
        before = self.motion(start)
        if part == 0.0 or start == stop:
            return before
        return before * (1 - part) + self.motion(stop) * part

    def matrix(self, frame: int, part: float = 0.0, known: dict[Joint, Matrix] | None = None) -> Matrix:
        """Return the matrix from this joint's coordinates to the picture's.

        Args:
            frame: Frame before the asked time.
            part: How far on towards the next frame, 0 to 1.
            known: Matrices of this same time, by joint; read and added to, so that shared parents are worked out once.
        """
        if known is not None and self in known:
            return known[self]
        own = plane_matrix(self.pose(frame, part))
        full = own if self.parent is None else self.parent.matrix(frame, part, known) @ own
        if known is not None:
            known[self] = full
        return full
