"""What is said about a list of numbers: the mean, the worst, and how sure a difference is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WORST_SHARE = 0.05
"""Share of the frames that count as the worst."""
RESAMPLES = 2000
BLOCK_FRAMES = 5
"""Frames of a film that are drawn together: neighbours are alike, and drawing them one by one would feign certainty."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean of paired differences with its interval of 95 %."""

    mean: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def mean(values: Sequence[float]) -> float:
    """Returns the mean."""
    return math.fsum(values) / len(values)


def worst(values: Sequence[float], sign: int) -> float:
    """Returns the mean of the worst WORST_SHARE of the values, of one at least.

    Args:
        values: One number for each frame.
        sign: 1 where more is better, -1 where less is.
    """
    count = math.ceil(len(values) * WORST_SHARE)
    return mean(sorted(values, reverse=sign < 0)[:count])


def compare(ours: Sequence[float], theirs: Sequence[float], *, related: bool) -> Difference:
    """Returns the mean of ours less theirs, frame by frame, with a bootstrap interval of 95 %.

    Frames of a film are drawn in circular blocks, unrelated pictures singly; the same seed draws the same.

    Args:
        ours: One number for each frame.
        theirs: As many, of the same frames.
        related: Whether the frames follow each other in a film.

    Reference: Efron (1979) for the bootstrap; Politis and Romano (1992) for circular blocks.
    """
    gaps = np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)
    count, block = len(gaps), min(BLOCK_FRAMES if related else 1, len(gaps))
    rng = np.random.default_rng(5)
    starts = rng.integers(0, count, (RESAMPLES, math.ceil(count / block)))
    drawn = (starts[..., None] + np.arange(block)) % count
    means = gaps[drawn.reshape(RESAMPLES, -1)[:, :count]].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Difference(float(gaps.mean()), float(low), float(high))
