"""One TOML file describes one run: what is trained, on what, for how long, and where it is kept."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """The settings of one training run."""

    name: str
    """Name of the network and of its files."""
    task: str
    """What is trained: a key of export.tasks.TASKS."""
    data: str
    """Folder of rendered shards, relative to the repository unless absolute."""
    out: str
    """Folder for checkpoints, the log and the weights."""
    steps: int
    """Steps of the whole schedule, 1 or more."""
    learning_rate: float
    """Peak of the cosine schedule."""
    crops: tuple[tuple[int, int, float], ...]
    """(side in pixels, pictures in a batch, weight): the batches that a step draws from."""
    start: str = ""
    """Weights (.safetensors) to begin with where there is no checkpoint, relative to the repository; none if empty."""
    warmup_steps: int = 200
    final_rate: float = 0.02
    """Learning rate at the last step as a share of the peak."""
    weight_decay: float = 1e-4
    clip_norm: float = 1.0
    """Largest norm of the gradient."""
    ema_decay: float = 0.998
    """Share of the averaged weights that a step keeps."""
    seed: int = 1
    threads: int = 1
    bf16: bool = True
    """Compute in bfloat16 where it is safe; losses and warps stay in float32."""
    log_steps: int = 50
    check_steps: int = 1000
    """Steps between validations."""
    save_minutes: float = 3.0
    """Minutes between checkpoints."""

    def __post_init__(self) -> None:
        for name in ("steps", "log_steps", "check_steps", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"Run: '{name}' must be 1 or more (got {getattr(self, name)!r})")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"Run: 'learning_rate' must be between 0 and 1 (got {self.learning_rate!r})")


def load_run(path: Path) -> Run:
    """Read a run's settings.

    Raises:
        ValueError: The file names a setting that does not exist, or leaves out one that has no default.
    """
    values = tomllib.loads(path.read_text())
    crops = tuple((int(side), int(count), float(weight)) for side, count, weight in values.pop("crops", []))
    try:
        return Run(crops=crops, **values)
    except TypeError as error:
        raise ValueError(f"load_run: '{path}' does not describe a run ({error}). See export/config.py.") from error
