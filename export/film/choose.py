"""Which frames make a triplet: three drawings at even distances, with motion between them and no cut.

Animation is drawn on ones, twos or threes. Frames that repeat a drawing are passed over, so that on twos a triplet is
made of every second frame: the drawing in the middle is halfway in time as well.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from export.film.plan import Settings
from vsainimotion.gate import Interval

type Luma = NDArray[np.uint8]

#: What happened to frames and to triplets, in the order of the tests.
OUTCOMES = ("kept", "cut", "fade", "repeat", "uneven", "static", "apart")
#: Window and sigma of SSIM, and its constants for 8 bits: Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004.
_WINDOW, _SIGMA = (11, 11), 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


@dataclass(frozen=True, slots=True)
class View:
    """A frame as it is seen when triplets are chosen."""

    number: int
    """The frame's number in the film."""
    luma: Luma
    """(H, W) a small copy."""
    after: int
    """What lies between it and the next frame: an Interval of the gate."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Three frames that make a triplet."""

    frames: tuple[int, int, int]
    """Their numbers in the film."""
    ssim: tuple[float, float, float]
    """Likeness of first and second, second and third, first and third."""

    @property
    def motion(self) -> float:
        """How much changes from first to last: 1 - SSIM."""
        return 1 - self.ssim[2]


def ssim(a: Luma, b: Luma) -> float:
    """Return the mean structural similarity of two (H, W) planes of 8 bits, 1 for equal ones."""

    def blur(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(values, _WINDOW, _SIGMA))

    x, y = a.astype(np.float32), b.astype(np.float32)
    mean_x, mean_y = blur(x), blur(y)
    spread_x, spread_y = blur(x * x) - mean_x * mean_x, blur(y * y) - mean_y * mean_y
    both = blur(x * y) - mean_x * mean_y
    level = (2 * mean_x * mean_y + _C1) / (mean_x * mean_x + mean_y * mean_y + _C1)
    structure = (2 * both + _C2) / (spread_x + spread_y + _C2)
    return float((level * structure).mean(dtype=np.float64))


def choose(views: Iterable[View], settings: Settings, counts: Counter[str]) -> Iterator[Choice]:
    """Choose triplets from frames in order.

    Args:
        views: Consecutive frames.
        settings: What a triplet must be like.
        counts: Is added to: how many frames or triplets had each of OUTCOMES.

    Yields:
        The triplets, as soon as their last frame is known.
    """
    drawings: deque[View] = deque(maxlen=3)
    latest: View | None = None  # the newest drawing, also when its triplet has been kept and drawings is empty
    before = Interval.MOTION
    for view in views:
        between, before = before, Interval(view.after)
        if between in (Interval.CUT, Interval.FADE):
            counts["cut" if between == Interval.CUT else "fade"] += 1
            drawings.clear()
        elif latest and (between == Interval.HOLD or ssim(latest.luma, view.luma) >= settings.repeat):
            counts["repeat"] += 1
            continue
        latest = view
        drawings.append(view)
        if len(drawings) == drawings.maxlen:
            first, second, third = drawings
            choice, outcome = _judge(first, second, third, settings)
            counts[outcome] += 1
            if outcome == "kept":
                yield choice
                for _ in range(min(settings.step, len(drawings))):
                    drawings.popleft()


def _judge(a: View, b: View, c: View, settings: Settings) -> tuple[Choice, str]:
    """Say what becomes of three drawings in a row."""
    likeness = (ssim(a.luma, b.luma), ssim(b.luma, c.luma), ssim(a.luma, c.luma))
    choice = Choice((a.number, b.number, c.number), likeness)
    steps = sorted(1 - value for value in likeness[:2])
    gap = b.number - a.number
    if gap != c.number - b.number or gap > settings.longest_gap:
        return choice, "uneven"
    if likeness[2] >= settings.static:
        return choice, "static"
    if min(likeness[:2]) < settings.apart:
        return choice, "apart"
    return choice, "kept" if steps[0] >= settings.balance * steps[1] else "uneven"
