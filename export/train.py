"""Train a network as its run's TOML file says; go on from the last checkpoint when there is one.

python -m export.train export/runs/flow-fast.toml [--until 15:20]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from export.batches import step_generator
from export.config import Run, load_run
from export.tasks import TASKS, Data, averaged, parameter_count, precision

ROOT = Path(__file__).resolve().parents[1]


def learning_rate(run: Run, step: int) -> float:
    """Return the rate of a step: a linear rise, then half a cosine down to the final share."""
    if step < run.warmup_steps:
        return run.learning_rate * (step + 1) / run.warmup_steps
    part = (step - run.warmup_steps) / max(1, run.steps - run.warmup_steps)
    return run.learning_rate * (run.final_rate + (1 - run.final_rate) * 0.5 * (1 + math.cos(math.pi * part)))


@dataclasses.dataclass
class Trainer:
    """The state of a run: weights, their average, the optimiser and the step."""

    run: Run
    network: nn.Module
    average: dict[str, Tensor]
    optimiser: torch.optim.Optimizer
    step: int = 0

    @classmethod
    def start(cls, run: Run, root: Path = ROOT) -> Trainer:
        """Return a run at its first step."""
        torch.manual_seed(run.seed)
        torch.set_num_threads(run.threads)
        network = TASKS[run.task].network()
        if run.start:
            network.load_state_dict(load_file(root / run.start))
        optimiser = torch.optim.AdamW(network.parameters(), lr=run.learning_rate, weight_decay=run.weight_decay)
        average = {name: value.detach().clone() for name, value in network.state_dict().items()}
        return cls(run, network, average, optimiser)

    def state(self) -> dict[str, Any]:
        """Return all that a later session needs."""
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
        }

    def save(self, path: Path) -> None:
        """Write a checkpoint beside its place and rename it."""
        unfinished = path.with_suffix(".part")
        torch.save(self.state(), unfinished)
        unfinished.rename(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, weights_only=True)
        self.step = int(state["step"])
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average = state["average"]

    def advance(self, data: Data) -> dict[str, float]:
        """Take one step and return the parts of its loss."""
        run, rng = self.run, step_generator(self.run.seed, self.step)
        weights = [weight for _, _, weight in run.crops]
        side, count, _ = run.crops[int(rng.choice(len(weights), p=[weight / sum(weights) for weight in weights]))]
        batch = data.batch(side, count, rng)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(run, self.step)
        with precision(bf16=run.bf16):
            parts = TASKS[run.task].losses(self.network, batch)
        total = torch.stack(list(parts.values())).sum()
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), run.clip_norm)
        self.optimiser.step()
        # The average follows closely at first, so that early checkpoints are of use.
        keep = min(run.ema_decay, (1 + self.step) / (10 + self.step))
        for name, value in self.network.state_dict().items():
            self.average[name].lerp_(value, 1 - keep)
        self.step += 1
        return {name: float(part.detach()) for name, part in parts.items()}


def check(trainer: Trainer, data: Data, count: int = 96) -> dict[str, float]:
    """Measure the averaged weights on the first held-out samples."""
    task = TASKS[trainer.run.task]
    network = averaged(task.network(), trainer.average)
    with torch.no_grad():
        return task.check(network, data.fixed(range(min(count, len(data)))))


def write_line(path: Path, **values: object) -> None:
    """Add one line of JSON to the log of a run."""
    with path.open("a") as file:
        file.write(json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()}) + "\n")


def train(run: Run, *, root: Path = ROOT, deadline: float = math.inf, stop_step: int | None = None) -> Trainer:
    """Train until the schedule, the deadline or `stop_step` ends it; the last act is a checkpoint and the weights.

    Args:
        run: The settings.
        root: What relative folders are relative to.
        deadline: time.time() after which no step is begun.
        stop_step: Step to stop at before the schedule's end, as if the program had been ended there.
    """
    out = root / run.out
    out.mkdir(parents=True, exist_ok=True)
    data, held_out = (TASKS[run.task].data(root / run.data, split) for split in ("train", "valid"))
    trainer, checkpoint, log = Trainer.start(run, root), out / "checkpoint.pt", out / f"{run.name}.log.jsonl"
    if checkpoint.exists():
        trainer.load(checkpoint)
    write_line(log, event="start", step=trainer.step, samples=len(data), parameters=parameter_count(trainer.network))
    saved = begun = time.time()
    sums: dict[str, float] = {}
    asked_to_stop = _watch_signals()
    while trainer.step < min(run.steps, stop_step or run.steps) and time.time() < deadline and not asked_to_stop():
        for name, value in trainer.advance(data).items():
            sums[name] = sums.get(name, 0.0) + value / run.log_steps
        if trainer.step % run.log_steps == 0:
            write_line(log, step=trainer.step, seconds=time.time() - begun, **sums)
            sums = {}
        if trainer.step % run.check_steps == 0:
            write_line(log, event="check", step=trainer.step, **check(trainer, held_out))
        if time.time() - saved > 60 * run.save_minutes:
            trainer.save(checkpoint)
            saved = time.time()
    trainer.save(checkpoint)
    # Networks may keep their weights channels last, which the file cannot.
    weights = {name: value.contiguous() for name, value in trainer.average.items()}
    save_file(weights, out / f"{run.name}.safetensors", metadata={"steps": str(trainer.step)})
    write_line(log, event="stop", step=trainer.step, **check(trainer, held_out))
    return trainer


def _watch_signals() -> Callable[[], bool]:
    """Note SIGTERM and Ctrl-C instead of dying of them, so that the step ends and a checkpoint is written."""
    noted: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: noted.append(received))
    return lambda: bool(noted)


def _deadline(clock: str | None) -> float:
    """Return time.time() at a wall clock time of today, such as 15:20."""
    if clock is None:
        return math.inf
    hour, minute = map(int, clock.split(":"))
    now = time.localtime()
    return time.mktime((*now[:3], hour, minute, 0, 0, 0, -1))


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the run's TOML file")
    parser.add_argument("--until", help="stop at this time of day, HH:MM, with a checkpoint")
    options = parser.parse_args()
    train(load_run(options.run), deadline=_deadline(options.until))


if __name__ == "__main__":
    main()
