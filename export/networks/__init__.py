"""The networks that the workshop makes, and what their cards say that no program can find out."""

from __future__ import annotations

from dataclasses import dataclass

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
    grid: int
    timesteps: str
    description: str


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
    "luma-fast": Description(
        task="upscale",
        kind="luma",
        scale=2,
        planes=1,
        size_multiple=1,
        size_minimum=(2, 2),
        overlap=5,
        analysis_height=0,
        grid=1,
        timesteps="none",
        description="Doubles the luma of line art: Spline36 and a small learned correction to it.",
    ),
}
