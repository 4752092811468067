"""What a flow network is told about its mistakes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from export.batches import FlowBatch, PictureBatch
from export.fusion_data import FusionBatch
from export.networks.flow import Estimate, Search, warp
from export.networks.fusion import Fusion
from export.picture_losses import PICTURE_LOSSES, charbonnier, gradient, line

#: Motion below this many pixels of the analysis grid counts as rest.
STILL_PX = 0.02
#: Weight of motion that leads to a place the other picture does not show. It is known, but not to be seen.
HIDDEN_WEIGHT = 0.1
#: Difference of pictures at which confidence has fallen to 1/e.
DOUBT = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowWeights:
    """Weight of each part of the loss; a run's TOML sets them under [losses]."""

    flow: float = 1.0
    coarse: float = 0.25
    search: float = 0.1
    moving: float = 0.2
    mask: float = 0.1
    picture: float = 6.0
    """Charbonnier loss of the mean over the colours."""
    confidence: float = 0.1
    charbonnier: float = 0.0
    """This and the ones below: export.picture_losses."""
    gradient: float = 0.0
    census: float = 0.0
    line: float = 0.0
    laplacian: float = 0.0
    structure: float = 0.0
    missing: float = 0.0

    def __post_init__(self) -> None:
        for part in dataclasses.fields(self):
            if not getattr(self, part.name) >= 0:
                raise ValueError(f"FlowWeights: '{part.name}' must be 0 or more (got {getattr(self, part.name)!r})")


def flow_weights(table: Mapping[str, float]) -> FlowWeights:
    """Return the weights that a run's TOML names, the others as they are.

    Raises:
        ValueError: There is no such part, or its weight is below 0.
    """
    known = [part.name for part in dataclasses.fields(FlowWeights)]
    if unknown := sorted(table.keys() - set(known)):
        raise ValueError(f"flow_weights: 'losses' must name {', '.join(known)} (got {', '.join(unknown)})")
    return FlowWeights(**table)


def lengths(flow: Tensor) -> Tensor:
    """Return how long (N, 4, H, W) displacements are, to each side, (N, 2, H, W)."""
    squares = flow.square()
    return torch.stack([squares[:, 0] + squares[:, 1], squares[:, 2] + squares[:, 3]], dim=1).sqrt()


def distance(flow: Tensor, wanted: Tensor) -> Tensor:
    """Return the length of the difference of (N, 4, H, W) flows, to each side, (N, 2, H, W)."""
    squares = (flow.float() - wanted).square()
    return torch.sqrt(torch.stack([squares[:, 0] + squares[:, 1], squares[:, 2] + squares[:, 3]], dim=1) + 1e-6)


def flow_loss(flow: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """Mean distance, with small errors stressed: a lone root would hardly pull at what is far off."""
    length = distance(flow, wanted)
    return ((0.3 * length + (length + 0.01).sqrt()) * weight).mean()


def coarse_loss(flows: tuple[Tensor, ...], wanted: Tensor, weight: Tensor) -> Tensor:
    """Mean distance of the coarser levels' flows, in pixels of the input."""
    total = wanted.new_zeros(())
    for flow in flows:
        stride = wanted.shape[-1] // flow.shape[-1]
        level, level_weight = functional.avg_pool2d(wanted, stride), functional.avg_pool2d(weight, stride)
        total = total + (distance(flow * stride, level) * level_weight).mean()
    return total


def search_loss(search: Search, wanted: Tensor, visible: Tensor) -> Tensor:
    """Cross entropy of a level's comparison, against the true shift spread over the four nearest ones.

    Places that one picture hides, and shifts out of reach, do not count.
    """
    stride, reach = wanted.shape[-1] // search.logits.shape[-1], search.reach
    left = functional.avg_pool2d(wanted, stride) / stride - search.start.detach()
    shift = (left[:, 2:4] - left[:, 0:2]) / 2
    seen = functional.avg_pool2d(visible.amin(1, keepdim=True), stride) * (shift.abs().amax(1, keepdim=True) < reach)
    steps = torch.arange(-reach, reach + 1, dtype=shift.dtype, device=shift.device)[:, None, None]
    across, down = (functional.relu(1 - (shift[:, axis : axis + 1] - steps).abs()) for axis in (0, 1))
    target = (down[:, :, None] * across[:, None]).flatten(1, 2)
    loss = -(target * functional.log_softmax(search.logits.float(), dim=1)).sum(1, keepdim=True)
    return (loss * seen).mean()


def moving_loss(moving: Tensor, wanted: Tensor) -> Tensor:
    """Push the gate below -0.5 where nothing moves and above 1.5 where something does."""
    stride = wanted.shape[-1] // moving.shape[-1]
    length = functional.max_pool2d(lengths(wanted).amax(1, keepdim=True), stride)
    rest, motion = functional.relu(moving.float() + 0.5), functional.relu(1.5 - moving.float())
    return torch.where(length < STILL_PX, rest, motion).mean()


def mask_loss(mask: Tensor, visible: Tensor) -> Tensor:
    """Where one picture alone shows a pixel, take it from there."""
    first, second = visible[:, :1], visible[:, 1:]
    clear = (first - second).abs()
    wanted = (first > second).float()
    return (functional.binary_cross_entropy_with_logits(mask.float(), wanted, reduction="none") * clear).mean()


def compose(found: Estimate, pictures: Tensor) -> Tensor:
    """Warp both pictures and mix them, as the filter does at full size."""
    a, b = warp(pictures[:, 0:3], found.flow[:, :2]), warp(pictures[:, 3:6], found.flow[:, 2:])
    weight = torch.sigmoid(found.mask.float())
    return weight * a + (1 - weight) * b


def answer_losses(found: Estimate, batch: FlowBatch, weights: FlowWeights) -> dict[str, Tensor]:
    """Return the weighted parts that compare with known motion."""
    seen = batch.visible + HIDDEN_WEIGHT
    flow = flow_loss(found.flow, batch.flow, seen) + 0.5 * flow_loss(found.raw_flow, batch.flow, seen)
    search = torch.stack([search_loss(level, batch.flow, batch.visible) for level in found.searches]).sum()
    return {
        "flow": weights.flow * flow,
        "coarse": weights.coarse * coarse_loss(found.coarse, batch.flow, seen),
        "search": weights.search * search,
        "moving": weights.moving * moving_loss(found.moving, batch.flow),
        "mask": weights.mask * mask_loss(found.mask, batch.visible),
    }


def flow_losses(found: Estimate, batch: PictureBatch, weights: FlowWeights) -> dict[str, Tensor]:
    """Return the weighted parts of the loss by name; their sum is what is minimised.

    Film has no known motion: only what compares pictures is left of it.
    """
    found = found.enlarged()
    made = compose(found, batch.pictures)
    error = (made - batch.middle).abs().mean(1, keepdim=True)
    trust = torch.exp(-functional.avg_pool2d(error.detach(), 3, 1, 1) / DOUBT)
    parts = answer_losses(found, batch, weights) if isinstance(batch, FlowBatch) else {}
    parts |= {
        "picture": weights.picture * torch.sqrt(error.square() + 1e-6).mean(),
        "confidence": weights.confidence * functional.binary_cross_entropy_with_logits(found.confidence.float(), trust),
    }
    asked = {name: weight for name in PICTURE_LOSSES if (weight := getattr(weights, name))}
    return parts | {name: weight * PICTURE_LOSSES[name](made, batch.middle) for name, weight in asked.items()}


def mix(weights: Tensor, pictures: Tensor) -> Tensor:
    """Mix (N, 6, 3, H, W) opinions by (N, 6, h, w) weights, as the filter does at full size."""
    return (_grown(weights, pictures.shape[3:])[:, :, None] * pictures).sum(1)


def _grown(planes: Tensor, size: tuple[int, ...] | torch.Size) -> Tensor:
    return functional.interpolate(planes.float(), tuple(size), mode="bilinear", align_corners=False)


def fusion_losses(network: Fusion, batch: FusionBatch) -> dict[str, Tensor]:
    """Return the weighted parts of the loss of a fusion network by name.

    The mean difference alone prefers the middle of two wrong pictures; slopes and lines keep what is drawn whole.
    """
    logits, confidence = network.explain(batch.planes)
    made = mix(torch.softmax(logits.float(), dim=1), batch.pictures)
    error = (made - batch.middle).detach().abs().mean(1, keepdim=True)
    trust = torch.exp(-functional.avg_pool2d(error, 5, 1, 2, count_include_pad=False) / DOUBT)
    doubt = functional.binary_cross_entropy_with_logits(_grown(confidence, trust.shape[2:]), trust)
    ease = _ease(batch)
    eased, wanted = made * ease, batch.middle * ease
    return {
        "picture": charbonnier(eased, wanted),
        "gradient": 0.5 * gradient(eased, wanted),
        "line": 0.5 * line(eased, wanted),
        "confidence": 0.02 * doubt,
    }


#: Mean difference that counts fully: samples that are easier count for more, harder ones for less.
_USUAL = 0.003


def _ease(batch: FusionBatch) -> Tensor:
    """Return what each sample's difference is multiplied by, (N, 1, 1, 1): large motion would outweigh all else."""
    error = (batch.pictures[:, 2:].mean(1) - batch.middle).abs().mean((1, 2, 3), keepdim=True)
    return (4 * _USUAL / (_USUAL + error)).clamp(0.2, 4.0)
