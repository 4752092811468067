"""A look at every interval of a film through the gate: how much moves, what is held, where the cuts are."""

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vsainimotion.gate import INTERVAL_PROPERTY, Interval
from vsainimotion.media.colour import Property
from vsainimotion.media.vspipe import child_environment, find_vspipe, read_error

SCRIPT = "import vsainimotion\n\nvsainimotion.gate(vsainimotion.source({path!r}{track})).set_output()\n"

OUTPUT_FILE = "/dev/stdout"
"""A name under which a child can open its own standard output; absent on Windows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """The intervals of a film, from each frame to the next."""

    counts: Mapping[Interval, int]
    """How many there are of each kind; the last frame has no interval."""
    cuts: tuple[int, ...]
    """Numbers of the frames before a cut."""


def survey(path: Path, track: int | None, on_progress: Callable[[int], None]) -> Survey:
    """Runs the gate over a film.

    Args:
        path: The film.
        track: Index of the stream in the file; None takes the first video stream.
        on_progress: Is told how many frames have been looked at.

    Returns:
        What lies between its frames.

    Raises:
        VsaiError: The film cannot be opened or a frame cannot be decoded.
    """
    kinds: list[Interval] = []
    text = SCRIPT.format(path=str(path), track="" if track is None else f", track={track}")
    for properties in read_frames(text):
        kinds.append(Interval(int(str(properties[INTERVAL_PROPERTY]))))
        on_progress(len(kinds))
    kinds = kinds[:-1]
    cuts = tuple(number for number, kind in enumerate(kinds) if kind is Interval.CUT)
    counts = Counter(kinds)
    return Survey(counts={kind: counts[kind] for kind in Interval}, cuts=cuts)


def read_frames(script: str) -> Iterator[Mapping[str, Property]]:
    """Renders a script and yields the properties of its frames, in order, as they are made.

    Args:
        script: The .vpy text.

    Raises:
        VsaiError: The script or a frame failed; the error is the script's own.
    """
    with tempfile.TemporaryDirectory(prefix="vsainimotion-") as folder:
        file = Path(folder, "look.vpy")
        file.write_text(script, "utf-8")
        report = OUTPUT_FILE if Path(OUTPUT_FILE).exists() else str(Path(folder, "frames.json"))
        command = [str(find_vspipe()), "--json", report, str(file), "--"]
        with (
            Path(folder, "words").open("wb") as words,
            subprocess.Popen(
                command, env=child_environment(), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words,
            ) as child,
        ):  # fmt: skip
            try:
                yield from _parse(child.stdout or ())
                child.wait()
            finally:
                child.kill()
        if child.returncode:
            raise read_error(Path(folder, "words").read_text("utf-8", "replace"), child.returncode)
        if report != OUTPUT_FILE:
            with Path(report).open("rb") as lines:
                yield from _parse(lines)


def _parse(lines: Iterable[bytes]) -> Iterator[Mapping[str, Property]]:
    for line in lines:
        text = line.strip().rstrip(b",")
        if text.startswith(b"{"):
            yield json.loads(text)
