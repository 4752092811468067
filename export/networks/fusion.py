"""A network that weighs several opinions of the picture between two others, and says how far to trust the mixture.

It sees a small copy: luma of both neighbours as they are and drawn to the middle along two flows, the flows, and what
the flow network thought of itself. All layers work at half of that size and less; the weights come out at all of it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.flow import convolution, enlarge, silence

#: Height and width of the input must be multiples of this.
SIZE_MULTIPLE = 16
#: Input planes that are luma: a, b, and both drawn to the middle along either flow.
LUMAS = 6
#: What the planes are, in order.
INPUTS = ("a", "b", "a1", "b1", "a2", "b2", "x1", "y1", "x2", "y2", "mask", "confidence", "timestep")
#: Names of the output planes, in order.
PLANES = ("weight_a", "weight_b", "weight_a1", "weight_b1", "weight_a2", "weight_b2", "confidence")
#: Pixels of a flow that count as one.
_FLOW_PX = 16.0
#: What luma, less its middle value, and differences of luma are multiplied by: about unit variance.
_GAIN, _CONTRAST = 4.0, 12.0


class Fusion(nn.Module):
    """(N, 13, H, W) opinions to the weights of six pictures, which add up to 1, and confidence: (N, 7, H, W)."""

    def __init__(self, widths: tuple[int, int, int, int] = (24, 32, 48, 64)) -> None:
        super().__init__()
        first, second, third, fourth = widths
        # Six lumas, differences within and between the pairs, two flows, what the network thought, the timestep.
        self.read = convolution(4 * (LUMAS + 6 + 4 + 3), first, kernel=1)
        self.down = nn.ModuleList(
            nn.Sequential(convolution(finer, coarser, stride=2), convolution(coarser, coarser))
            for finer, coarser in ((first, second), (second, third), (third, fourth))
        )
        self.across = nn.ModuleList(
            nn.Conv2d(finer, coarser, 1) for finer, coarser in ((fourth, third), (third, second))
        )
        self.up = nn.ModuleList(convolution(width, width) for width in (third, second))
        self.lift = nn.Conv2d(second, first, 1)
        self.finish = nn.Sequential(convolution(first, first), convolution(first, first))
        self.answer = nn.Conv2d(first, 4 * len(PLANES), 3, padding=1)
        silence(self.answer)

    def _prepare(self, planes: Tensor) -> Tensor:
        """Return what the first layer reads, at half of the size."""
        luma = planes[:, :LUMAS]
        a, b, a1, b1, a2, b2 = luma.chunk(LUMAS, dim=1)
        apart = torch.cat([a - b, a1 - b1, a2 - b2, a1 - a2, b1 - b2, a + b - a1 - b1], dim=1)
        flows = planes[:, LUMAS : LUMAS + 4] / _FLOW_PX
        seen = [(luma - 0.5) * _GAIN, (apart * _CONTRAST).clamp(-3, 3), flows, planes[:, LUMAS + 4 :]]
        return functional.pixel_unshuffle(torch.cat(seen, dim=1), 2)

    def explain(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of the six weights, (N, 6, H, W), and of confidence, (N, 1, H, W)."""
        levels = [self.read(self._prepare(planes))]
        for layer in self.down:
            levels.append(layer(levels[-1]))
        found = levels[-1]
        for across, up, level in zip(self.across, self.up, levels[-2:0:-1], strict=True):
            found = up(enlarge(across(found)) + level)
        found = self.finish(enlarge(self.lift(found)) + levels[0])
        answer = functional.pixel_shuffle(self.answer(found), 2)
        return answer[:, :LUMAS], answer[:, LUMAS:]

    def forward(self, planes: Tensor) -> Tensor:
        """Return weights and confidence, (N, 7, H, W)."""
        weights, confidence = self.explain(planes)
        return torch.cat([torch.softmax(weights, dim=1), torch.sigmoid(confidence)], dim=1)
