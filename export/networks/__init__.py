"""The networks that the workshop makes, and what their cards say that no program can find out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from export.networks import fusion, layered
from export.networks.flow import GRID


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """The facts of a network's card that follow from its design; see export.to_onnx.Card for their meaning."""

    task: str
    kind: str
    scale: int
    planes: int
    size_multiple: int
    size_minimum: tuple[int, int]
    overlap: int
    analysis_height: int
    grid: int = 1
    motion: str | None = None
    timesteps: str
    base: str | None = None
    description: str
    data: str = "generated scenes"
    """What it learnt from; ends up in the card's origin."""


_LAYERED = Description(
    task="interpolate",
    kind="frame",
    scale=1,
    planes=7,
    size_multiple=layered.SIZE_MULTIPLE,
    size_minimum=(64, 64),
    overlap=0,
    analysis_height=0,
    timesteps="any",
    description="The middle frame of layers: background by one motion, foreground by dense motion and taps; for GPUs.",
)

NETWORKS: dict[str, Description] = {
    "flow-fast": Description(
        task="interpolate",
        kind="flow",
        scale=1,
        planes=7,
        size_multiple=16,
        size_minimum=(32, 32),
        overlap=0,
        analysis_height=270,
        grid=GRID,
        timesteps="any",
        description="Motion on a small copy, from coarse to fine, with exact rest where nothing moves.",
    ),
    "flow": Description(
        task="interpolate",
        kind="fusion",
        scale=1,
        planes=len(fusion.INPUTS),
        size_multiple=fusion.SIZE_MULTIPLE,
        size_minimum=(32, 32),
        overlap=0,
        analysis_height=270,
        motion="flow-fast",
        timesteps="any",
        description="Weighs the motion of flow-fast, block motion and rest at each place: better, at twice the cost.",
        data="generated shots and Big Buck Bunny (CC BY 3.0, Blender Foundation)",
    ),
    "layered-small": _LAYERED,
    "layered-large": replace(_LAYERED, description="The same with eight times the weights."),
    "luma-fast": Description(
        task="upscale",
        kind="luma",
        scale=2,
        planes=1,
        size_multiple=1,
        size_minimum=(2, 2),
        overlap=5,
        analysis_height=0,
        timesteps="none",
        description="Doubles the luma of line art: Spline36 and a small learned correction to it.",
    ),
    "luma": Description(
        task="upscale",
        kind="luma",
        scale=2,
        planes=1,
        size_multiple=1,
        size_minimum=(2, 2),
        overlap=9,
        analysis_height=0,
        timesteps="none",
        base="spline36",
        description="Doubles the luma of line art: what Spline36 lacks, in eight layers.",
        data="generated scenes and Big Buck Bunny (CC BY 3.0, Blender Foundation)",
    ),
    "compact": Description(
        task="upscale",
        kind="rgb",
        scale=2,
        planes=3,
        size_multiple=4,
        size_minimum=(4, 4),
        overlap=40,
        analysis_height=0,
        timesteps="none",
        base="spline36",
        description="Doubles RGB and takes away blocks, ringing and bands of a codec; a clean picture stays clean.",
        data="generated scenes and Big Buck Bunny (CC BY 3.0, Blender Foundation)",
    ),
}
