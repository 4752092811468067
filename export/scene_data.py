"""Batches for a network that also judges what lies between two pictures: rendered triplets with the class of theirs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from export.batches import FlowBatch, FlowData, Shards
from export.losses import STILL_PX, lengths
from vsainimotion.gate import Interval

#: Classes that the network tells apart, in the order of its answers. Whether light changes is not for it to say.
SCENES = (Interval.MOTION, Interval.HOLD, Interval.CUT)
#: Class of what is not known: it counts for nothing.
UNKNOWN = -1
#: Share of the samples that become a cut, beyond those that were rendered.
_CUT_SHARE = 0.08


@dataclass(frozen=True, slots=True)
class SceneBatch(FlowBatch):
    """Pictures, motion, and what lies between the pictures."""

    scene: Tensor
    """(N,) int64: a place in SCENES, or UNKNOWN."""


class SceneData:
    """Triplets or shots of generated scenes, augmented; now and then one leads to a picture of another: a cut."""

    def __init__(self, folder: Path, split: str) -> None:
        self._flow, self._records = FlowData(folder, split), Shards(folder, split)

    def __len__(self) -> int:
        return len(self._flow)

    def scene(self, index: int, flow: Tensor) -> int:
        """Return the class of a triplet of which a part with this flow, (4, H, W), is shown."""
        record = self._records[index]
        shots = "interval" in (record.dtype.names or ())
        interval = Interval(int(record["interval"])) if shots else Interval.MOTION
        if interval in (Interval.HOLD, Interval.CUT):
            return SCENES.index(interval)
        # Effects have no motion of their own, and a crop may show none of what moves: neither is a hold for sure.
        still = float(lengths(flow[None]).max()) < STILL_PX
        return UNKNOWN if still and interval is Interval.MOTION else SCENES.index(Interval.MOTION)

    def _sample(self, index: int, side: int, rng: np.random.Generator | None) -> tuple[Tensor, ...]:
        parts = self._flow.sample(index, side, rng)
        return *parts, torch.tensor(self.scene(index, parts[2]))

    def batch(self, side: int, count: int, rng: np.random.Generator) -> SceneBatch:
        """Return `count` random augmented triplets of `side` by `side` pixels; the first was not made a cut."""
        picked = [self._sample(int(index), side, rng) for index in rng.integers(len(self), size=count)]
        batch = _stack(picked)
        cut = torch.from_numpy(rng.random(count) < _CUT_SHARE)
        cut[0] = False
        after = torch.where(cut[:, None, None, None], batch.pictures[:, 3:6].roll(1, 0), batch.pictures[:, 3:6])
        pictures = torch.cat([batch.pictures[:, :3], after, batch.pictures[:, 6:]], dim=1)
        scene = torch.where(cut, SCENES.index(Interval.CUT), batch.scene)
        return dataclasses.replace(batch, pictures=pictures, scene=scene)

    def fixed(self, indices: range) -> SceneBatch:
        """Return triplets by number as they were rendered."""
        return _stack([self._sample(index, 0, None) for index in indices])


def _stack(picked: list[tuple[Tensor, ...]]) -> SceneBatch:
    return SceneBatch(*(torch.stack(parts).contiguous() for parts in zip(*picked, strict=True)))
