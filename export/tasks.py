"""What can be trained: for each task its network, its batches, its loss and its validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from export.batches import FlowBatch, FlowData, PictureBatch
from export.film_data import FilmData
from export.fusion_data import FusionBatch, FusionData
from export.layered_losses import layered_check, layered_losses, layered_pictures, layered_weights
from export.losses import FlowWeights, compose, distance, flow_losses, flow_weights, fusion_losses, lengths, mix
from export.luma_data import FILM, LEVEL, LumaBatch, LumaData
from export.networks.compact import Compact
from export.networks.flow import FlowFast
from export.networks.fusion import Fusion
from export.networks.layered import LARGE, Layered
from export.networks.luma import Luma, LumaFast, double
from export.picture_losses import luma, missing, split_colour, structure
from export.rgb_data import LumaPairs, RgbBatch, RgbData
from export.scene_data import SceneData
from vsainimotion.models.runtimes import has_bfloat16

#: Mean difference of the kernel from the answer, in [0, 1], at which a restoring network's sample weighs 1.
_USUAL = 0.02


class Data(Protocol):
    """A split of the data."""

    def __len__(self) -> int:
        """Return how many samples there are."""

    def batch(self, side: int, count: int, rng: np.random.Generator) -> object:
        """Return `count` random augmented samples of `side` by `side` pixels."""

    def fixed(self, indices: range) -> object:
        """Return samples by number as they were rendered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A kind of training."""

    network: Callable[[], nn.Module]
    """Makes the network with fresh weights."""
    data: Callable[[Path, str], Data]
    """Opens a split of the shards in a folder."""
    losses: Callable[[nn.Module, Any], dict[str, Tensor]]
    """Runs the network on a batch and returns the parts of the loss."""
    check: Callable[[nn.Module, Any], dict[str, float]]
    """Measures the network on a held-out batch."""
    kinds: dict[str, Callable[[Path, str], Data]] = field(default_factory=dict)
    """Opens the kinds of data that a run's [[sources]] may name."""
    weigh: Callable[[Mapping[str, float]], Callable[[nn.Module, Any], dict[str, Tensor]]] | None = None
    """Makes `losses` with the weights of a run's [losses]."""
    pictures: Callable[[nn.Module, Any], Tensor] | None = None
    """Makes of a held-out batch what a person should look at, (N, 3, H, W) in [0, 1]."""


def psnr(made: Tensor, wanted: Tensor) -> float:
    """Return the peak signal-to-noise ratio in dB over all pixels, which are in [0, 1]."""
    error = float((made.double() - wanted.double()).square().mean())
    return float(-10 * np.log10(max(error, 1e-12)))


def _flow_losses(network: nn.Module, batch: PictureBatch, weights: FlowWeights | None = None) -> dict[str, Tensor]:
    assert isinstance(network, FlowFast)  # noqa: S101 - tells the type checker what TASKS pairs up
    return flow_losses(network.explain(batch.pictures), batch, weights or FlowWeights())


def _weigh_flow(table: Mapping[str, float]) -> Callable[[nn.Module, Any], dict[str, Tensor]]:
    return partial(_flow_losses, weights=flow_weights(table))


def _flow_errors(flow: Tensor, batch: FlowBatch) -> dict[str, float]:
    """Return the mean error of the flow in pixels where nothing moves, where things are slow, and where fast."""
    length, error, seen = lengths(batch.flow), distance(flow, batch.flow), batch.visible > 0.5
    groups = {"still": length < 0.02, "slow": (length >= 0.02) & (length < 2), "fast": length >= 2}
    return {name: float(error[where & seen].mean()) for name, where in groups.items()}


def _flow_check(network: nn.Module, batch: PictureBatch) -> dict[str, float]:
    assert isinstance(network, FlowFast)  # noqa: S101 - as above
    found = network.explain(batch.pictures).enlarged()
    result = _flow_errors(found.flow, batch) if isinstance(batch, FlowBatch) else {}
    result["psnr"] = psnr(compose(found, batch.pictures), batch.middle)
    blend = (batch.pictures[:, 0:3] + batch.pictures[:, 3:6]) / 2
    result["blend"] = psnr(blend, batch.middle)
    return result


def _flow_pictures(network: nn.Module, batch: PictureBatch) -> Tensor:
    """Return before, wanted, made, after, and four times the error, side by side, (N, 3, H, 5 W)."""
    assert isinstance(network, FlowFast)  # noqa: S101 - as above
    made = compose(network.explain(batch.pictures).enlarged(), batch.pictures)
    error = (4 * (made - batch.middle).abs()).clamp(max=1)
    return torch.cat([batch.pictures[:, :3], batch.middle, made, batch.pictures[:, 3:6], error], dim=3)


def _fusion_losses(network: nn.Module, batch: FusionBatch) -> dict[str, Tensor]:
    assert isinstance(network, Fusion)  # noqa: S101 - as above
    return fusion_losses(network, batch)


def _fusion_check(network: nn.Module, batch: FusionBatch) -> dict[str, float]:
    """Compare the mixture with either flow alone, with both and with a blend: mean PSNR of single pictures."""
    made = torch.cat(
        [
            mix(network(planes[None])[:, :6], shown[None])
            for planes, shown in zip(batch.planes, batch.pictures, strict=True)
        ]
    )
    flat = {"blend": (0, 1), "first": (2, 3), "second": (4, 5), "both": (2, 3, 4, 5)}
    rows = {name: batch.pictures[:, list(which)].mean(1) for name, which in flat.items()} | {"made": made}

    def mean_psnr(pictures: Tensor) -> float:
        return float(np.mean([psnr(one, wanted) for one, wanted in zip(pictures, batch.middle, strict=True)]))

    return {name: mean_psnr(pictures) for name, pictures in rows.items()}


def _fusion_pictures(network: nn.Module, batch: FusionBatch) -> Tensor:
    """Return before, wanted, made, after, four times the error, and confidence side by side, (N, 3, H, 6 W)."""
    found = network(batch.planes)
    made = mix(found[:, :6], batch.pictures)
    error, trust = (4 * (made - batch.middle).abs()).clamp(max=1), found[:, 6:].expand(-1, 3, -1, -1)
    return torch.cat([batch.pictures[:, 0], batch.middle, made, batch.pictures[:, 1], error, trust], dim=3)


def _weigh_layered(table: Mapping[str, float]) -> Callable[[nn.Module, Any], dict[str, Tensor]]:
    return partial(layered_losses, weights=layered_weights(table))


def _whole(network: nn.Module, small: Tensor) -> Tensor:
    """Return the enlarged picture, whether the network makes it or what the kernel lacks."""
    made: Tensor = network(small).float()
    return made if isinstance(network, LumaFast) else made + double(small)


def _luma_losses(network: nn.Module, batch: LumaBatch) -> dict[str, Tensor]:
    error = _whole(network, batch.small) - batch.large
    across, down = error.diff(dim=3), error.diff(dim=2)
    # A wrong slope is a line that rings or thickens, which the eye sees before a wrong level.
    slope = torch.sqrt(across.square() + 1e-6).mean() + torch.sqrt(down.square() + 1e-6).mean()
    return {"level": torch.sqrt(error.square() + 1e-6).mean(), "slope": 0.25 * slope}


def _level_losses(network: nn.Module, batch: LumaBatch) -> dict[str, Tensor]:
    level, slope, mean = _measure_error(_whole(network, batch.small), batch.large)
    ramp = network(_ramps(batch.small)).abs().mean()
    return {"level": level, "slope": 0.25 * slope, "mean": 2 * mean, "ramp": 4 * ramp}


def _measure_error(made: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return how wrong the enlarged pictures are in level, in slope, and in the mean of each place of 8x8."""
    error = made - wanted
    across, down = error.diff(dim=3), error.diff(dim=2)
    slope = torch.sqrt(across.square() + 1e-6).mean() + torch.sqrt(down.square() + 1e-6).mean()
    # The kernel keeps the mean of any place; so must what is added to it, to a tenth of a code.
    mean = torch.sqrt(functional.avg_pool2d(error, 8).square() + 1e-8).mean()
    return torch.sqrt(error.square() + 1e-7).mean(), slope, mean


def _restoring_losses(network: nn.Module, batch: RgbBatch) -> dict[str, Tensor]:
    """Return the parts of a loss that a network of weights near zero can leave.

    Beside an absolute penalty of what it adds to even slopes, as `_level_losses` has, no step away from the kernel
    paid: 2,500 steps ended where they had begun. Each sample is weighed by how near the kernel is to the answer: that
    of a clean film is a tenth as far from it as a damaged texture's, of which no network can make much. Detail that is
    missing costs more in damaged ones, whose answer nothing decides, than in clean ones, where it is only to be right.
    """
    kernel = double(batch.small)
    made, wanted = split_colour(kernel + network(batch.small).float()), split_colour(batch.large)
    weight = _USUAL / ((luma(kernel) - luma(batch.large)).abs().mean((1, 2, 3), keepdim=True) + 1 / 255)
    level, slope, mean = _measure_error(made * weight, wanted * weight)
    # Squared below a code of 8 bits, absolute above.
    ramp = (torch.sqrt(network(_ramps(batch.small[::4])).square() + 1 / 255**2) - 1 / 255).mean()
    light, drawn = made[:, :1], wanted[:, :1]
    detail = weight * (0.15 + 0.65 * batch.damaged[:, None, None, None])
    return {
        "level": level,
        "slope": 0.25 * slope,
        "mean": 0.25 * mean,
        "ramp": 0.5 * ramp,
        "structure": 0.1 * structure(light, drawn),
        "missing": missing(light * detail, drawn * detail),
    }


def _ramps(small: Tensor) -> Tensor:
    """Return even slopes of up to four codes a pixel, flat ones too: the kernel alone has them right."""
    count, planes = small.shape[:2]
    # Drawn from the batch itself, so that a run goes on with the same numbers anywhere.
    random = torch.Generator().manual_seed(int(small.double().sum() * 1e6))
    level, down, across = (torch.rand(count, planes, 1, 1, generator=random) for _ in range(3))
    places = torch.arange(24.0) - 11.5
    steep = (torch.rand(count, 1, 1, 1, generator=random) < 0.5) * 8 / 255
    slope = (down - 0.5) * places[:, None] + (across - 0.5) * places
    return (level + steep * slope).clamp(0, 1)


def _luma_check(network: nn.Module, batch: LumaBatch) -> dict[str, float]:
    made = torch.cat([_whole(network, part[None]) for part in batch.small])
    return {"psnr": psnr(made, batch.large), "spline36": psnr(double(batch.small), batch.large)}


def _restoring_check(network: nn.Module, batch: RgbBatch) -> dict[str, float]:
    """Return the mean PSNR of luma of pairs that a codec damaged and of those that are clean, beside Spline36's.

    Not of RGB: chroma at half size comes back blurred whatever a network does.
    """
    made = torch.cat([_whole(network, part[None]) for part in batch.small])
    rows, found = {"": made, "spline36 ": double(batch.small)}, dict[str, float]()
    for name, group in (("damaged", batch.damaged > 0), ("clean", batch.damaged == 0)):
        for method, pictures in rows.items() if bool(group.any()) else ():
            pairs = zip(luma(pictures[group]), luma(batch.large[group]), strict=True)
            found[f"{method}{name}"] = float(np.mean([psnr(*pair) for pair in pairs]))
    return found


_LAYERED = Task(
    network=Layered,
    data=SceneData,
    losses=layered_losses,
    check=layered_check,
    kinds={"cels": SceneData, "shots": SceneData},
    weigh=_weigh_layered,
    pictures=layered_pictures,
)

_COMPACT = Task(
    network=Compact,
    data=RgbData,
    losses=_restoring_losses,
    check=_restoring_check,
    kinds={"worn": RgbData, "crossed": RgbData, "strong": RgbData, "lines": RgbData},
)

TASKS: dict[str, Task] = {
    "layered-small": _LAYERED,
    "layered-large": replace(_LAYERED, network=partial(Layered, LARGE)),
    "flow-fast": Task(
        network=FlowFast,
        data=FlowData,
        losses=_flow_losses,
        check=_flow_check,
        kinds={"cels": FlowData, "film": FilmData},
        weigh=_weigh_flow,
        pictures=_flow_pictures,
    ),
    "flow": Task(
        network=Fusion, data=FusionData, losses=_fusion_losses, check=_fusion_check, pictures=_fusion_pictures
    ),
    "luma-fast": Task(network=LumaFast, data=LumaData, losses=_luma_losses, check=_luma_check),
    "compact": _COMPACT,
    "compact-whole": replace(_COMPACT, network=partial(Compact, rank=None)),
    "luma-level": Task(
        network=Luma,
        data=partial(LumaData, mix=LEVEL),
        losses=_level_losses,
        check=_luma_check,
        kinds={"stills": partial(LumaData, mix=LEVEL), "worn": LumaPairs, "strong": LumaPairs},
    ),
    "luma": Task(network=Luma, data=partial(LumaData, mix=FILM), losses=_luma_losses, check=_luma_check),
}


def parameter_count(network: nn.Module) -> int:
    """Return how many numbers the network learns."""
    return sum(parameter.numel() for parameter in network.parameters())


def save_weights(weights: Mapping[str, Tensor], path: Path, **facts: str) -> None:
    """Write weights as .safetensors, with facts about them."""
    # Networks may keep their weights channels last, which the file cannot.
    save_file({name: value.cpu().contiguous() for name, value in weights.items()}, path, metadata=facts)


def averaged(network: nn.Module, weights: dict[str, Tensor]) -> nn.Module:
    """Put weights into a network and switch it to inference."""
    network.load_state_dict(weights)
    return network.eval().requires_grad_(requires_grad=False)


def precision(device: torch.device, *, bf16: bool) -> torch.autocast:
    """Return the context that training computes in: bfloat16 needs no scaling of the loss, on CPU or GPU.

    On convolutions of 64 channels it is 1.9 times as fast as float32 on a CPU that multiplies in it (avx512_bf16, two
    cores), and 4 to 15 times slower on one that does not (AVX2), where float32 is taken instead.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=bf16 and (device.type != "cpu" or has_bfloat16()))
