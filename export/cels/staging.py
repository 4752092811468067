"""What the happenings of a labelled film are staged with: scenes, pictures, and a camera over them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from export.cels.clips import Part, shot
from export.cels.generate import CENTRE_FRAME, Mix, random_scene
from export.cels.render import render
from export.cels.scene import Scene

type Pixels = NDArray[np.uint8]
type Size = tuple[int, int]

MOVING = Mix(still_ground=0.4, still_piece=0.2, slowest_px=0.3, fastest_px=16.0)


def judge(frames: list[Pixels]) -> Part:
    """Call a hold what is bit-identical and a motion what is not."""
    return Part(frames, ["hold" if np.array_equal(a, b) else "motion" for a, b in pairwise(frames)])


def scene(rng: np.random.Generator) -> Scene:
    """Compose a scene of things and people, 320 x 180 units, at its composed moment in frame CENTRE_FRAME."""
    return random_scene(int(rng.integers(2**31)), width=320.0, height=180.0, mix=MOVING)


def still(rng: np.random.Generator, size: Size) -> Pixels:
    """Draw one picture: half of them a person before a wall."""
    drawn = shot(rng) if rng.random() < 0.5 else scene(rng)
    return render(drawn, CENTRE_FRAME, 0.0, size, oversampling=1)


def drawings_of(drawn: Scene, size: Size, count: int) -> list[Pixels]:
    """Draw a scene's frames around its composed moment."""
    first = CENTRE_FRAME - count // 2
    return [render(drawn, frame, 0.0, size, oversampling=1) for frame in range(first, first + count)]


def repeat(drawings: Sequence[Pixels], every: int) -> list[Pixels]:
    """Show each drawing `every` times."""
    return [drawing for drawing in drawings for _ in range(every)]


def looked_at(picture: Pixels, x: float, y: float, size: Size, zoom: float = 1.0, turn: float = 0.0) -> Pixels:
    """Look at a larger picture from a place in pixels off its middle, nearer by `zoom` and turned by `turn` degrees."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2 + x, height / 2 + y), turn, zoom)
    matrix[:, 2] += (size[0] / 2 - width / 2 - x, size[1] / 2 - height / 2 - y)
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101))


def ground(rng: np.random.Generator, size: Size, share: float = 1.3) -> Pixels:
    """Draw a picture `share` times as large, for a camera to pass over."""
    return still(rng, (round(size[0] * share), round(size[1] * share)))
