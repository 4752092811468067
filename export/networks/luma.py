"""Networks that double the luma plane: what Spline36 gives, and a learned correction to it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from export.networks.flow import silence

#: How far an input pixel can change the output, in input pixels.
RADIUS = 5
#: Taps that Spline36 reads to each side of a pixel when it doubles, the pixel left out.
_REACH = 3


def spline36(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Spline36 kernel at distances `x`: three cubic pieces, as in zimg and AviSynth."""
    x = np.abs(x)
    near = ((13 / 11 * x - 453 / 209) * x - 3 / 209) * x + 1
    y = x - 1
    middle = ((-6 / 11 * y + 270 / 209) * y - 156 / 209) * y
    z = x - 2
    far = ((1 / 11 * z - 45 / 209) * z + 26 / 209) * z
    return np.where(x < 1, near, np.where(x < 2, middle, np.where(x < 3, far, 0.0)))


def doubling_kernel() -> Tensor:
    """Return the (4, 1, 7, 7) convolution that computes the four pixels which take the place of one.

    They lie a quarter of a pixel off the old centre, so nothing shifts.
    """
    taps = np.arange(-_REACH, _REACH + 1, dtype=np.float64)
    phases = np.stack([spline36(taps - offset) for offset in (-0.25, 0.25)])
    phases /= phases.sum(axis=1, keepdims=True)
    kernel = np.einsum("ai,bj->abij", phases, phases).reshape(4, 1, len(taps), len(taps))
    return torch.from_numpy(kernel).float()


def correction() -> nn.Sequential:
    """Make four small layers that find what a kernel's doubling of (N, 1, H, W) luma lacks, (N, 4, H - 10, W - 10)."""
    layers: list[nn.Module] = []
    for inputs, outputs, side in ((1, 16, 5), (16, 16, 3), (16, 8, 3)):
        layers += [nn.Conv2d(inputs, outputs, side), nn.LeakyReLU(0.1)]
    last = nn.Conv2d(8, 4, 3)
    silence(last)
    return nn.Sequential(*layers, last)


class LumaFast(nn.Module):
    """(N, 1, H, W) luma in [0, 1] to (N, 1, 2H, 2W); edges are repeated, not darkened."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", doubling_kernel())
        self.correct = correction()

    def forward(self, luma: Tensor) -> Tensor:
        """Return the plane at twice the size."""
        # One margin for all layers, so that a tile with it equals the same place in the whole picture.
        padded = functional.pad(luma, (RADIUS,) * 4, mode="replicate")
        inner = RADIUS - _REACH
        base = functional.conv2d(padded[:, :, inner:-inner, inner:-inner], self.kernel)
        return functional.pixel_shuffle(base + self.correct(padded - 0.5), 2)


class LowRank(nn.Module):
    """A convolution of 3x3 whose outputs lie in few directions, after Jaderberg et al. (arXiv 1405.3866)."""

    def __init__(self, inputs: int, outputs: int, rank: int) -> None:
        super().__init__()
        self.directions = nn.Conv2d(inputs, rank, 3, padding=1, bias=False)
        self.spread = nn.Conv2d(rank, outputs, 1)

    @property
    def weight(self) -> Tensor:
        """Of the last layer; zeros silence both."""
        return self.spread.weight

    def forward(self, features: Tensor) -> Tensor:
        """Return what a layer of 3x3 would."""
        made: Tensor = self.spread(self.directions(features))
        return made


def convolution(inputs: int, outputs: int, rank: int | None) -> nn.Conv2d | LowRank:
    """Make a layer of 3x3; `rank` None is one without a limit."""
    return nn.Conv2d(inputs, outputs, 3, padding=1) if rank is None else LowRank(inputs, outputs, rank)


class Block(nn.Module):
    """Two convolutions beside a way straight through."""

    def __init__(self, width: int, rank: int | None = None) -> None:
        super().__init__()
        self.first, self.second = (convolution(width, width, rank) for _ in range(2))
        nn.init.kaiming_normal_(self.first.weight, a=0.1)
        # A block begins by changing little, so that the first steps train what lies around it.
        nn.init.normal_(self.second.weight, std=0.01)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same size, activated."""
        inner = functional.leaky_relu(self.first(features), 0.1)
        return functional.leaky_relu(features + self.second(inner), 0.1)


class Luma(nn.Module):
    """(N, 1, H, W) luma in [0, 1] to what `double` of it lacks, (N, 1, 2H, 2W); edges are repeated.

    The picture itself stays outside, so that the network can run in half the precision.
    """

    #: How far an input pixel can change the output, in input pixels.
    radius = 9

    def __init__(self, width: int = 32, blocks: int = 3) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, width, 5, padding=2)
        nn.init.kaiming_normal_(self.first.weight, a=0.1)
        self.body = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.last = nn.Conv2d(width, 4, 3, padding=1)
        silence(self.last)
        # Twice as fast as planes one after the other, measured in bfloat16.
        self.to(memory_format=torch.channels_last)

    def forward(self, luma: Tensor) -> Tensor:
        """Return the difference at twice the size."""
        # One margin for all layers: what their own zeros at its rim spoil is cut away, so that a tile with an overlap
        # of the radius equals the same place in the whole picture.
        padded = functional.pad(luma - 0.5, (self.radius,) * 4, mode="replicate")
        features = functional.leaky_relu(self.first(padded), 0.1)
        found = self.last(self.body(features))
        margin = slice(self.radius, -self.radius)
        return functional.pixel_shuffle(found[:, :, margin, margin], 2)


def double(planes: Tensor) -> Tensor:
    """Return (N, C, H, W) planes in [0, 1] at twice the size by Spline36, edges repeated."""
    padded = functional.pad(planes.flatten(0, 1)[:, None], (_REACH,) * 4, mode="replicate")
    large = functional.pixel_shuffle(functional.conv2d(padded, doubling_kernel()), 2)
    return large.reshape(*planes.shape[:2], *large.shape[2:])
