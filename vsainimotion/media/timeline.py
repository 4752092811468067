"""The timeline of a film as the source filter reads it: frames, rate and first timestamp.

Opening a film for the first time decodes all of it to index it, which no signal can stop within a process. So it runs
in a child, `python -m vsainimotion.media.timeline`, which prints the timeline as JSON.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vsainimotion import errors
from vsainimotion.errors import JobError, VsaiError
from vsainimotion.media.rate import Rate
from vsainimotion.media.vspipe import child_environment


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """A film's picture as `vsainimotion.source` delivers it."""

    frames: int
    rate: Rate
    start: Fraction
    """Time of the first frame on the film's own clock, in seconds."""
    width: int
    height: int
    format: str
    """Name of the VapourSynth format."""


def read_timeline(path: Path, track: int | None, report: Callable[[str], None]) -> Timeline:
    """Opens a film in a child process and returns its timeline; the index stays in the user's cache.

    Args:
        path: The film.
        track: Index of the stream in the file; None takes the first video stream.
        report: Is told how far the index is, such as `indexing 35%`.

    Raises:
        InputError: The film cannot be opened.
        JobError: The child died.
    """
    command = [sys.executable, "-m", "vsainimotion.media.timeline", str(path), str(-1 if track is None else track)]
    child = subprocess.Popen(
        command, env=child_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        encoding="utf-8", errors="replace", start_new_session=True,
    )  # fmt: skip
    with child:
        try:
            words = _follow(child, report)
            answer = child.stdout.read() if child.stdout else ""
        finally:
            child.kill()
    if not answer:
        raise JobError(f"source: the film could not be opened ({words or 'the child died without a word'})")
    return _read_answer(json.loads(answer))


def _follow(child: "subprocess.Popen[str]", report: Callable[[str], None]) -> str:
    """Reads the child's standard error to its end: progress goes to `report`, the last other line is returned."""
    last = ""
    for line in child.stderr or ():
        if line.startswith("index progress "):
            report(f"indexing {line.removeprefix('index progress ').strip()}")
        elif line.strip():
            last = line.strip()
    return last


def _read_answer(answer: dict[str, str]) -> Timeline:
    if "error" in answer:
        found = getattr(errors, answer["error"], None)
        kind = found if isinstance(found, type) and issubclass(found, VsaiError) else JobError
        raise kind(answer["message"])
    fps, slowest, fastest, start = (Fraction(answer[name]) for name in ("fps", "slowest", "fastest", "start"))
    return Timeline(
        frames=int(answer["frames"]),
        rate=Rate(fps=fps, constant=answer["constant"] == "True", slowest=slowest, fastest=fastest),
        start=start,
        width=int(answer["width"]),
        height=int(answer["height"]),
        format=answer["format"],
    )


def _main(path: str, track: int) -> None:
    """The child: opens the film and prints its timeline or its error."""
    # Only the child loads VapourSynth: the command line stays light, and the index's memory is freed with the child.
    import vapoursynth as vs

    from vsainimotion.media.source import open_video

    def log(_: vs.MessageType, message: str) -> None:
        if "index progress " in message:
            sys.stderr.write("index progress " + message.rpartition(" ")[2] + "\n")
            sys.stderr.flush()

    vs.core.add_log_handler(log)
    try:
        opened = open_video(path, track=None if track < 0 else track)
        clip, rate = opened.clip, opened.rate
        values = {"frames": clip.num_frames, "width": clip.width, "height": clip.height, "start": opened.start}
        values |= {name: getattr(rate, name) for name in ("fps", "constant", "slowest", "fastest")}
        answer = {name: str(value) for name, value in values.items()}
        answer["format"] = clip.format.name.upper()
    except VsaiError as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
