"""What a method costs: time in turn with the others, beside what its network weighs."""

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import vapoursynth as vs

from scripts.benchmarks import ncnn_peer, speed
from scripts.benchmarks.cases import Material, pick, read_pictures
from scripts.benchmarks.cells import Cells, Inputs
from scripts.benchmarks.enlargers import list_enlargers
from scripts.benchmarks.methods import Method, find_network
from scripts.benchmarks.middles import list_middles
from scripts.benchmarks.ncnn_peer import PEERS
from scripts.benchmarks.tables import NO_VALUE, table
from scripts.benchmarks.turns import describe_processor
from scripts.benchmarks.weights import HALF, Weight, weigh, weigh_ncnn
from vsainimotion.media.ffmpeg import find_ffmpeg
from vsainimotion.models import list_cards

core = vs.core

ROUNDS = 2
FRAMES = 8
"""Frames of a round, for what is not slow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """Times of one frame, medians of the rounds, in milliseconds."""

    wall_ms: float
    cpu_ms: float
    """Of all cores together; that of a shared machine's other work is not in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Runner:
    """Something to be timed."""

    name: str
    frames: int
    """Frames that one call makes."""
    run: Callable[[], object]
    less: Callable[[], object] | None = None
    """Does all but the work in question; its time is taken off."""


def time_in_turn(runners: Sequence[Runner], rounds: int) -> dict[str, Cost]:
    """Times runners one after another, round after round; the first round warms up and does not count."""
    times: dict[str, list[tuple[float, float]]] = {runner.name: [] for runner in runners}
    for number in range(rounds + 1):
        for runner in runners:
            core.clear_cache()
            once = np.subtract(_clock(runner.run), _clock(runner.less) if runner.less else 0) * 1000 / runner.frames
            if number:
                times[runner.name].append((float(once[0]), float(once[1])))
    return {
        name: Cost(wall_ms=median(wall for wall, _ in found), cpu_ms=median(cpu for _, cpu in found))
        for name, found in times.items()
    }


def _clock(run: Callable[[], object]) -> tuple[float, float]:
    """Returns the seconds of a call: by the clock, and on all cores of this process and of those that it waited for."""
    wall, before = time.perf_counter(), os.times()
    run()
    after = os.times()
    return time.perf_counter() - wall, sum(after[:4]) - sum(before[:4])


def list_runners(film: Path) -> dict[str, list[Runner]]:
    """Returns what is timed, by task: a middle frame at 1920x1080, and 960x540 to 1920x1080."""
    held = speed.hold_frames(film)
    small = held.resize.Spline36(*HALF)[:FRAMES]
    return {
        "interpolation": [_time_middle(method, held) for method in list_middles() if _is_timed(method)],
        "upscaling": [_time_enlarger(method, small) for method in list_enlargers() if _is_timed(method)],
    }


def _is_timed(method: Method) -> bool:
    return method.role != "plain" and method.missing() is None


def _time_middle(method: Method, held: vs.VideoNode) -> Runner:
    if method.name == "minterpolate":
        command = [str(find_ffmpeg()), "-v", "error", "-i", str(speed.save_picture(held, FRAMES))]
        work = ["-vf", "minterpolate=fps=48:mi_mode=mci:mc_mode=obmc", "-f", "null", "-"]
        run, less = (partial(subprocess.run, [*command, *rest], check=True) for rest in (work, work[2:]))
        return Runner(name=method.name, frames=FRAMES - 1, run=run, less=less)
    # Every call asks for other frames, so that none comes from a cache.
    return Runner(name=method.name, frames=FRAMES, run=_next_frames(method, held))


def _next_frames(method: Method, held: vs.VideoNode) -> Callable[[], object]:
    made = method.make(Material(held, held, range((ROUNDS + 1) * FRAMES), {}))
    position = 0

    def run() -> None:
        nonlocal position
        _drain(made[position : position + FRAMES])
        position += FRAMES

    return run


def _drain(clip: vs.VideoNode) -> None:
    for frame in clip.frames(close=True):
        del frame


def _time_enlarger(method: Method, small: vs.VideoNode) -> Runner:
    if method.role == "network":
        pictures = read_pictures(pick(small, [0]))
        # A process that enlarges a tiny picture pays for the start alone.
        run, less = (partial(ncnn_peer.enlarge, method.name, part) for part in (pictures, pictures[:, :32, :32]))
        return Runner(name=method.name, frames=1, run=run, less=less)
    made = method.make(Material(small, small, range(FRAMES), {}))
    return Runner(name=method.name, frames=FRAMES, run=lambda: _drain(made))


def list_weights() -> dict[str, Weight]:
    """Returns what every network weighs, those of the peers that are here included."""
    found = {card.name: weigh(card) for card in list_cards() if find_network(card) is None}
    for name, peer in PEERS.items():
        if ncnn_peer.find_missing(peer.module) is None:
            found[name] = weigh_ncnn(peer.folder() / peer.weights, HALF)
    return found


def cost_inputs(task: str) -> Inputs:
    """Returns what the times of a task are kept under: the machine, and the methods with the size of their networks.

    Weights that were trained anew take as long as the old ones. Where code has changed, time again with `--costs`.
    """
    lists: Mapping[str, Callable[[], Iterable[Method]]] = {"interpolation": list_middles, "upscaling": list_enlargers}
    sizes = {card.name: card.parameters for card in list_cards()}
    methods = {method.name: sizes.get(method.name, 0) for method in lists[task]() if method.missing() is None}
    return {"cost": task, "processor": describe_processor(), "cores": os.cpu_count(), "methods": methods}


def measure_costs(cells: Cells, film: Path, *, measure: bool, again: bool = False) -> dict[str, dict[str, Cost]]:
    """Returns the times of every method by task.

    Args:
        cells: The cache.
        film: What is interpolated and enlarged.
        measure: Whether what is not in the cache is timed.
        again: Whether what is in the cache is timed again.
    """
    found: dict[str, dict[str, Cost]] = {}
    runners: dict[str, list[Runner]] | None = None
    for task in ("interpolation", "upscaling"):
        numbers = None if again else cells.load(cost_inputs(task))
        if numbers is None and measure and film.is_file():
            runners = runners or list_runners(film)
            numbers = {name: asdict(cost) for name, cost in time_in_turn(runners[task], ROUNDS).items()}
            cells.save(cost_inputs(task), numbers)
        found[task] = {name: Cost(**cost) for name, cost in (numbers or {}).items()}
    return found


def cost_table(costs: Mapping[str, Cost], weights: Mapping[str, Weight], names: Sequence[str]) -> str:
    """Returns the costs of some methods: a row each, in their order."""
    rows = []
    for name in names:
        cost, weight = costs.get(name), weights.get(name)
        row = [name]
        row += (
            [f"{weight.parameters:,}", f"{weight.gflop:.1f}", f"{weight.size[0]}x{weight.size[1]}", f"{weight.mb:.2f}"]
            if weight
            else [NO_VALUE] * 4
        )
        row += [f"{cost.wall_ms:.0f}", f"{cost.cpu_ms:.0f}"] if cost else [NO_VALUE] * 2
        rows.append(row)
    return table(["", "parameters", "GFLOP", "network reads", "MB", "ms, two cores", "CPU ms"], rows)
