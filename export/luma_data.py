"""Exact pairs for upscalers: stills as they were rendered, and the same at half the size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from export.batches import Shards, turn_picture


@dataclass(frozen=True, slots=True)
class LumaBatch:
    """Small pictures with what they were made from."""

    small: Tensor
    """(N, 1, H, W) float32 in [0, 1]."""
    large: Tensor
    """(N, 1, 2H, 2W)."""


def halve(large: Tensor, *, area: bool) -> Tensor:
    """Return (N, 1, 2H, 2W) planes at half the size, pixel centres kept: by area, or by an antialiased bicubic."""
    if area:
        return functional.avg_pool2d(large, 2)
    small = functional.interpolate(large, scale_factor=0.5, mode="bicubic", antialias=True, align_corners=False)
    return small.clamp(0, 1)


class LumaData:
    """Stills of generated scenes, augmented; `side` is that of the small picture."""

    def __init__(self, folder: Path, split: str) -> None:
        self._stills = Shards(folder, split)

    def __len__(self) -> int:
        return len(self._stills)

    def batch(self, side: int, count: int, rng: np.random.Generator) -> LumaBatch:
        """Return `count` random pairs; half of the batches are halved by area, half by bicubic."""
        planes = [self._crop(int(index), 2 * side, rng) for index in rng.integers(len(self), size=count)]
        large = torch.stack(planes)[:, None]
        if rng.random() < 0.5:
            large = 1 - large
        return LumaBatch(halve(large, area=bool(rng.random() < 0.5)), large)

    def _crop(self, index: int, side: int, rng: np.random.Generator) -> Tensor:
        still = self._stills[index]
        top, left = (int(rng.integers(length - side + 1)) for length in still.shape)
        crop = torch.from_numpy(still[top : top + side, left : left + side].astype(np.float32) / 255)
        return turn_picture(crop, int(rng.integers(8))).contiguous()

    def fixed(self, indices: range) -> LumaBatch:
        """Return whole stills by number, halved by bicubic."""
        large = torch.from_numpy(np.stack([self._stills[index] for index in indices]).astype(np.float32) / 255)[:, None]
        return LumaBatch(halve(large, area=False), large)
