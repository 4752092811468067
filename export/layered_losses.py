"""What the layered network is told about its mistakes, and how it is measured and shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.losses import FlowWeights, answer_losses, distance, flow_loss, lengths, mask_loss
from export.networks.flow import enlarge
from export.networks.layered import Layered, Layers
from export.networks.layers import disagreement
from export.picture_losses import PICTURE_LOSSES
from export.scene_data import SCENES, UNKNOWN, SceneBatch
from vsainimotion.gate import Interval

#: Distance in pixels at which the background's motion may as well be that of something else.
_ELSEWHERE_PX = 1.0
#: Pictures that are measured together.
_TOGETHER = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class LayeredWeights:
    """Weight of each part of the loss; a run's TOML sets them under [losses]."""

    motion: float = 0.5
    """All that flow-fast is told of its motion, as export.losses weighs it."""
    flow: float = 1.0
    """The refined flow, at half the size."""
    camera: float = 0.1
    """The background's motion: near that of as much of the picture as can be."""
    side: float = 0.1
    """Which picture shows, where only one does."""
    ghost: float = 1.0
    """A mixture of before and after where they show something else: whatever is right, two pale ones are wrong."""
    candidate: float = 1.0
    """What is fetched from a picture, where it is visible there."""
    scene: float = 0.1
    composite: float = 2.0
    """The mixture before it is refined, Charbonnier."""
    charbonnier: float = 4.0
    """This and the ones below: export.picture_losses, on the frame before a hold or cut takes its place."""
    gradient: float = 0.0
    census: float = 0.2
    line: float = 2.0
    laplacian: float = 0.05
    structure: float = 0.0
    missing: float = 0.0


def layered_weights(table: Mapping[str, float]) -> LayeredWeights:
    """Return the weights that a run's TOML names, the others as they are.

    Raises:
        ValueError: There is no such part, or its weight is below 0.
    """
    known = [part.name for part in dataclasses.fields(LayeredWeights)]
    if unknown := sorted(table.keys() - set(known)):
        raise ValueError(f"layered_weights: 'losses' must name {', '.join(known)} (got {', '.join(unknown)})")
    if wrong := [name for name, weight in table.items() if not weight >= 0]:
        raise ValueError(f"layered_weights: '{wrong[0]}' must be 0 or more (got {table[wrong[0]]!r})")
    return LayeredWeights(**table)


def pick[Part](part: Part, kept: Tensor) -> Part:
    """Return some samples of a tensor, or of all tensors in a tuple or dataclass."""
    found: Any = part
    if isinstance(part, Tensor):
        found = part[kept]
    elif isinstance(part, tuple):
        found = tuple(pick(each, kept) for each in part)
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        parts = {each.name: pick(getattr(part, each.name), kept) for each in dataclasses.fields(part)}
        found = dataclasses.replace(part, **parts)
    return found  # type: ignore[no-any-return] # as it came


def _error(made: Tensor, wanted: Tensor) -> Tensor:
    return torch.sqrt((made - wanted).square() + 1e-6).mean(1, keepdim=True)


def motion_losses(found: Layers, batch: SceneBatch, weights: LayeredWeights) -> dict[str, Tensor]:
    """Return the weighted parts that compare with known motion and visibility."""
    estimate, visible = found.estimate.enlarged(), batch.visible
    motion = torch.stack(list(answer_losses(estimate, batch, FlowWeights()).values())).sum()
    seen = visible + 0.1
    far = distance(found.camera, batch.flow)
    side = found.shares.clamp(min=1e-4).log()
    logit = torch.logsumexp(side[:, 0::2], 1, keepdim=True) - torch.logsumexp(side[:, 1::2], 1, keepdim=True)
    before, after = found.candidates[2:]
    apart = (before - after).detach().abs().mean(1, keepdim=True) * disagreement(before, after).detach()
    mixed = 4 * found.shares[:, 0::2].sum(1, keepdim=True) * found.shares[:, 1::2].sum(1, keepdim=True)
    fetched = torch.cat([_error(each, batch.middle) for each in (before, after)], dim=1)
    return {
        "motion": weights.motion * motion,
        "flow": weights.flow * flow_loss(enlarge(found.flow), batch.flow, seen),
        "camera": weights.camera * (far / (far + _ELSEWHERE_PX) * visible).mean(),
        "side": weights.side * mask_loss(logit, visible),
        "ghost": weights.ghost * (mixed * apart).mean(),
        "candidate": weights.candidate * (fetched * visible).mean(),
    }


def layered_losses(network: nn.Module, batch: SceneBatch, weights: LayeredWeights | None = None) -> dict[str, Tensor]:
    """Return the weighted parts of the loss by name; of a cut only that it is one counts."""
    assert isinstance(network, Layered)  # noqa: S101 - tells the type checker what export.tasks pairs up
    weights = weights or LayeredWeights()
    found = network.lay(batch.pictures)
    scene = functional.cross_entropy(found.scene.flatten(1), batch.scene, ignore_index=UNKNOWN, reduction="sum")
    kept = torch.nonzero(batch.scene != SCENES.index(Interval.CUT)).flatten()
    parts = {"scene": weights.scene * scene / len(batch.scene)}
    if not len(kept):
        return parts
    found, batch = pick(found, kept), pick(batch, kept)
    parts |= motion_losses(found, batch, weights)
    parts["composite"] = weights.composite * _error(found.composite, batch.middle).mean()
    asked = {name: weight for name in PICTURE_LOSSES if (weight := getattr(weights, name))}
    return parts | {name: weight * PICTURE_LOSSES[name](found.between, batch.middle) for name, weight in asked.items()}


def _parts(network: nn.Module, batch: SceneBatch) -> list[tuple[SceneBatch, Layers]]:
    assert isinstance(network, Layered)  # noqa: S101 - as above
    places = torch.arange(len(batch.scene)).chunk(-(-len(batch.scene) // _TOGETHER))
    return [(some, network.lay(some.pictures)) for some in (pick(batch, place) for place in places)]


def layered_check(network: nn.Module, batch: SceneBatch) -> dict[str, float]:
    """Return PSNR of the answer, of the composite and of a blend, errors of the flow, and how often the scene is right.

    Errors are in pixels, where nothing moves, where things are slow, and where fast.
    """
    squares: dict[str, list[Tensor]] = {"psnr": [], "composite": [], "blend": []}
    errors: dict[str, list[Tensor]] = {"still": [], "slow": [], "fast": []}
    right: dict[str, list[Tensor]] = {scene.name.lower(): [] for scene in SCENES}
    for some, found in _parts(network, batch):
        blend = (some.pictures[:, 0:3] + some.pictures[:, 3:6]) / 2
        for name, made in zip(squares, (found.picture, found.composite, blend), strict=True):
            squares[name].append((made - some.middle).square().mean((1, 2, 3)))
        length, error, seen = lengths(some.flow), distance(enlarge(found.flow), some.flow), some.visible > 0.5
        groups = (length < 0.02, (length >= 0.02) & (length < 2), length >= 2)
        for name, where in zip(errors, groups, strict=True):
            errors[name].append(error[where & seen])
        said = found.scene.flatten(1).argmax(1)
        for place, name in enumerate(right):
            right[name].append((said == place)[some.scene == place].float())
    figures = {name: float(-10 * torch.cat(each).mean().log10()) for name, each in squares.items()}
    figures |= {name: float(torch.cat(each).mean()) for name, each in (errors | right).items() if len(torch.cat(each))}
    return figures


def layered_pictures(network: nn.Module, batch: SceneBatch) -> Tensor:
    """Return before, wanted, made, after, four times the error, and how much is background, (N, 3, H, 6 W)."""
    rows = []
    for some, found in _parts(network, batch):
        error = (4 * (found.picture - some.middle).abs()).clamp(max=1)
        background = found.shares[:, :2].sum(1, keepdim=True).expand(-1, 3, -1, -1)
        both = some.pictures[:, :3], some.pictures[:, 3:6]
        rows.append(torch.cat([both[0], some.middle, found.picture, both[1], error, background], dim=3))
    return torch.cat(rows)
