"""Pairs for networks that restore: colour stills as they were rendered, and the same halved and put through a codec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from export.batches import Shards, turn_picture
from export.cels.codec import damaged
from export.halving import halve


@dataclass(frozen=True, slots=True)
class RgbBatch:
    """Small pictures with what they were made from."""

    small: Tensor
    """(N, 3, H, W) float32 in [0, 1]."""
    large: Tensor
    """(N, 3, 2H, 2W)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wear:
    """How a training's small pictures are damaged."""

    clean: float
    """Share of batches that no codec touches: a clean source must stay clean."""
    rates: Mapping[str, tuple[int, int]]
    """Best and worst rate of each codec of `export.cels.codec.CODECS`."""


WEAR = Wear(clean=0.25, rates=MappingProxyType({"x264": (18, 34), "x265": (18, 34), "mpeg2": (2, 10)}))
"""From traces that a careful eye finds to what anybody sees: the network has to tell how much a picture suffered."""

_HALVINGS = ("area", "area", "bicubic", "bicubic", "lanczos", "mitchell")
#: What the held-out pictures are damaged by.
_FIXED_CODEC = "x264"


class RgbData:
    """Colour stills of generated scenes, augmented; `side` is that of the small picture, even."""

    def __init__(self, folder: Path, split: str, wear: Wear = WEAR) -> None:
        self._stills, self._wear = Shards(folder, split), wear

    def __len__(self) -> int:
        return len(self._stills)

    def batch(self, side: int, count: int, rng: np.random.Generator) -> RgbBatch:
        """Return `count` random pairs, all halved by one kernel and put through one codec at one quality."""
        large = torch.stack([self._crop(int(index), 2 * side, rng) for index in rng.integers(len(self), size=count)])
        small = halve(large, _HALVINGS[int(rng.integers(len(_HALVINGS)))])
        if rng.random() < self._wear.clean:
            return RgbBatch(small, large)
        name = sorted(self._wear.rates)[int(rng.integers(len(self._wear.rates)))]
        least, most = self._wear.rates[name]
        return RgbBatch(_damage(small, name, int(rng.integers(least, most + 1))), large)

    def _crop(self, index: int, side: int, rng: np.random.Generator) -> Tensor:
        still = self._stills[index]
        top, left = (int(rng.integers(length - side + 1)) for length in still.shape[:2])
        crop = still[top : top + side, left : left + side].transpose(2, 0, 1).astype(np.float32) / np.float32(255)
        return turn_picture(torch.from_numpy(crop), int(rng.integers(8))).contiguous()

    def fixed(self, indices: range) -> RgbBatch:
        """Return whole stills by number, halved by bicubic, damaged by the middle of the strength's qualities."""
        stills = np.stack([self._stills[index] for index in indices]).transpose(0, 3, 1, 2)
        large = torch.from_numpy(stills.astype(np.float32) / np.float32(255))
        quality = sum(self._wear.rates[_FIXED_CODEC]) // 2
        return RgbBatch(_damage(halve(large), _FIXED_CODEC, quality), large)


def _damage(small: Tensor, codec: str, quality: int) -> Tensor:
    codes = np.rint(small.numpy() * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    worn = damaged(np.ascontiguousarray(codes), codec, quality, shot_frames=1)
    return torch.from_numpy(worn.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)).contiguous()
