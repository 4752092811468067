"""Triplets of real film that scripts/extract_triplets.py left: no motion is known; what moves comes up more often."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.batches import PictureBatch, tint, turn_picture

type Frames = NDArray[np.uint8]

#: How often pictures are read at a whole, a half or a quarter of their size; JPEG decodes smaller ones faster.
REDUCED = {1: 0.1, 2: 0.6, 4: 0.3}
#: Crops taken from a triplet once it has been decoded, which costs more than all the rest.
CROPS_PER_TRIPLET = 2
#: Places that are looked at for each crop.
_CANDIDATES = 4
#: Motion that a still triplet is drawn as often as (1 - SSIM), and the same for crops (mean change of 1).
_LEAST_MOTION, _LEAST_CHANGE = 0.02, 0.01
#: Side of validation pictures in pixels, and what they are reduced by.
_FIXED_PX, _FIXED_REDUCED = 256, 2
_FLAGS = {1: cv2.IMREAD_COLOR_RGB, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4}


def read_picture(path: Path, reduced: int) -> Frames:
    """Return a picture, (H, W, 3) RGB, at a whole, a half or a quarter of its size.

    Raises:
        FileNotFoundError: There is no such picture, or it is damaged.
    """
    picture = cv2.imread(str(path), _FLAGS[reduced])
    if picture is None:
        raise FileNotFoundError(f"read_picture: '{path}' cannot be read. Extract the film again")
    return np.asarray(picture if reduced == 1 else picture[..., ::-1], dtype=np.uint8)


class FilmData:
    """Triplets of one split of an extracted folder; the middle frame is halfway, and no motion is known."""

    def __init__(self, folder: Path, split: str) -> None:
        manifest = folder / "manifest.jsonl"
        if not manifest.exists():
            raise FileNotFoundError(
                f"FilmData: no '{manifest}'. Extract triplets from films with scripts/extract_triplets.py"
            )
        lines = (json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines())
        self._triplets: list[dict[str, Any]] = [line for line in lines if line["split"] == split]
        if not self._triplets:
            raise FileNotFoundError(
                f"FilmData: no film of '{folder}' is in '{split}'. Extract from two films or more, or see --validation"
            )
        self._folder = folder
        shares = np.array([max(line["motion"], _LEAST_MOTION) for line in self._triplets])
        self._heap = np.cumsum(shares / shares.sum())

    def __len__(self) -> int:
        return len(self._triplets)

    def frames(self, index: int, reduced: int, side: int) -> Frames:
        """Return the three pictures of a triplet, (3, H, W, 3), widened by their edge to `side` where smaller."""
        while True:
            read = [read_picture(self._folder / name, reduced) for name in self._triplets[index]["files"]]
            if reduced == 1 or min(read[0].shape[:2]) >= side:
                break
            reduced //= 2
        height, width = read[0].shape[:2]
        margin = (0, max(0, side - height), 0, max(0, side - width))
        return np.stack([cv2.copyMakeBorder(picture, *margin, cv2.BORDER_REPLICATE) for picture in read])

    def batch(self, side: int, count: int, rng: np.random.Generator) -> PictureBatch:
        """Return `count` random augmented crops; triplets and places with more motion come up more often."""
        samples: list[tuple[Tensor, Tensor]] = []
        while len(samples) < count:
            index = min(int(np.searchsorted(self._heap, rng.random(), side="right")), len(self) - 1)
            reduced = int(rng.choice(list(REDUCED), p=list(REDUCED.values())))
            frames = self.frames(index, reduced, side)
            crops = min(CROPS_PER_TRIPLET, count - len(samples))
            samples += [_augmented(_moving_crop(frames, side, rng), rng) for _ in range(crops)]
        pictures, middles = zip(*samples, strict=True)
        return PictureBatch(torch.stack(pictures), torch.stack(middles))

    def fixed(self, indices: range) -> PictureBatch:
        """Return the middles of triplets spread evenly over the split, as they are."""
        # Neighbours in the manifest are neighbours in a film: the first of them would show one shot.
        places = np.linspace(0, len(self) - 1, len(indices)).round().astype(int)
        samples = []
        for place in places:
            frames = self.frames(int(place), _FIXED_REDUCED, _FIXED_PX)
            top, left = ((length - _FIXED_PX) // 2 for length in frames.shape[1:3])
            samples.append(_sample(_tensor(frames[:, top : top + _FIXED_PX, left : left + _FIXED_PX])))
        pictures, middles = zip(*samples, strict=True)
        return PictureBatch(torch.stack(pictures), torch.stack(middles))


def _moving_crop(frames: Frames, side: int, rng: np.random.Generator) -> Tensor:
    """Cut a square out of three pictures, (3, 3, H, W): of some places, rather one where much changes."""
    corners = [[int(rng.integers(length - side + 1)) for length in frames.shape[1:3]] for _ in range(_CANDIDATES)]
    windows = [frames[:, top : top + side, left : left + side] for top, left in corners]
    # Every fourth pixel tells enough.
    changes = [np.abs(w[2, ::4, ::4].astype(np.int16) - w[0, ::4, ::4]).mean() / 255 for w in windows]
    weights = np.array(changes) + _LEAST_CHANGE
    return _tensor(windows[int(rng.choice(_CANDIDATES, p=weights / weights.sum()))])


def _tensor(frames: Frames) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255


def _augmented(frames: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    frames = tint(turn_picture(frames, int(rng.integers(8))), rng)
    return _sample(frames.flip(0) if rng.random() < 0.5 else frames)


def _sample(frames: Tensor) -> tuple[Tensor, Tensor]:
    halfway = torch.full((1, *frames.shape[2:]), 0.5)
    return torch.cat([frames[0], frames[2], halfway]), frames[1].contiguous()
