"""One TOML file describes one run: what is trained, on what, for how long, and where it is kept."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: Where a run can compute; auto is a CUDA device where torch finds one, else the processor.
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One of several kinds of data that a run learns from; a batch comes from one of them."""

    kind: str
    """A key of the task's kinds in export.tasks, such as cels (rendered) or film (extracted)."""
    folder: str
    """Where it is, relative to the repository unless absolute."""
    weight: float = 1.0
    """How often it is drawn from, against the others; above 0."""
    check: bool = True
    """Measure on its held-out part too; off for a single film, which has none."""

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise ValueError(f"Source: 'weight' must be above 0 (got {self.weight!r}). Leave the source out instead")


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """The settings of one training run."""

    name: str
    """Name of the network and of its files."""
    task: str
    """What is trained: a key of export.tasks.TASKS."""
    out: str
    """Folder for checkpoints, the log and the weights."""
    steps: int
    """Steps of the whole schedule, 1 or more."""
    learning_rate: float
    """Peak of the cosine schedule."""
    crops: tuple[tuple[int, int, float], ...]
    """(side in pixels, pictures in a batch, weight): the batches that a step draws from."""
    data: str = ""
    """Folder of rendered shards, relative to the repository unless absolute; empty where there are sources."""
    sources: tuple[Source, ...] = ()
    """Kinds of data to mix, [[sources]] in the file."""
    losses: Mapping[str, float] = field(default_factory=dict)
    """Weights of parts of the loss, [losses] in the file; the task's own where nothing is said."""
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
    device: str = "auto"
    """Where to compute: one of DEVICES."""
    workers: int = 0
    """Processes that make batches ahead; 0 makes them between steps. Batches are the same."""
    bf16: bool = True
    """Compute in bfloat16 where it is safe; losses and warps stay in float32."""
    log_steps: int = 50
    check_steps: int = 1000
    """Steps between validations."""
    save_minutes: float = 3.0
    """Minutes between checkpoints."""
    pictures: int = 4
    """Held-out samples that each validation draws a picture of, for the tasks that have one."""
    tensorboard: bool = False
    """Write curves and pictures for TensorBoard too."""

    def __post_init__(self) -> None:
        for name in ("steps", "log_steps", "check_steps", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"Run: '{name}' must be 1 or more (got {getattr(self, name)!r})")
        for name in ("workers", "pictures", "warmup_steps"):
            if getattr(self, name) < 0:
                raise ValueError(f"Run: '{name}' must be 0 or more (got {getattr(self, name)!r})")
        if bool(self.data) == bool(self.sources):
            raise ValueError("Run: either 'data' or 'sources' must be given (got both or neither). Name the data once")
        if self.device not in DEVICES:
            raise ValueError(f"Run: 'device' must be one of {', '.join(DEVICES)} (got {self.device!r})")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"Run: 'learning_rate' must be between 0 and 1 (got {self.learning_rate!r})")


def load_run(path: Path) -> Run:
    """Read a run's settings.

    Raises:
        ValueError: The file names a setting that does not exist, or leaves out one that has no default.
    """
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    crops = tuple((int(side), int(count), float(weight)) for side, count, weight in values.pop("crops", []))
    try:
        sources = tuple(Source(**source) for source in values.pop("sources", []))
        return Run(crops=crops, sources=sources, **values)
    except TypeError as error:
        raise ValueError(f"load_run: '{path}' does not describe a run ({error}). See export/config.py.") from error
