"""The data of a run, one folder or several, and the batch of each step, which follows from seed and step alone."""

from __future__ import annotations

import dataclasses
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from export.batches import step_generator
from export.config import Run
from export.tasks import TASKS, Data


@dataclass(frozen=True, slots=True)
class Opened:
    """One source, opened."""

    name: str
    """Its kind, and nothing for a run's only folder."""
    data: Data
    weight: float


def open_sources(run: Run, root: Path, split: str) -> list[Opened]:
    """Open a split of all data of a run; of "valid", what is measured on.

    Raises:
        FileNotFoundError: A folder is not there or holds nothing of the split.
        ValueError: The task has no such kind of data.
    """
    task = TASKS[run.task]
    if run.data:
        return [Opened("", task.data(root / run.data, split), 1.0)]
    for source in run.sources:
        if source.kind not in task.kinds:
            raise ValueError(
                f"open_sources: 'kind' must be one of {', '.join(task.kinds) or 'none'} for {run.task} "
                f"(got {source.kind!r}). Use 'data' for its only kind"
            )
    wanted = [source for source in run.sources if split != "valid" or source.check]
    return [
        Opened(source.kind, task.kinds[source.kind](root / source.folder, split), source.weight) for source in wanted
    ]


def draw(shares: list[float], rng: np.random.Generator) -> int:
    """Return a place in a list as often as its share says."""
    return int(rng.choice(len(shares), p=[share / sum(shares) for share in shares]))


class StepBatches(Dataset[object]):
    """The batch of each step, by number."""

    def __init__(self, run: Run, sources: list[Opened]) -> None:
        self.run, self.sources = run, sources

    def __getitem__(self, step: int) -> object:
        """Return the batch of a step."""
        rng = step_generator(self.run.seed, step)
        side, count, _ = self.run.crops[draw([weight for _, _, weight in self.run.crops], rng)]
        # A run of one source draws nothing here, so runs from before there were several have the same batches.
        place = draw([source.weight for source in self.sources], rng) if len(self.sources) > 1 else 0
        return self.sources[place].data.batch(side, count, rng)


def batches(run: Run, sources: list[Opened], start: int, stop: int) -> Iterator[object]:
    """Yield the batches of steps from `start` to before `stop`; `run.workers` processes make them ahead."""
    steps = StepBatches(run, sources)
    if not run.workers:
        yield from (steps[step] for step in range(start, stop))
        return
    # Spawned, since a fork of a process with torch's threads may hang.
    loader = DataLoader(
        steps, batch_size=None, sampler=range(start, stop), num_workers=run.workers, multiprocessing_context="spawn"
    )
    # torch leaves a handler behind that runs whenever a child of anybody ends; what was there before comes back.
    before = None if sys.platform == "win32" else signal.getsignal(signal.SIGCHLD)
    try:
        yield from loader
    finally:
        if sys.platform != "win32":
            signal.signal(signal.SIGCHLD, before)


def move[Batch](batch: Batch, device: torch.device) -> Batch:
    """Return a batch, any dataclass of tensors, on a device."""
    if not dataclasses.is_dataclass(batch) or isinstance(batch, type):
        raise TypeError(f"move: 'batch' must be a dataclass of tensors (got {type(batch).__name__})")
    tensors = {part.name: getattr(batch, part.name) for part in dataclasses.fields(batch)}
    moved = {name: value.to(device) for name, value in tensors.items() if isinstance(value, Tensor)}
    return dataclasses.replace(batch, **moved)
