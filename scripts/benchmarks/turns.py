"""Rows that are measured in turn: a machine that slows down or is shared slows all of them alike."""

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import NamedTuple

import vapoursynth as vs

from vsainimotion.models.runtimes import has_bfloat16

core = vs.core


class Spent(NamedTuple):
    """What something took."""

    wall_s: float
    """Seconds by the clock."""
    cpu_s: float
    """Seconds on all cores together, of this process and of programs that it ran."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One thing to measure."""

    name: str
    group: str
    frames: int
    """Frames of a round: what the time is divided by."""
    measure: Callable[[], Spent]
    """Runs one round."""
    is_ours: bool = False
    """Whether the ratios of the group refer to this row."""
    real_time_fps: float | None = None
    """How many frames a second are real time; None where that does not apply."""
    times: list[float] = field(default_factory=list)
    """Milliseconds a frame, a number for each round."""
    cpu_times: list[float] = field(default_factory=list)
    """Milliseconds of CPU a frame, likewise."""


def clock(run: Callable[[], object]) -> Spent:
    """Runs something and says what it took."""
    wall, before = time.perf_counter(), os.times()
    run()
    after = os.times()
    return Spent(time.perf_counter() - wall, sum(after[:4]) - sum(before[:4]))


def drain(clip: vs.VideoNode, frames: int) -> Callable[[], Spent]:
    """Makes a measurement: the next `frames` frames of a clip, never the same ones twice."""
    position = 0

    def run() -> None:
        nonlocal position
        part = clip[position : position + frames]
        position += frames
        for frame in part.frames(close=True):
            del frame

    return lambda: clock(run)


type Command = list[str | Path]


def run_program(command: Command, *, less: Command | None = None) -> Callable[[], Spent]:
    """Makes a measurement: a program's time, less that of another that does everything but the work in question."""

    def once(arguments: Command) -> Spent:
        return clock(lambda: subprocess.run([str(part) for part in arguments], check=True, capture_output=True))

    def measure() -> Spent:
        whole, rest = once(command), once(less) if less else Spent(0, 0)
        return Spent(whole.wall_s - rest.wall_s, whole.cpu_s - rest.cpu_s)

    return measure


def measure_rows(rows: Sequence[Row], rounds: int) -> None:
    """Measures all rows in turn, one round after another; the first round warms up and does not count."""
    for number in range(rounds + 1):
        for row in rows:
            core.clear_cache()
            try:
                spent = row.measure()
            except subprocess.CalledProcessError as error:
                # A peer that crashes must not end the others' hour: minterpolate with aobmc was seen to, now and then.
                print(f"round {number}: {row.name}: failed ({error.returncode})", file=sys.stderr, flush=True)
                continue
            wall, cpu = (1000 * seconds / row.frames for seconds in spent)
            print(f"round {number}: {row.name}: {wall:.1f} ms, CPU {cpu:.1f}", file=sys.stderr, flush=True)
            if number:
                row.times.append(wall)
                row.cpu_times.append(cpu)


def render_table(rows: Sequence[Row]) -> str:
    """Writes the medians as Markdown, a table for each group.

    Ratios are of CPU time, which other work on the machine hardly changes. Where a row says what real time is, the last
    column says how many times that the cores reach when nothing else runs on them.
    """
    lines = []
    for group in dict.fromkeys(row.group for row in rows):
        members = [row for row in rows if row.group == group and row.times]
        ours = next((median(row.cpu_times) for row in members if row.is_ours), None)
        lines += [f"**{group}**", "", "| | ms/frame | min to max | CPU ms | ratio | times real time |"]
        lines.append("|---|---:|---:|---:|---:|---:|")
        lines += [_render_row(row, ours) for row in members]
        lines.append("")
    return "\n".join(lines)


def _render_row(row: Row, ours: float | None) -> str:
    cpu = median(row.cpu_times)
    ratio = "" if ours is None else f"{cpu / ours:.2f}"
    real = "" if row.real_time_fps is None else f"{1000 * (os.cpu_count() or 1) / cpu / row.real_time_fps:.2f}"
    wall = f"{median(row.times):.1f} | {min(row.times):.1f} to {max(row.times):.1f}"
    return f"| {row.name} | {wall} | {cpu:.1f} | {ratio} | {real} |"


def describe_processor() -> str:
    """Returns the processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1) if found else platform.processor() or platform.machine()


def describe_machine() -> str:
    """Says on what the table was measured."""
    model = describe_processor()
    half = "with bfloat16" if has_bfloat16() else "without bfloat16"
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("vapoursynth", "vapoursynth-mlrt-ov"))
    return f"{model}, {os.cpu_count()} cores {half}{load}; Python {platform.python_version()}, {versions}"
