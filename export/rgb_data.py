"""Pairs for networks that restore, as `export.worn` made them: a clean picture, and the same smaller and damaged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.batches import Shards, turn_picture
from export.luma_data import LumaBatch
from export.picture_losses import luma
from export.worn import pair_type

type _Pair = tuple[Tensor, Tensor, float]


@dataclass(frozen=True, slots=True)
class RgbBatch:
    """Small pictures with what they were made from."""

    small: Tensor
    """(N, 3, H, W) float32 in [0, 1]."""
    large: Tensor
    """(N, 3, 2H, 2W)."""
    damaged: Tensor
    """(N,) 1 where a codec did something to the small picture, 0 where nothing did."""


class RgbData:
    """Pairs of generated and filmed stills, augmented; `side` is that of the small picture, even.

    Raises:
        FileNotFoundError: The folder has nothing of the split.
        ValueError: It holds something else than pairs.
    """

    def __init__(self, folder: Path, split: str) -> None:
        self._pairs = Shards(folder, split)
        if not set(pair_type(2).names or ()) <= set(self._pairs[0].dtype.names or ()):
            raise ValueError(f"RgbData: '{folder}' must hold pairs, which python -m export.worn makes of pictures")

    def __len__(self) -> int:
        return len(self._pairs)

    def batch(self, side: int, count: int, rng: np.random.Generator) -> RgbBatch:
        """Return `count` random crops, each of a picture of its own."""
        return _stack([self._crop(self._pairs[int(index)], side, rng) for index in rng.integers(len(self), size=count)])

    def _crop(self, pair: NDArray[Any], side: int, rng: np.random.Generator) -> _Pair:
        top, left = (int(rng.integers(length - side + 1)) for length in pair["small"].shape[:2])
        turn = int(rng.integers(8))
        small, large = (
            turn_picture(_planes(pair[name], scale * top, scale * left, scale * side), turn).contiguous()
            for name, scale in (("small", 1), ("large", 2))
        )
        return small, large, float(pair["damaged"])

    def fixed(self, indices: range) -> RgbBatch:
        """Return whole pairs by number."""
        return _stack([self._whole(self._pairs[index]) for index in indices])

    def _whole(self, pair: NDArray[Any]) -> _Pair:
        small, large = (_planes(pair[name], 0, 0, len(pair[name])) for name in ("small", "large"))
        return small, large, float(pair["damaged"])


class LumaPairs:
    """The luma of the same pairs, for a network that sees no colour."""

    def __init__(self, folder: Path, split: str) -> None:
        self._pairs = RgbData(folder, split)

    def __len__(self) -> int:
        return len(self._pairs)

    def batch(self, side: int, count: int, rng: np.random.Generator) -> LumaBatch:
        """Return the luma of `count` random crops."""
        return _luma_of(self._pairs.batch(side, count, rng))

    def fixed(self, indices: range) -> LumaBatch:
        """Return that of whole pairs by number."""
        return _luma_of(self._pairs.fixed(indices))


def _luma_of(batch: RgbBatch) -> LumaBatch:
    return LumaBatch(luma(batch.small), luma(batch.large))


def _stack(pairs: list[_Pair]) -> RgbBatch:
    small, large, damaged = zip(*pairs, strict=True)
    return RgbBatch(torch.stack(small), torch.stack(large), torch.tensor(damaged))


def _planes(picture: NDArray[np.uint8], top: int, left: int, side: int) -> Tensor:
    crop = picture[top : top + side, left : left + side].transpose(2, 0, 1)
    return torch.from_numpy(crop.astype(np.float32) / np.float32(255))
