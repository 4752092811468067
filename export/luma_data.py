"""Exact pairs for upscalers: stills as they were rendered, and the same at half the size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.batches import Shards, turn_picture
from export.halving import HALVINGS, halve

type Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LumaBatch:
    """Small pictures with what they were made from."""

    small: Tensor
    """(N, 1, H, W) float32 in [0, 1]."""
    large: Tensor
    """(N, 1, 2H, 2W)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix:
    """What is done to stills on their way into a batch; each number is the share of pictures it happens to."""

    halvings: tuple[str, ...] = ("area", "bicubic")
    """Kernels that a batch is halved by, equally often; names of export.halving.HALVINGS."""
    shrink: float = 0.0
    """Shrunk by up to 2 before anything else, so that lines get thinner and textures finer."""
    soften: float = 0.0
    """Blurred, answer included: film that was made smaller than it is. It must not come back sharper than it was."""
    smooth: float = 0.0
    """Blurred until only gradients are left, on which nothing must be added."""
    rounded: float = 0.0
    """Rounded to 8 bits after halving, as films are."""
    jpeg: float = 0.0
    """Lightly damaged by blocks after halving; the answer stays clean."""


#: The first luma-fast was trained with this.
PLAIN = Mix()
#: What `luma` is trained with: mostly clean, because a clean source must stay clean.
FILM = Mix(halvings=tuple(HALVINGS), shrink=0.5, soften=0.25, rounded=0.7, jpeg=0.12)
#: What it ends with: gradients too, and more of the two kernels that small pictures are mostly made by.
LEVEL = Mix(
    halvings=("area", "area", "bicubic", "bicubic", "lanczos", "mitchell"),
    shrink=0.5, soften=0.25, smooth=0.12, rounded=0.5, jpeg=0.1,
)  # fmt: skip


class LumaData:
    """Stills of generated scenes, augmented; `side` is that of the small picture."""

    def __init__(self, folder: Path, split: str, mix: Mix = PLAIN) -> None:
        self._stills, self._mix = Shards(folder, split), mix

    def __len__(self) -> int:
        return len(self._stills)

    def batch(self, side: int, count: int, rng: np.random.Generator) -> LumaBatch:
        """Return `count` random pairs, all halved by the same kernel."""
        planes = [self._crop(int(index), 2 * side, rng) for index in rng.integers(len(self), size=count)]
        large = torch.stack(planes)[:, None]
        if rng.random() < 0.5:
            large = 1 - large
        small = halve(large, self._mix.halvings[int(rng.integers(len(self._mix.halvings)))])
        return LumaBatch(self._wear(small, rng), large)

    def _crop(self, index: int, side: int, rng: np.random.Generator) -> Tensor:
        still = self._stills[index]
        room = min(still.shape)
        cut = min(room, round(side * rng.uniform(1, 2))) if rng.random() < self._mix.shrink else side
        top, left = (int(rng.integers(length - cut + 1)) for length in still.shape)
        crop: Plane = still[top : top + cut, left : left + cut].astype(np.float32) / np.float32(255)
        if cut > side:
            crop = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
        chance = rng.random()
        if chance < self._mix.soften + self._mix.smooth:
            sigma = rng.uniform(0.4, 1.2) if chance < self._mix.soften else rng.uniform(2, 12)
            crop = cv2.GaussianBlur(crop, (0, 0), sigma).astype(np.float32)
        return turn_picture(torch.from_numpy(np.ascontiguousarray(crop)), int(rng.integers(8))).contiguous()

    def _wear(self, small: Tensor, rng: np.random.Generator) -> Tensor:
        """Return the small pictures as a film would have them."""
        if not self._mix.rounded and not self._mix.jpeg:
            return small
        worn = []
        for plane in small[:, 0].numpy():
            chance = rng.random()
            quality = int(rng.integers(80, 98)) if chance < self._mix.jpeg else None
            rounds = chance < self._mix.jpeg + self._mix.rounded
            worn.append(_store(plane, quality) if rounds else plane)
        return torch.from_numpy(np.stack(worn))[:, None]

    def fixed(self, indices: range) -> LumaBatch:
        """Return whole stills by number, halved by bicubic."""
        large = torch.from_numpy(np.stack([self._stills[index] for index in indices]).astype(np.float32) / 255)[:, None]
        return LumaBatch(halve(large), large)


def _store(plane: Plane, quality: int | None) -> Plane:
    """Return a plane in [0, 1] after 8 bits and, unless None, JPEG of a quality."""
    codes = np.rint(plane * 255).astype(np.uint8)
    if quality is not None:
        _, packed = cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, quality])
        codes = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    return np.asarray(codes / np.float32(255), dtype=np.float32)
