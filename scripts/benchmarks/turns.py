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

import vapoursynth as vs

from vsainimotion.models.runtimes import has_bfloat16

core = vs.core


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One thing to measure."""

    name: str
    group: str
    frames: int
    """Frames of a round: what the time is divided by."""
    measure: Callable[[], float]
    """Runs one round and returns its seconds."""
    is_ours: bool = False
    """Whether the ratios of the group refer to this row."""
    times: list[float] = field(default_factory=list)
    """Milliseconds a frame, a number for each round."""


def drain(clip: vs.VideoNode, frames: int) -> Callable[[], float]:
    """Makes a measurement: the next `frames` frames of a clip, never the same ones twice."""
    position = 0

    def measure() -> float:
        nonlocal position
        part = clip[position : position + frames]
        position += frames
        start = time.perf_counter()
        for frame in part.frames(close=True):
            del frame
        return time.perf_counter() - start

    return measure


type Command = list[str | Path]


def run_program(command: Command, *, less: Command | None = None) -> Callable[[], float]:
    """Makes a measurement: a program's time, less that of another that does everything but the work in question."""

    def once(arguments: Command) -> float:
        start = time.perf_counter()
        subprocess.run([str(part) for part in arguments], check=True, capture_output=True)
        return time.perf_counter() - start

    return lambda: once(command) - (once(less) if less else 0)


def measure_rows(rows: Sequence[Row], rounds: int) -> None:
    """Measures all rows in turn, one round after another; the first round warms up and does not count."""
    for number in range(rounds + 1):
        for row in rows:
            core.clear_cache()
            try:
                milliseconds = row.measure() * 1000 / row.frames
            except subprocess.CalledProcessError as error:
                # A peer that crashes must not end the others' hour: minterpolate with aobmc was seen to, now and then.
                print(f"round {number}: {row.name}: failed ({error.returncode})", file=sys.stderr, flush=True)
                continue
            print(f"round {number}: {row.name}: {milliseconds:.1f} ms", file=sys.stderr, flush=True)
            if number:
                row.times.append(milliseconds)


def render_table(rows: Sequence[Row]) -> str:
    """Writes the medians as Markdown, a table for each group."""
    lines = []
    for group in dict.fromkeys(row.group for row in rows):
        members = [row for row in rows if row.group == group and row.times]
        ours = next((median(row.times) for row in members if row.is_ours), None)
        lines += [f"**{group}**", "", "| | ms/frame | min to max | ratio |", "|---|---:|---:|---:|"]
        for row in members:
            middle = median(row.times)
            ratio = "" if ours is None else f"{middle / ours:.2f}"
            lines.append(f"| {row.name} | {middle:.1f} | {min(row.times):.1f} to {max(row.times):.1f} | {ratio} |")
        lines.append("")
    return "\n".join(lines)


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
