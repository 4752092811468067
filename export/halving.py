"""Pictures at half their size, by each of the kernels that shrink real material."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from export.networks.luma import spline36

type Floats = NDArray[np.float64]
type Kernel = Callable[[Floats], Floats]


def bicubic(b: float, c: float) -> Kernel:
    """Return the cubic kernel of Mitchell and Netravali (1988) with blur `b` and ringing `c`."""

    def kernel(x: Floats) -> Floats:
        x = np.abs(x)
        near = (12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + 6 - 2 * b
        far = (-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + 8 * b + 24 * c
        return np.where(x < 1, near, np.where(x < 2, far, 0.0)) / 6

    return kernel


def _lanczos3(x: Floats) -> Floats:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


HALVINGS: Mapping[str, tuple[Kernel, int]] = MappingProxyType(
    {
        "area": (lambda x: np.where(np.abs(x) < 0.5, 1.0, 0.0), 1),
        "bilinear": (lambda x: np.clip(1 - np.abs(x), 0, None), 1),
        "mitchell": (bicubic(1 / 3, 1 / 3), 2),
        "bicubic": (bicubic(0, 1 / 2), 2),
        "spline36": (spline36, 3),
        "lanczos": (_lanczos3, 3),
    }
)
"""Each kernel and how far it reaches, in pixels of the small picture; as zimg has them, area apart."""


def taps(name: str) -> Tensor:
    """Return the weights of the large pixels around the centre of a small one, an even number, sum 1."""
    kernel, reach = HALVINGS[name]
    places = (np.arange(-2 * reach, 2 * reach) + 0.5) / 2
    weights = kernel(places)
    return torch.from_numpy(weights / weights.sum()).float()


def halve(large: Tensor, name: str = "bicubic") -> Tensor:
    """Return (N, C, 2H, 2W) planes in [0, 1] at half the size, pixel centres kept, edges repeated."""
    weights = taps(name)
    channels, margin = large.shape[1], len(weights) // 2 - 1
    padded = functional.pad(large, (margin,) * 4, mode="replicate")
    across = functional.conv2d(padded, weights.expand(channels, 1, 1, -1), stride=(1, 2), groups=channels)
    small = functional.conv2d(across, weights[:, None].expand(channels, 1, -1, 1), stride=(2, 1), groups=channels)
    return small.clamp(0, 1)
