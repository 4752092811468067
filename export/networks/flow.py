"""A small network that finds, on a small copy of two pictures, the motion from a moment between them to both.

Features of both pictures are compared at 1/16, 1/8 and 1/4 of the copy. From 1/8 on they are first warped by what the
coarser level found, so each level only corrects. It ends at 1/4: finer motion is found natively, at less cost
(vsainimotion/refine.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Height and width of the input must be multiples of this.
SIZE_MULTIPLE = 16
#: Slope of the activation below zero.
_SLOPE = 0.1
#: What pixels, less their middle value, are multiplied by: about unit variance.
_GAIN = 4.0
#: One answer stands for this many pixels of the input, each way.
GRID = 4
#: Names of the output planes, in order.
PLANES = ("flow_a_x", "flow_a_y", "flow_b_x", "flow_b_y", "mask", "confidence")


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowShape:
    """Channels at each level, finest first, and how far each level searches."""

    features: tuple[int, int, int, int] = (16, 32, 48, 64)
    """Channels that describe a picture at 1/2, 1/4, 1/8 and 1/16."""
    widths: tuple[int, int, int] = (40, 48, 48)
    """Channels of the estimator at 1/4, 1/8 and 1/16."""
    depths: tuple[int, int, int] = (3, 3, 3)
    """Convolutions of the estimator."""
    reaches: tuple[int, int, int] = (1, 2, 2)
    """Search radius of the comparison in pixels of the level."""


@dataclass(frozen=True, slots=True)
class Search:
    """One level's comparison of both pictures, for training."""

    logits: Tensor
    """(N, (2 * reach + 1) ** 2, H, W) how well each shift fits; see `compare`."""
    start: Tensor
    """(N, 4, H, W) flow that the pictures were warped by before, in pixels of the level."""
    reach: int
    """Largest shift in each direction."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the network found, at 1/4 of the input, with the flows of the coarser levels for training."""

    flow: Tensor
    """(N, 4, H/4, W/4) flow a x, y, flow b x, y in pixels of the input."""
    raw_flow: Tensor
    """The same before still places are set to zero."""
    moving: Tensor
    """(N, 1, H/4, W/4) 0 or less where nothing moves, 1 or more where it does; in between the flow fades in."""
    mask: Tensor
    """(N, 1, H/4, W/4) logit of the weight of picture a."""
    confidence: Tensor
    """(N, 1, H/4, W/4) logit of how trustworthy the result is."""
    coarse: tuple[Tensor, ...]
    """Flows at 1/16, 1/8, 1/4, each in pixels of its own level."""
    searches: tuple[Search, ...]
    """Comparisons of the levels, coarsest first."""

    def enlarged(self) -> Estimate:
        """Return the same with flows, mask and confidence at the size of the input."""

        def grow(values: Tensor) -> Tensor:
            return enlarge(enlarge(values.float()))

        return replace(
            self,
            flow=grow(self.flow),
            raw_flow=grow(self.raw_flow),
            mask=grow(self.mask),
            confidence=grow(self.confidence),
        )


def convolution(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Return a convolution that keeps the size (divided by the stride), with its activation."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2)
    # Variance is kept from layer to layer and biases start at zero. With torch's default the biases drown the
    # pictures after a few layers, all places look alike, and matching is never learnt.
    nn.init.kaiming_normal_(layer.weight, a=_SLOPE)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return nn.Sequential(layer, nn.LeakyReLU(_SLOPE))


def silence(layer: nn.Module) -> None:
    """Set all weights of a layer to zero, so that it begins by adding nothing."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def warp(picture: Tensor, flow: Tensor) -> Tensor:
    """Fetch for each pixel the place that the flow points at, bilinear, edges repeated.

    Args:
        picture: (N, C, H, W).
        flow: (N, 2, H, W) displacement x, y in pixels.
    """
    height, width = flow.shape[2], flow.shape[3]
    across = torch.arange(width, dtype=torch.float32, device=flow.device) + 0.5
    down = torch.arange(height, dtype=torch.float32, device=flow.device) + 0.5
    x = (flow[:, 0].float() + across) * (2.0 / width) - 1.0
    y = (flow[:, 1].float() + down[:, None]) * (2.0 / height) - 1.0
    grid = torch.stack([x, y], dim=3)
    return functional.grid_sample(picture.float(), grid, padding_mode="border", align_corners=False)


def enlarge(values: Tensor) -> Tensor:
    """Double height and width, bilinear, pixel centres kept."""
    return functional.interpolate(values, scale_factor=2.0, mode="bilinear", align_corners=False)


def standard(features: Tensor) -> Tensor:
    """Give the channels of each pixel mean 0 and variance 1, so that products tell alike from unlike."""
    centred = features - features.mean(1, keepdim=True)
    return centred * torch.rsqrt(centred.square().mean(1, keepdim=True) + 1e-3)


def compare(a: Tensor, b: Tensor, reach: int) -> Tensor:
    """Correlate features of both pictures under opposite shifts: a at x - d with b at x + d.

    Motion through x is found at the d that is half of it, whichever picture shows it.

    Args:
        a: (N, C, H, W) features of the picture before.
        b: (N, C, H, W) features of the picture after.
        reach: Largest shift in each direction.

    Returns:
        (N, (2 * reach + 1) ** 2, H, W).
    """
    a, b = (functional.pad(standard(features), (reach,) * 4) for features in (a, b))

    def shifted(picture: Tensor, down: int, across: int) -> Tensor:
        rows = slice(reach + down, (down - reach) or None)
        columns = slice(reach + across, (across - reach) or None)
        return picture[:, :, rows, columns]

    steps = range(-reach, reach + 1)
    products = [(shifted(a, -y, -x) * shifted(b, y, x)).mean(1, keepdim=True) for y in steps for x in steps]
    return torch.cat(products, dim=1)


class Match(nn.Module):
    """The displacement that the comparison itself points at: its expectation under a softmax."""

    offsets: Tensor

    def __init__(self, reach: int) -> None:
        super().__init__()
        self.reach = reach
        steps = torch.arange(-reach, reach + 1, dtype=torch.float32)
        down, across = torch.meshgrid(steps, steps, indexing="ij")
        self.register_buffer("offsets", torch.stack([across.flatten(), down.flatten()])[:, :, None, None])
        self.sharpness = nn.Parameter(torch.tensor(8.0))

    def forward(self, a: Tensor, b: Tensor, timestep: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the comparison, its logits, and the flows they point at, (N, 4, H, W), in pixels of the level."""
        alike = compare(a, b, self.reach)
        logits = alike.float() * self.sharpness
        half = functional.conv2d(torch.softmax(logits, dim=1), self.offsets).float()
        return alike, logits, torch.cat([half * (-2.0 * timestep), half * (2.0 - 2.0 * timestep)], dim=1)


class Estimator(nn.Module):
    """One level: from features, their comparison and what the coarser level found to a corrected flow."""

    def __init__(self, features: int, before: int, width: int, depth: int, reach: int) -> None:
        super().__init__()
        self.match = Match(reach)
        compared = (2 * reach + 1) ** 2 + 4
        # Both pictures' features, the comparison, the coarser level's state, the flow so far, and the timestep.
        inputs = 2 * features + compared + before + (4 if before else 0) + 1
        self.mix = convolution(inputs, width, kernel=1)
        self.body = nn.ModuleList([convolution(width, width) for _ in range(depth)])
        # Four corrections of the flow, and how far to believe the match.
        self.head = nn.Conv2d(width, 5, 3, padding=1)
        silence(self.head)

    def forward(
        self, a: Tensor, b: Tensor, timestep: Tensor, state: Tensor | None, flow: Tensor | None
    ) -> tuple[Tensor, Tensor, Search]:
        """Return (state, flow, search) of this level; `state` and `flow` given are the coarser level's, enlarged."""
        parts = [timestep]
        if state is not None and flow is not None:
            a, b = warp(a, flow[:, :2]), warp(b, flow[:, 2:])
            parts += [state, flow]
        alike, logits, matched = self.match(a, b, timestep)
        search = Search(logits, torch.zeros_like(matched) if flow is None else flow, self.match.reach)
        found = self.mix(torch.cat([*parts, a, b, alike, matched], dim=1))
        for layer in self.body:
            found = found + layer(found) * 0.5
        head = self.head(found).float()
        correction = head[:, :4] + matched * torch.sigmoid(head[:, 4:5])
        return found, correction if flow is None else flow + correction, search


class FlowFast(nn.Module):
    """Two pictures and a timestep in, (N, 7, H, W); flows, mask and confidence out, (N, 6, H, W)."""

    def __init__(self, shape: FlowShape | None = None) -> None:
        super().__init__()
        shape = shape or FlowShape()
        first, *rest = shape.features
        self.describe = nn.ModuleList([convolution(12, first)])
        for finer, coarser in zip(shape.features, rest, strict=False):
            # The finer features and, against aliasing, the picture itself averaged to the same size.
            layers = [convolution(finer + 3, coarser, stride=2)]
            if coarser != shape.features[-1]:
                layers.append(convolution(coarser, coarser))
            self.describe.append(nn.Sequential(*layers))
        before = (*shape.widths[1:], 0)
        sizes = zip(shape.features[1:], before, shape.widths, shape.depths, shape.reaches, strict=True)
        # By level: level k works at 1 / 2**(k + 1) of the input.
        self.estimate = nn.ModuleDict({str(level): Estimator(*size) for level, size in enumerate(sizes, start=1)})
        # Corrections of the four flow planes, moving, mask, confidence, from the last state and from how far the
        # pictures differ unmoved, on average and at most: that tells rest from motion.
        self.answer = nn.Conv2d(shape.widths[0] + 2, 7, 3, padding=1)
        silence(self.answer)
        # The gate of motion starts half open.
        self.answer.state_dict()["bias"][4] = 0.5

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Return the description of pictures, (N, 3, H, W), at 1/4, 1/8 and 1/16."""
        found = [self.describe[0](functional.pixel_unshuffle(pictures, 2))]
        for layer in list(self.describe)[1:]:
            pictures = functional.avg_pool2d(pictures, 2)
            found.append(layer(torch.cat([found[-1], pictures], dim=1)))
        return found[1:]

    def explain(self, pictures: Tensor) -> Estimate:
        """Return everything the network finds for (N, 7, H, W) pictures."""
        a, b = (pictures[:, 0:3] - 0.5) * _GAIN, (pictures[:, 3:6] - 0.5) * _GAIN
        views = [view.chunk(2) for view in self.features(torch.cat([a, b]))]
        times = [pictures[:, 6:7, :: 2 << level, :: 2 << level] for level in range(4)]
        state, flow, search = self.estimate["3"](*views[2], times[3], None, None)
        coarse, searches = [flow], [search]
        for level in (2, 1):
            before = enlarge(state), enlarge(flow) * 2.0
            state, flow, search = self.estimate[str(level)](*views[level - 1], times[level], *before)
            coarse.append(flow)
            searches.append(search)
        apart = (a - b).abs().amax(1, keepdim=True)
        still = [functional.avg_pool2d(apart, GRID), functional.max_pool2d(apart, GRID)]
        planes = self.answer(torch.cat([state, *still], dim=1)).float()
        raw_flow = flow * GRID + planes[:, 0:4]
        moving = planes[:, 4:5]
        gate = moving.clamp(0.0, 1.0)
        return Estimate(
            raw_flow * gate, raw_flow, moving, planes[:, 5:6], planes[:, 6:7], tuple(coarse), tuple(searches)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return flow a x, y, flow b x, y, mask, confidence, (N, 6, H, W), for (N, 7, H, W) pictures.

        Each answer is repeated for the pixels that it stands for, because the filters want planes of the input's size.
        """
        found = self.explain(pictures)
        planes = torch.cat([found.flow, torch.sigmoid(found.mask), torch.sigmoid(found.confidence)], dim=1)
        return functional.interpolate(planes, scale_factor=float(GRID), mode="nearest")
