"""Measures this machine: what each stage of the main job costs on it, and how its networks run fastest.

Frames come from memory, so that every stage pays for its own work. What is compared is measured in turn, round after
round, and the least time counts: other work on the machine only ever adds to it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import vapoursynth as vs

from vsainimotion.backend import Choice, run_network
from vsainimotion.errors import ArgumentError
from vsainimotion.gate import gate
from vsainimotion.models import Card
from vsainimotion.models.runtimes import BACKENDS, Tuning, has_bfloat16
from vsainimotion.models.tiles import CPU_TILE_PIXELS, Size, plan_tiles
from vsainimotion.models.tuning import (
    Remembered,
    Timing,
    choose_setting,
    count_cores,
    plan_settings,
    plan_tuning,
    read_conditions,
    remember,
)
from vsainimotion.motion import plan_analysis_size
from vsainimotion.timeline import TIMESTEP_PROPERTY
from vsainimotion.warp import KERNELS, Flow, warp_blend

core = vs.core

ROUNDS = 3
"""Rounds that count; one before them warms up."""
_KEPT_FRAMES = 8
"""Different frames that are served from memory."""
_STAGE_FRAMES = 16
_SMALL_PX, _SMALL_FRAMES = 512 * 512, 16
"""Up to so many pixels a network gets so many frames a round, and above a few only."""
_GRID_PX = 16
"""Pixels of 1080p in a cell of a flow network's answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one stage costs."""

    name: str
    """The stage, in words."""
    ms: float
    """Milliseconds of wall time a frame."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkCost:
    """What a network costs in every way that it was run, and which of them is kept."""

    card: Card
    """The network."""
    size: Size
    """Width and height of what the network sees at once, in pixels."""
    chosen: Tuning
    """How it is run from now on."""
    timings: list[Timing]
    """Every way that was tried."""


def check_measurable(choice: Choice) -> None:
    """Checks that there is something to choose: GPUs run with the same two streams everywhere.

    Raises:
        ArgumentError: The backend is not one of the CPU's.
    """
    row = BACKENDS.get(choice.name)
    if row is None or row.is_gpu:
        names = ", ".join(row.name for row in BACKENDS.values() if not row.is_gpu)
        raise ArgumentError(f"bench: 'backend' must be one that runs on the CPU: {names} (got '{choice.name}').")


def measure_stages(size: Size) -> list[Cost]:
    """Measures the stages that need no network: the gate, and the warp with both kernels.

    Args:
        size: Width and height of the clip in pixels.

    Returns:
        The costs of one frame of YUV 4:2:0 in 8 bit.
    """
    clip = serve_frames(vs.YUV420P8, size)
    flow = _swirl(max(size[0] // _GRID_PX, 8), max(size[1] // _GRID_PX, 8), clip.num_frames)
    before, after = clip.std.SetFrameProps(**{TIMESTEP_PROPERTY: 0.5}), clip[1:] + clip[0]
    warps = {f"warp and blend, {kernel}": warp_blend(before, after, flow, kernel=kernel) for kernel in KERNELS}
    stages = {"gate": gate(clip)} | warps
    least = time_in_turn(stages, dict.fromkeys(stages, _STAGE_FRAMES))
    return [Cost(name=name, ms=ms) for name, ms in least.items()]


def measure_network(card: Card, choice: Choice, size: Size, *, keep_precision: bool = False) -> NetworkCost:
    """Measures a network in every way that its backend and the machine bear, and remembers the fastest.

    Args:
        card: A network of the catalogue.
        choice: A backend that runs on the CPU.
        size: Width and height of the clip in pixels.
        keep_precision: Whether the faster precision is remembered too; it changes results by rounding.

    Returns:
        The costs, and what is remembered from now on.

    Raises:
        ArgumentError: The backend runs on a GPU.
    """
    check_measurable(choice)
    row, seen = BACKENDS[choice.name], plan_seen(card, size)
    planned = plan_tuning(card, row, seen)
    can_half = card.is_bfloat16_safe and has_bfloat16() and choice.name == "openvino"
    planned = Tuning(bfloat16=planned.bfloat16 and can_half, num_streams=planned.num_streams)
    settings = plan_settings(planned, count_cores(), can_bfloat16=can_half)
    timings = _time_settings(card, choice, seen, settings)
    open_to = timings if keep_precision else [t for t in timings if t.setting.bfloat16 == planned.bfloat16]
    chosen = choose_setting(open_to, planned)
    kept = Remembered(
        num_streams=chosen.num_streams, bfloat16=chosen.bfloat16 if keep_precision else None, timings=timings
    )
    remember(read_conditions(row.name, row.namespace, card.sha256, seen), kept)
    return NetworkCost(card=card, size=seen, chosen=chosen, timings=timings)


def plan_seen(card: Card, size: Size) -> Size:
    """Plans what a network sees at once of a clip: a flow or fusion network its small copy, an upscaler a tile."""
    width, height = plan_analysis_size(*size, card) if card.kind in ("flow", "fusion") else size
    return plan_tiles(card, width, height, pixels=CPU_TILE_PIXELS).tile


def _time_settings(card: Card, choice: Choice, size: Size, settings: Sequence[Tuning]) -> list[Timing]:
    small = size[0] * size[1] <= _SMALL_PX
    clips = [serve_frames(vs.GRAYS, size)] * card.planes
    nodes = {
        number: run_network(clips, card, choice, tilesize=size, flexible=True, tuning=setting)[0]
        for number, setting in enumerate(settings)
    }
    # Twice as many frames as streams, so that no stream waits for work.
    frames = {n: _SMALL_FRAMES if small else 2 * setting.num_streams for n, setting in enumerate(settings)}
    least = time_in_turn(nodes, frames)
    return [Timing(setting=setting, ms=round(least[number], 3)) for number, setting in enumerate(settings)]


def time_in_turn[Name](nodes: Mapping[Name, vs.VideoNode], frames: Mapping[Name, int]) -> dict[Name, float]:
    """Times clips one after another, round after round; the first round warms up and does not count.

    Args:
        nodes: Clips long enough that no frame is asked for twice.
        frames: Frames of each in a round.

    Returns:
        The least wall time of a frame in milliseconds.
    """
    clocks = {name: _clock(clip, frames[name]) for name, clip in nodes.items()}
    times: dict[Name, list[float]] = {name: [] for name in nodes}
    for number in range(ROUNDS + 1):
        for name, clock in clocks.items():
            spent = next(clock)
            if number:
                times[name].append(spent)
    return {name: min(spent) for name, spent in times.items()}


def _clock(clip: vs.VideoNode, frames: int) -> Iterator[float]:
    """Yields the milliseconds a frame of one stretch of a clip after the other."""
    for start in range(0, clip.num_frames - frames, frames):
        begun = time.perf_counter()
        for frame in clip[start : start + frames].frames(close=True):
            del frame
        yield 1000 * (time.perf_counter() - begun) / frames


def serve_frames(fmt: vs.PresetVideoFormat, size: Size) -> vs.VideoNode:
    """Makes a long clip of a few drawn frames that are kept in memory; each differs from the next everywhere."""
    blank = core.std.BlankClip(None, *size, fmt, _KEPT_FRAMES, keep=True)
    full = 1 if blank.format.sample_type == vs.FLOAT else 255
    waves = f"X 37 / sin Y 23 / cos * N 2 * X + 11 / sin + 4 / 0.5 + {full} *"
    drawn = core.akarin.Expr(blank, waves)
    drawn.std.SetVideoCache(mode=1, fixedsize=1, maxsize=_KEPT_FRAMES)
    return drawn.std.Loop(1000)


def _swirl(width: int, height: int, length: int) -> Flow:
    """A flow that differs from cell to cell, as motion in film does."""
    blank = core.std.BlankClip(None, width, height, vs.GRAYS, length, keep=True)
    waves = ("X 9 / sin Y 7 / cos * 4 *", "X 9 / sin Y 7 / cos * -4 *", "X Y + 5 / sin 2 / 0.5 +")
    x, y, mask = (core.akarin.Expr(blank, wave) for wave in waves)
    return Flow(x=x, y=y, mask=mask)
