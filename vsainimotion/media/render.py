"""Rendering: vspipe and ffmpeg as two children with a pipe between them, watched, and stopped together."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from vsainimotion.media import ffmpeg
from vsainimotion.media.colour import Property
from vsainimotion.media.encode import pipe_container
from vsainimotion.media.vspipe import child_environment, pipe_command, read_error
from vsainimotion.timeline import ORIGIN_PROPERTY, Origin

PIPE_BYTES = 1 << 20
"""Size of the pipe between the children: Linux's default of 64 KiB makes a frame take dozens of switches."""

TICK_S = 0.25
"""Seconds between two reports of progress."""

PIPE_NAMES = Path("/dev/fd").is_dir()
"""Whether a child can open an inherited pipe by name, as it must to report frames' properties; not so on Windows."""

BROKEN_PIPE = -getattr(signal, "SIGPIPE", 13)
"""What vspipe ends with when nobody reads its frames any more."""

TAIL_CHARACTERS = 20_000
"""How much of a child's words is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a rendering is."""

    frames: int
    """Frames handed to the encoder."""
    total: int
    repeated: int | None
    """How many of them repeat a drawing; None where the platform does not tell."""
    elapsed_s: float

    @property
    def fps(self) -> float:
        """Frames a second so far."""
        return self.frames / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds to go at the rate so far; None before the first frame."""
        return (self.total - self.frames) / self.fps if self.frames else None

    @property
    def repeated_share(self) -> float | None:
        """Share of the frames that repeat a drawing, 0 to 1."""
        return self.repeated / self.frames if self.repeated is not None and self.frames else None


type OnFrame = Callable[[Mapping[str, Property]], None]


class _Count:
    """Frames counted by the thread that reads vspipe's report, which also hands their properties on."""

    def __init__(self, on_frame: OnFrame | None) -> None:
        self.frames = 0
        self.repeated = 0
        self.on_frame = on_frame

    def read_properties(self, lines: Iterable[str]) -> None:
        """Counts frames in `vspipe --json`: one object a line, while they are rendered."""
        for line in lines:
            text = line.strip().rstrip(",")
            if text.startswith("{") and line.endswith("\n"):  # a killed vspipe leaves half a line
                properties = json.loads(text)
                self.frames += 1
                self.repeated += properties.get(ORIGIN_PROPERTY) == Origin.REPEATED
                if self.on_frame:
                    self.on_frame(properties)


def render(
    script: Path,
    command: list[str],
    format_name: str,
    total: int,
    on_progress: Callable[[Progress], None],
    on_frame: OnFrame | None = None,
) -> Progress:
    """Renders a script through an encoding command.

    Args:
        script: The script.
        command: The ffmpeg command that reads standard input.
        format_name: Name of the script's VapourSynth format.
        total: Frames that are to come, for the progress.
        on_progress: Is called a few times a second and once at the end, in the calling thread.
        on_frame: Is given the properties of each frame in order, in a thread of its own, and must neither raise nor
            block: vspipe waits for it. Where a child cannot open an inherited pipe by name it is called at the end.

    Returns:
        The progress at the end.

    Raises:
        VsaiError: A child failed; the message is its own.
        KeyboardInterrupt: The user stopped it; both children are gone.
    """
    begun = time.monotonic()
    count = _Count(on_frame)
    words = {"vspipe": "", "ffmpeg": ""}
    told = None if on_frame is None or PIPE_NAMES else script.with_suffix(".json")
    vspipe, encoder, report = _start(script, command, pipe_container(format_name), told)

    def progress() -> Progress:
        repeated = count.repeated if report else None
        return Progress(frames=count.frames, total=total, repeated=repeated, elapsed_s=time.monotonic() - begun)

    threads: list[threading.Thread] = []
    try:
        threads.append(_thread(_listen, words, "vspipe", vspipe.stderr, None if report else count))
        threads.append(_thread(_listen, words, "ffmpeg", encoder.stderr, None))
        if report:
            threads.append(_thread(count.read_properties, report))
        while not _has_ended(encoder):
            on_progress(progress())
        vspipe.wait()
    finally:
        _stop(vspipe, encoder)
        for thread in threads:
            thread.join()
        for stream in (vspipe.stderr, encoder.stderr, report):
            if stream:
                stream.close()
        if told and told.exists():
            count.frames = 0
            with told.open(encoding="utf-8", errors="replace") as lines:
                count.read_properties(lines)
    _check(vspipe.returncode, encoder.returncode, words)
    last = progress()
    on_progress(last)
    return last


def _has_ended(child: "subprocess.Popen[bytes]") -> bool:
    """Waits a moment and answers whether a child has ended."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(TICK_S)
    return child.returncode is not None


def _start(
    script: Path, command: list[str], container: str, told: Path | None
) -> tuple["subprocess.Popen[bytes]", "subprocess.Popen[bytes]", IO[str] | None]:
    """Starts both children in sessions of their own: a terminal's Ctrl-C reaches only us, and we stop them."""
    reader, writer = os.pipe() if PIPE_NAMES else (-1, -1)
    properties = f"/dev/fd/{writer}" if writer >= 0 else str(told) if told else None
    vspipe = subprocess.Popen(
        pipe_command(script, container=container, properties=properties, progress=writer < 0), env=child_environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        pass_fds=(writer,) if writer >= 0 else (),
    )  # fmt: skip
    try:
        _enlarge(vspipe.stdout)
        encoder = subprocess.Popen(
            command, stdin=vspipe.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
    except BaseException:
        _stop(vspipe)
        raise
    finally:
        if writer >= 0:
            os.close(writer)
        if vspipe.stdout:
            vspipe.stdout.close()  # the encoder has it: when it dies, vspipe must notice
    return vspipe, encoder, os.fdopen(reader, encoding="utf-8", errors="replace") if reader >= 0 else None


def _enlarge(pipe: IO[bytes] | None) -> None:
    if sys.platform == "linux" and pipe is not None:
        import fcntl

        with suppress(OSError):  # a user may have used up the pipe memory that the kernel grants
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _thread(target: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread


def _listen(words: dict[str, str], name: str, stream: IO[bytes], count: _Count | None) -> None:
    """Keeps the end of what a child says; with a count, reads vspipe's plain progress out of it."""
    while chunk := os.read(stream.fileno(), 4096):
        words[name] = (words[name] + chunk.decode("utf-8", "replace"))[-TAIL_CHARACTERS:]
        told = re.findall(r"Frame: (\d+)/", words[name]) if count else []
        if count and told:
            count.frames = int(told[-1])


def _stop(*children: "subprocess.Popen[bytes]") -> None:
    for child in children:
        child.kill()
    for child in children:
        child.wait()


def _check(vspipe_code: int, encoder_code: int, words: dict[str, str]) -> None:
    """Raises the error of the child that failed first: a dead encoder breaks vspipe's pipe, not the reverse."""
    broken_pipe = vspipe_code == BROKEN_PIPE or "fwrite() call failed" in words["vspipe"]
    if encoder_code and (vspipe_code == 0 or broken_pipe):
        raise ffmpeg.read_error(words["ffmpeg"], encoder_code)
    if vspipe_code:
        raise read_error(words["vspipe"], vspipe_code)
