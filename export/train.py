"""Train a network as its run's TOML file says; go on from the last checkpoint when there is one.

python -m export.train export/runs/flow-fast.toml [--until 15:20] [--device cuda] [--threads 2]
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from tqdm import tqdm

from export.config import DEVICES, Run, load_run
from export.record import Record
from export.sources import Opened, batches, move, open_sources
from export.tasks import TASKS, Task, averaged, parameter_count, precision, save_weights

ROOT = Path(__file__).resolve().parents[1]


def learning_rate(run: Run, step: int) -> float:
    """Return the rate of a step: a linear rise, then half a cosine down to the final share."""
    if step < run.warmup_steps:
        return run.learning_rate * (step + 1) / run.warmup_steps
    part = (step - run.warmup_steps) / max(1, run.steps - run.warmup_steps)
    return run.learning_rate * (run.final_rate + (1 - run.final_rate) * 0.5 * (1 + math.cos(math.pi * part)))


def choose_device(name: str) -> torch.device:
    """Return the device of a name: "cpu", "cuda", or "auto" for CUDA where torch finds it.

    Raises:
        RuntimeError: CUDA was asked for and is not there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            "choose_device: 'device' must be one that torch finds (got 'cuda'). Use auto or cpu, or torch with CUDA"
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def loss_of(task: Task, run: Run) -> Callable[[nn.Module, Any], dict[str, Tensor]]:
    """Return the loss of a task with the weights that a run sets.

    Raises:
        ValueError: The run names a part that the task's loss does not have.
    """
    if not run.losses:
        return task.losses
    if task.weigh is None:
        raise ValueError(f"loss_of: 'losses' must be left out for the task {run.task} (got {dict(run.losses)!r})")
    return task.weigh(run.losses)


@dataclasses.dataclass
class Trainer:
    """The state of a run: weights, their average, the optimiser and the step."""

    run: Run
    network: nn.Module
    average: dict[str, Tensor]
    optimiser: torch.optim.Optimizer
    losses: Callable[[nn.Module, Any], dict[str, Tensor]]
    device: torch.device
    step: int = 0

    @classmethod
    def start(cls, run: Run, root: Path = ROOT) -> Trainer:
        """Return a run at its first step."""
        torch.manual_seed(run.seed)
        torch.set_num_threads(run.threads)
        task, device = TASKS[run.task], choose_device(run.device)
        network = task.network()
        if run.start:
            _adopt(network, load_file(root / run.start))
        network.to(device)
        optimiser = torch.optim.AdamW(network.parameters(), lr=run.learning_rate, weight_decay=run.weight_decay)
        average = {name: value.detach().clone() for name, value in network.state_dict().items()}
        return cls(run, network, average, optimiser, loss_of(task, run), device)

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
        """Go on from a checkpoint, wherever it was computed."""
        state = torch.load(path, weights_only=True, map_location=self.device)
        self.step = int(state["step"])
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average = state["average"]

    def advance(self, batch: object) -> dict[str, float]:
        """Take one step and return the parts of its loss.

        Raises:
            FloatingPointError: The loss is not a number; the weights are as they were before.
        """
        run = self.run
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(run, self.step)
        with precision(self.device, bf16=run.bf16):
            parts = self.losses(self.network, move(batch, self.device))
        total = torch.stack(list(parts.values())).sum()
        if not bool(torch.isfinite(total)):
            raise FloatingPointError(
                f"advance: the loss must be a number (got {float(total.detach())} at step {self.step}). "
                "The last checkpoint is whole: lower learning_rate and go on from it"
            )
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


def _adopt(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Take over the weights whose name and shape the network has; the others stay as they begin."""
    own = network.state_dict()
    fitting = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise ValueError("Trainer: 'start' must name weights of a network that has some layer in common with this one")
    network.load_state_dict(fitting, strict=False)


def check(trainer: Trainer, sources: list[Opened], record: Record | None = None, count: int = 96) -> dict[str, float]:
    """Measure the averaged weights on held-out samples of each source, and keep pictures of the first.

    Args:
        trainer: The run.
        sources: Held-out data; figures of a source with a name begin with it.
        record: Where pictures go; None makes none.
        count: Most samples of each source.
    """
    task, figures = TASKS[trainer.run.task], dict[str, float]()
    network = averaged(task.network(), trainer.average).to(trainer.device)
    with torch.no_grad():
        for source in sources:
            batch: Any = move(source.data.fixed(range(min(count, len(source.data)))), trainer.device)
            prefix = source.name and f"{source.name}."
            figures |= {f"{prefix}{name}": value for name, value in task.check(network, batch).items()}
            if record and task.pictures and trainer.run.pictures:
                few = move(source.data.fixed(range(min(trainer.run.pictures, len(source.data)))), trainer.device)
                record.pictures(source.name, task.pictures(network, few), trainer.step)
    return figures


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
    sources, held_out = (open_sources(run, root, split) for split in ("train", "valid"))
    trainer, checkpoint = Trainer.start(run, root), out / "checkpoint.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
    record = Record(out, run.name, step=trainer.step, tensorboard=run.tensorboard)
    samples = sum(len(source.data) for source in sources)
    facts = {"samples": samples, "parameters": parameter_count(trainer.network), "device": trainer.device.type}
    record.line(event="start", step=trainer.step, **facts)
    saved = begun = time.time()
    asked_to_stop, stop = _watch_signals(), min(run.steps, stop_step or run.steps)
    ahead = batches(run, sources, trainer.step, stop)
    with tqdm(total=run.steps, initial=trainer.step, desc=run.name, unit="step", disable=None) as bar:
        while trainer.step < stop and time.time() < deadline and not asked_to_stop():
            record.add(trainer.advance(next(ahead)))
            bar.update()
            if trainer.step % run.log_steps == 0:
                parts = record.averages()
                bar.set_postfix(loss=f"{sum(parts.values()):.4f}")
                record.line(step=trainer.step, seconds=time.time() - begun, **parts)
            if trainer.step % run.check_steps == 0:
                record.line(event="check", step=trainer.step, **check(trainer, held_out, record))
            if time.time() - saved > 60 * run.save_minutes:
                trainer.save(checkpoint)
                saved = time.time()
    trainer.save(checkpoint)
    save_weights(trainer.average, out / f"{run.name}.safetensors", steps=str(trainer.step))
    record.line(event="stop", step=trainer.step, **check(trainer, held_out, record))
    record.close()
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
    parser.add_argument("--device", choices=DEVICES, help="where to compute, instead of what the file says")
    parser.add_argument("--threads", type=int, help="how many compute on the processor, instead of what the file says")
    options = parser.parse_args()
    given = {name: value for name in ("device", "threads") if (value := getattr(options, name)) is not None}
    train(dataclasses.replace(load_run(options.run), **given), deadline=_deadline(options.until))


if __name__ == "__main__":
    main()
