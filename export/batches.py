"""Batches from rendered shards. A step's batch depends on the seed and the step alone, so a run can go on anywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class PictureBatch:
    """Two pictures and the one between: all that is known of film."""

    pictures: Tensor
    """(N, 7, H, W) float32: RGB before, RGB after, timestep."""
    middle: Tensor
    """(N, 3, H, W) float32: the picture between."""


@dataclass(frozen=True, slots=True)
class FlowBatch(PictureBatch):
    """Pictures with the motion that belongs to them, known of what was drawn."""

    flow: Tensor
    """(N, 4, H, W) float32 to the picture before and to the one after, in pixels."""
    visible: Tensor
    """(N, 2, H, W) float32, 0 to 1."""


class Shards:
    """Records of all shards of one split, opened but not read."""

    def __init__(self, folder: Path, split: str) -> None:
        paths = sorted(folder.glob(f"{split}-*.npy"))
        if not paths:
            raise FileNotFoundError(
                f"Shards: no '{split}-*.npy' in '{folder}'. Render them with scripts/render_cels.py."
            )
        self._folder, self._split = folder, split
        self._parts = [np.load(path, mmap_mode="r") for path in paths]
        self._starts = np.cumsum([0] + [len(part) for part in self._parts])

    def __reduce__(self) -> tuple[type[Shards], tuple[Path, str]]:
        """Open the files again in another process, where a pickle would carry all that is in them."""
        return Shards, (self._folder, self._split)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, index: int) -> NDArray[Any]:
        part = int(np.searchsorted(self._starts, index, side="right")) - 1
        record: NDArray[Any] = self._parts[part][index - self._starts[part]]
        return record


def turn_flow(flow: Tensor, turn: int) -> Tensor:
    """Turn or mirror a field of displacements, (4, H, W), in one of eight ways, vectors included."""
    if turn & 1:
        flow = flow.flip(2) * torch.tensor([-1.0, 1.0, -1.0, 1.0])[:, None, None]
    if turn & 2:
        flow = flow.flip(1) * torch.tensor([1.0, -1.0, 1.0, -1.0])[:, None, None]
    if turn & 4:
        flow = flow.transpose(1, 2)[[1, 0, 3, 2]]
    return flow


def turn_picture(picture: Tensor, turn: int) -> Tensor:
    """Turn or mirror (..., H, W) planes like `turn_flow`."""
    if turn & 1:
        picture = picture.flip(-1)
    if turn & 2:
        picture = picture.flip(-2)
    return picture.transpose(-1, -2) if turn & 4 else picture


def tint(frames: Tensor, rng: np.random.Generator) -> Tensor:
    """Change colours of (3, 3, H, W) frames alike, and now and then the light from first to last."""
    frames = frames[:, list(rng.permutation(3))]
    gamma, gain = rng.uniform(0.75, 1.35), rng.uniform(0.75, 1.2)
    frames = frames.clamp(0, 1).pow(gamma) * gain
    if rng.random() < 0.12:
        change = rng.uniform(-0.15, 0.15)
        frames = frames + torch.tensor([0.0, 0.5, 1.0])[:, None, None, None] * change
    return frames.clamp(0, 1)


def rotated_crop(planes: Tensor, side: int, angle: float) -> Tensor:
    """Cut a turned square out of the middle of planes that belong to pictures with motion.

    Without it most pans of the scenes run along the axes, and the network learns to drop the smaller part of a motion.

    Args:
        planes: (9 + 4 + 2, H, W): three RGB pictures, flows x, y to both sides, visibility.
        side: Side of the square, in pixels; its diagonal must fit in.
        angle: Turn in radians.
    """
    cosine, sine = math.cos(angle), math.sin(angle)
    height, width = planes.shape[1:]
    steps = torch.arange(side) - (side - 1) / 2
    down, across = torch.meshgrid(steps, steps, indexing="ij")
    x, y = cosine * across - sine * down, sine * across + cosine * down
    grid = torch.stack([x * (2 / width), y * (2 / height)], dim=2)[None]
    cut = functional.grid_sample(planes[None], grid, padding_mode="border", align_corners=False)[0]
    before, after = cut[9:11], cut[11:13]
    turned = [torch.stack([cosine * f[0] + sine * f[1], cosine * f[1] - sine * f[0]]) for f in (before, after)]
    return torch.cat([cut[:9], *turned, cut[13:]])


def _soften(frames: Tensor, rng: np.random.Generator) -> Tensor:
    """Blur (3, 3, H, W) frames alike now and then, as a lens out of focus or a soft source does."""
    if rng.random() > 0.4:
        return frames
    sigma = float(rng.uniform(0.4, 1.8))
    taps = torch.exp(-0.5 * (torch.arange(-5, 6) / sigma) ** 2)
    taps = (taps / taps.sum()).expand(3, 1, 1, 11)
    padded = functional.pad(frames, (5, 5, 5, 5), mode="replicate")
    return functional.conv2d(functional.conv2d(padded, taps, groups=3), taps.transpose(2, 3), groups=3)


def _crop(
    frames: Tensor, flow: Tensor, visible: Tensor, side: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Cut out a square: mostly turned by any angle where its diagonal fits in, else anywhere."""
    if side * math.sqrt(2) < min(frames.shape[2:]) and rng.random() < 0.75:
        planes = torch.cat([frames.flatten(0, 1), flow, visible])
        turned = rotated_crop(planes, side, float(rng.uniform(0, 2 * math.pi)))
        return turned[:9].reshape(3, 3, side, side), turned[9:13], turned[13:]
    top, left = (int(rng.integers(frames.shape[axis] - side + 1)) for axis in (2, 3))
    window = (..., slice(top, top + side), slice(left, left + side))
    return frames[window], flow[window], visible[window]


class FlowData:
    """Triplets of generated scenes, augmented."""

    def __init__(self, folder: Path, split: str) -> None:
        self._records = Shards(folder, split)

    def __len__(self) -> int:
        return len(self._records)

    def sample(self, index: int, side: int, rng: np.random.Generator | None) -> tuple[Tensor, ...]:
        """Return pictures (7), middle (3), flow (4) and visibility (2) of one triplet; None augments nothing."""
        record = self._records[index]
        timestep = float(record["timestep"])
        frames = torch.from_numpy(record["frames"].astype(np.float32)).permute(0, 3, 1, 2) / 255
        flow = torch.from_numpy(record["flow"].astype(np.float32))
        visible = torch.from_numpy(record["visible"].astype(np.float32)) / 255
        if rng is not None:
            frames, flow, visible = _crop(frames, flow, visible, side, rng)
            visible = visible * inside(flow)
            turn = int(rng.integers(8))
            frames, visible, flow = turn_picture(frames, turn), turn_picture(visible, turn), turn_flow(flow, turn)
            frames = tint(_soften(frames, rng), rng)
            if rng.random() < 0.5:
                frames, flow, visible, timestep = frames.flip(0), flow[[2, 3, 0, 1]], visible.flip(0), 1 - timestep
        when = torch.full((1, *frames.shape[2:]), timestep)
        return torch.cat([frames[0], frames[2], when]), frames[1], flow, visible

    def batch(self, side: int, count: int, rng: np.random.Generator) -> FlowBatch:
        """Return `count` random augmented triplets of `side` by `side` pixels."""
        picked = [self.sample(int(index), side, rng) for index in rng.integers(len(self), size=count)]
        return FlowBatch(*(torch.stack(parts).contiguous() for parts in zip(*picked, strict=True)))

    def fixed(self, indices: range) -> FlowBatch:
        """Return triplets by number as they were rendered."""
        picked = [self.sample(index, 0, None) for index in indices]
        return FlowBatch(*(torch.stack(parts) for parts in zip(*picked, strict=True)))


def inside(flow: Tensor) -> Tensor:
    """Return 1 where displacements, (4, H, W), end within the picture: (2, H, W), before and after."""
    height, width = flow.shape[1:]
    x = torch.arange(width) + flow[0::2]
    y = torch.arange(height)[:, None] + flow[1::2]
    return ((x > -1) & (x < width) & (y > -1) & (y < height)).float()


def step_generator(seed: int, step: int) -> np.random.Generator:
    """Return the source of randomness of one step."""
    return np.random.default_rng([seed, step])
