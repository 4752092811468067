"""What suits this machine, measured once by `ainimotion bench` and remembered: streams, and if asked the precision.

Nothing is measured while a graph is built: that would take seconds, would depend on what else the machine is doing, and
a script that is opened twice could differ. A graph takes what is remembered for exactly its network, size, runtime and
machine, and what is planned for everybody where nothing is. Streams never change a pixel; the precision changes
rounding, so that it is remembered only where a person asks for it. `VSAINIMOTION_TUNING=off` forgets for one run.
"""

import dataclasses
import functools
import hashlib
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vapoursynth as vs

from vsainimotion.models.cache import user_cache
from vsainimotion.models.card import Card
from vsainimotion.models.runtimes import BackendRow, Tuning
from vsainimotion.models.tiles import Size, plan_streams

OFF_VARIABLE = "VSAINIMOTION_TUNING"
"""Environment variable that, set to `off`, makes graphs as on a machine where nothing was measured."""

STREAMS = (1, 2, 3, 4, 6, 8)
"""Numbers of streams that are tried, as far as the machine has cores."""
GAIN = 0.05
"""What is not faster than the planned setting by more than this share is not worth leaving it for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """Everything that a measurement depends on; the digest of it is its key."""

    backend: str
    """A name of `vsainimotion.models.runtimes.BACKENDS`."""
    runtime: str
    """Versions of the plugin and of the library inside it."""
    processor: str
    """Name of the processor."""
    cores: int
    """Cores that this process may use."""
    threads: int
    """Threads that VapourSynth works with."""
    network_sha256: str
    """Digest of the ONNX file."""
    tile: Size
    """Width and height of what the network sees at once, in pixels."""

    @property
    def key(self) -> str:
        """Returns the sha256 of the sorted JSON of all fields."""
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How long a setting took."""

    setting: Tuning
    ms: float
    """Milliseconds a frame."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """What was measured under some conditions, and what was chosen."""

    num_streams: int
    """Streams to use."""
    bfloat16: bool | None
    """Precision to use; None leaves it as planned."""
    timings: list[Timing]
    """Everything that was measured."""


def tuning_folder() -> Path:
    """Returns the folder of what is remembered, `tuning` in the user's cache; it may not exist yet."""
    return user_cache() / "tuning"


def plan_tuning(card: Card, row: BackendRow, tile: Size) -> Tuning:
    """Plans how a network is run where nothing was measured.

    Args:
        card: The network.
        row: The backend.
        tile: Width and height of what the network sees at once, in pixels.
    """
    streams = 2 if row.is_gpu else plan_streams(tile, vs.core.num_threads)
    return Tuning(bfloat16=card.is_bfloat16_safe, num_streams=streams)


def find_tuning(card: Card, row: BackendRow, tile: Size) -> Tuning:
    """Finds how a network is run here: as `ainimotion bench` measured and remembered, else as planned.

    Args:
        card: The network.
        row: The backend.
        tile: Width and height of what the network sees at once, in pixels.
    """
    planned = plan_tuning(card, row, tile)
    known = None if row.is_gpu else recall(read_conditions(row.name, row.namespace, card.sha256, tile))
    if known is None:
        return planned
    half = planned.bfloat16 if known.bfloat16 is None else known.bfloat16
    return Tuning(bfloat16=half, num_streams=known.num_streams)


def plan_settings(planned: Tuning, cores: int, *, can_bfloat16: bool) -> list[Tuning]:
    """Plans what is tried: every number of streams that the cores bear, in each precision that is allowed.

    Args:
        planned: What is used where nothing is remembered; always among what is tried.
        cores: Cores that this process may use.
        can_bfloat16: Whether the processor multiplies in bfloat16 and the network bears it.

    Returns:
        The settings, the planned one first.
    """
    streams = sorted({number for number in STREAMS if number <= max(1, cores)} | {planned.num_streams})
    kinds = (True, False) if can_bfloat16 else (False,)
    every = [Tuning(num_streams=number, bfloat16=kind) for kind in kinds for number in streams]
    return [planned, *(setting for setting in every if setting != planned)]


def choose_setting(timings: Sequence[Timing], planned: Tuning) -> Tuning:
    """Chooses the planned setting unless another is faster by more than `GAIN`; of those as fast, the fewest streams.

    A stream more costs memory, and measurements differ by some hundredths.

    Args:
        timings: What was measured, the planned setting among it.
        planned: What is used where nothing is remembered.

    Returns:
        One of the settings that were measured.
    """
    usual = next(timing.ms for timing in timings if timing.setting == planned)
    best = min(timing.ms for timing in timings)
    if best >= usual * (1 - GAIN):
        return planned
    near = [timing for timing in timings if timing.ms <= best * (1 + GAIN)]
    return min(near, key=lambda timing: (timing.setting.num_streams, timing.ms)).setting


def remember(conditions: Conditions, remembered: Remembered) -> Path:
    """Writes what was measured into the user's cache, with all that it depends on.

    Args:
        conditions: What it depends on.
        remembered: What was measured and chosen.

    Returns:
        The file.
    """
    folder = tuning_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{conditions.key[:24]}.json"
    record = {"key": conditions.key, "conditions": dataclasses.asdict(conditions)} | dataclasses.asdict(remembered)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    part.replace(path)
    return path


def recall(conditions: Conditions) -> Remembered | None:
    """Reads what is remembered for exactly these conditions.

    Returns:
        None where nothing is, where the file is not whole, and with `VSAINIMOTION_TUNING=off`.
    """
    if os.environ.get(OFF_VARIABLE, "").lower() == "off":
        return None
    try:
        record = json.loads((tuning_folder() / f"{conditions.key[:24]}.json").read_text(encoding="utf-8"))
        return _parse(record) if record["key"] == conditions.key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _parse(record: Mapping[str, Any]) -> Remembered:
    """Takes a record apart; what has another form raises one of what `recall` expects."""
    streams, bfloat16 = record["num_streams"], record["bfloat16"]
    if not (type(streams) is int and 1 <= streams <= max(STREAMS)) or not (bfloat16 is None or type(bfloat16) is bool):
        raise ValueError("not a setting")
    timings = [Timing(setting=Tuning(**row["setting"]), ms=row["ms"]) for row in record["timings"]]
    return Remembered(num_streams=streams, bfloat16=bfloat16, timings=timings)


def forget() -> int:
    """Removes everything that is remembered.

    Returns:
        How many files were removed.
    """
    files = list(tuning_folder().glob("*.json"))
    for path in files:
        path.unlink()
    return len(files)


def read_conditions(backend: str, namespace: str, network_sha256: str, tile: Size) -> Conditions:
    """Reads what a measurement depends on here and now.

    Args:
        backend: A name of `vsainimotion.models.runtimes.BACKENDS`.
        namespace: Its VapourSynth plugin.
        network_sha256: Digest of the ONNX file.
        tile: Width and height of what the network sees at once, in pixels.
    """
    return Conditions(
        backend=backend,
        runtime=_read_runtime(namespace),
        processor=read_processor(),
        cores=count_cores(),
        threads=vs.core.num_threads,
        network_sha256=network_sha256,
        tile=tile,
    )


def _read_runtime(namespace: str) -> str:
    said: Mapping[str, Any] = getattr(vs.core, namespace).Version()
    texts = {
        name: value.decode() if isinstance(value, bytes) else str(value)
        for name, value in said.items()
        if name.endswith("version")
    }
    return ", ".join(f"{name} {texts[name]}" for name in sorted(texts))


@functools.cache
def read_processor() -> str:
    """Returns the processor's name, as far as the system says it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1) if found else platform.processor() or platform.machine()


def count_cores() -> int:
    """Returns how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
