"""Batches for the fusion network, from the shards of opinions that export.opinions writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from export.batches import Shards, turn_picture
from export.picture_losses import luma

#: Side of a stored picture, in pixels.
SIDE_PX = 256
#: Stored flows have a cell for this many pixels each way, the grid of the finest refinement.
FLOW_GRID = 2
#: Stored mask and confidence have a cell for this many.
JUDGED_GRID = 4
RECORD = np.dtype(
    [
        ("frames", np.uint8, (3, SIDE_PX, SIDE_PX, 3)),
        ("drawn", np.uint8, (4, SIDE_PX, SIDE_PX, 3)),
        ("flows", np.float16, (4, SIDE_PX // FLOW_GRID, SIDE_PX // FLOW_GRID)),
        ("judged", np.uint8, (2, SIDE_PX // JUDGED_GRID, SIDE_PX // JUDGED_GRID)),
        ("timestep", np.float32),
    ]
)
"""A triplet; both neighbours drawn to the middle along either flow; the flows x, y in pixels of their own grid; the
flow network's mask and confidence, 0 to 255."""
#: How often the network sees all of the pictures' detail, and half of it, as it does of a film of twice its size.
_SCALES = {1: 0.6, 2: 0.4}


@dataclass(frozen=True, slots=True)
class FusionBatch:
    """Opinions with the picture that they are about."""

    planes: Tensor
    """(N, 13, h, w) float32, what the network reads; see export.networks.fusion.INPUTS."""
    pictures: Tensor
    """(N, 6, 3, H, W) float32: a, b, and both drawn along either flow; H and W one or two times h and w."""
    middle: Tensor
    """(N, 3, H, W) float32: the picture between."""


class FusionData:
    """Opinions of one split, augmented; `side` is that of the pictures, a multiple of 32."""

    def __init__(self, folder: Path, split: str) -> None:
        self._records = Shards(folder, split)

    def __len__(self) -> int:
        return len(self._records)

    def sample(self, index: int, side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return the network's planes at the pictures' size, the six pictures and the middle of a random crop."""
        record = self._records[index]
        whole = record["frames"].shape[1]
        top, left = (JUDGED_GRID * int(rng.integers((whole - side) // JUDGED_GRID + 1)) for _ in range(2))

        def window(name: str, grid: int) -> Tensor:
            rows, columns = (slice(start // grid, (start + side) // grid) for start in (top, left))
            values = record[name]
            part = values[:, rows, columns] if grid > 1 else values[:, rows, columns].transpose(0, 3, 1, 2)
            return torch.from_numpy(np.ascontiguousarray(part, dtype=np.float32))

        frames, drawn = window("frames", 1) / 255, window("drawn", 1) / 255
        flows = _grown(window("flows", FLOW_GRID), FLOW_GRID) * FLOW_GRID
        judged = _grown(window("judged", JUDGED_GRID), JUDGED_GRID) / 255
        turn = int(rng.integers(8))
        pictures = turn_picture(torch.cat([frames[[0, 2]], drawn]), turn)
        flows, judged = _turned_ways(flows, turn), turn_picture(judged, turn)
        middle, timestep = turn_picture(frames[1], turn), float(record["timestep"])
        if rng.random() < 0.5:  # time runs the other way
            pictures, flows, timestep = pictures[[1, 0, 3, 2, 5, 4]], -flows, 1 - timestep
            judged = torch.stack([1 - judged[0], judged[1]])
        pictures, middle = _lit(*_tinted(pictures, middle, rng), timestep, rng)
        lumas = luma(pictures)[:, 0]
        return torch.cat([lumas, flows, judged, torch.full((1, side, side), timestep)]), pictures, middle

    def batch(self, side: int, count: int, rng: np.random.Generator) -> FusionBatch:
        """Return `count` random crops of `side` by `side` pixels, all seen at one scale."""
        picked = [self.sample(int(index), side, rng) for index in rng.integers(len(self), size=count)]
        scale = int(rng.choice(list(_SCALES), p=list(_SCALES.values())))
        return _collate(picked, scale)

    def fixed(self, indices: range) -> FusionBatch:
        """Return whole pictures spread evenly over the split, the same ones each time."""
        places = np.linspace(0, len(self) - 1, len(indices)).round().astype(int)
        whole = self._records[0]["frames"].shape[1]
        return _collate([self.sample(int(place), whole, np.random.default_rng(int(place))) for place in places], 1)


def _collate(picked: list[tuple[Tensor, Tensor, Tensor]], scale: int) -> FusionBatch:
    planes, pictures, middles = (torch.stack(parts) for parts in zip(*picked, strict=True))
    if scale > 1:
        planes = functional.avg_pool2d(planes, scale)
        # Flows are counted in pixels of what the network sees.
        planes[:, 6:10] /= scale
    return FusionBatch(planes.contiguous(), pictures.contiguous(), middles.contiguous())


def _grown(values: Tensor, grid: int) -> Tensor:
    return functional.interpolate(values[None], scale_factor=grid, mode="bilinear", align_corners=False)[0]


def _turned_ways(flows: Tensor, turn: int) -> Tensor:
    """Turn or mirror (4, H, W) flows x, y, x, y as `turn_picture` does pictures, vectors included."""
    signs = torch.tensor([-1.0 if turn & 1 else 1.0, -1.0 if turn & 2 else 1.0] * 2)[:, None, None]
    turned = turn_picture(flows, turn) * signs
    return turned[[1, 0, 3, 2]] if turn & 4 else turned


def _tinted(pictures: Tensor, middle: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Change colours of all pictures alike."""
    order, gain = list(rng.permutation(3)), float(rng.uniform(0.7, 1.15))
    lift = float(rng.uniform(0, 1 - gain)) if gain < 1 else 0.0
    return pictures[:, order] * gain + lift, middle[order] * gain + lift


#: How often light changes from the picture before to the one after, and by how much at most.
_LIT_SHARE, _LIGHT = 0.2, 0.35


def _lit(pictures: Tensor, middle: Tensor, timestep: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Let the light change evenly now and then: then neither side alone has the level of the middle."""
    if rng.random() > _LIT_SHARE:
        return pictures, middle
    before, after = (1 - _LIGHT * rng.random(2)).tolist()
    levels = torch.tensor([before, after] * 3)[:, None, None, None]
    return pictures * levels, middle * (before + (after - before) * timestep)
