"""A network that doubles RGB and takes away what a codec did: what Spline36 of a clean picture would lack, and more."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.flow import silence
from export.networks.luma import RADIUS, Block, convolution, correction
from export.picture_losses import luma

#: Height and width of the input must be multiples of this.
SIZE_MULTIPLE = 4
#: Repeated pixels around the picture, at half its size.
MARGIN = 4


class Coarse(nn.Module):
    """Blocks at half of their input's size beside a way straight through: the rest of a codec's block for little."""

    def __init__(self, width: int, blocks: int = 2) -> None:
        super().__init__()
        self.down = nn.Conv2d(width, width, 2, stride=2)
        nn.init.kaiming_normal_(self.down.weight, a=0.1)
        self.body = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.up = nn.ConvTranspose2d(width, width, 2, stride=2)
        silence(self.up)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same size, (N, C, H, W) with even sides."""
        below: Tensor = self.up(self.body(functional.leaky_relu(self.down(features), 0.1)))
        return features + below


class Compact(nn.Module):
    """(N, 3, H, W) RGB in [0, 1] to what Spline36's doubling lacks, (N, 3, 2H, 2W); edges are repeated.

    Most layers work at half of the input's size: a quarter of the work, and twice the reach, which blocks of 8 need;
    four in their midst at a quarter. What is fine and clean four small ones see in luma at full size, as luma-fast
    does.
    """

    #: How far an input pixel can change the output, in input pixels.
    radius = 39

    def __init__(self, width: int = 64, blocks: int = 4, rank: int | None = 24) -> None:
        """Make the network; without `rank` its layers are whole and none is at a quarter, as in the runs before."""
        super().__init__()
        self.correct = correction()
        self.first = nn.Conv2d(12, width, 3, padding=1)
        nn.init.kaiming_normal_(self.first.weight, a=0.1)
        self.body = nn.Sequential(*(Block(width, rank) for _ in range(blocks)))
        if rank is not None:
            self.body.insert(blocks // 2, Coarse(width))
        self.last = convolution(width, 48, rank)
        silence(self.last)
        self.to(memory_format=torch.channels_last)

    def forward(self, picture: Tensor) -> Tensor:
        """Return the difference at twice the size."""
        # As in Luma, one margin for all layers; of theirs four pixels do, on which it learns too.
        padded = functional.pad(picture - 0.5, (2 * MARGIN,) * 4, mode="replicate")
        features = functional.leaky_relu(self.first(functional.pixel_unshuffle(padded, 2)), 0.1)
        inner, rim = slice(MARGIN, -MARGIN), slice(2 * MARGIN - RADIUS, RADIUS - 2 * MARGIN)
        found = self.last(self.body(features))[:, :, inner, inner]
        # Added before the pixels are put in their places: less to move than three planes at twice the size.
        fine = functional.pixel_shuffle(self.correct(luma(padded[:, :, rim, rim])), 2)
        grey = functional.pixel_unshuffle(fine, 4)
        return functional.pixel_shuffle(found + torch.cat([grey, grey, grey], dim=1), 4)
