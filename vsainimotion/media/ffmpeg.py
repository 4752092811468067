"""ffmpeg as a child process: which one is used, what it can encode, and what its errors say."""

import os
import re
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import imageio_ffmpeg

from vsainimotion.errors import JobError, MissingError, OutputError, VsaiError
from vsainimotion.media.vspipe import silent_end

FFMPEG_VARIABLE = "VSAINIMOTION_FFMPEG"
"""Environment variable that names the ffmpeg to use."""

NO_SPACE = "No space left on device"

EMPTY_WORDS = re.compile(
    r"Conversion failed|Terminating thread|Task finished|Nothing was written|Error (parsing|while)"
)
"""Lines of ffmpeg that only say that something failed, not what."""


def find_ffmpeg(named: str | Path | None = None) -> Path:
    """Returns the ffmpeg to use: the one named, else that of `VSAINIMOTION_FFMPEG`, else imageio-ffmpeg's.

    Raises:
        MissingError: The named one is not there or does not run, or there is none.
    """
    wish = named or os.environ.get(FFMPEG_VARIABLE)
    try:
        program = Path(wish or imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise MissingError("ffmpeg: there is none. Install it: pip install imageio-ffmpeg") from error
    if wish and not program.is_file():
        raise MissingError(f"ffmpeg: {str(wish)!r} is not there. Name an ffmpeg program, or leave the option out")
    return program


@cache
def list_encoders(ffmpeg: Path) -> frozenset[str]:
    """Returns the names of the encoders in an ffmpeg.

    Raises:
        MissingError: It does not run.
    """
    try:
        text = run_ffmpeg(ffmpeg, ["-encoders"])
    except (OSError, VsaiError) as error:
        raise MissingError(f"ffmpeg: {str(ffmpeg)!r} does not run ({error}). Name another one") from error
    return frozenset(re.findall(r"^ [VAS][.A-Z]{5} (\S+)", text, re.MULTILINE))


@cache
def read_version(ffmpeg: Path) -> str:
    """Returns the version of an ffmpeg, such as `n9.0.2`."""
    found = re.match(r"ffmpeg version (\S+)", run_ffmpeg(ffmpeg, ["-version"]))
    return found.group(1) if found else "unknown"


def run_ffmpeg(ffmpeg: Path, arguments: Sequence[str]) -> str:
    """Runs ffmpeg to its end and returns its standard output.

    Raises:
        VsaiError: It failed; the message has its last words.
    """
    result = subprocess.run(
        [str(ffmpeg), "-hide_banner", "-nostdin", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    if result.returncode:
        raise read_error(result.stderr, result.returncode)
    return result.stdout


def read_error(text: str, code: int = 1) -> VsaiError:
    """Makes the error that a failed ffmpeg reports its user's.

    Args:
        text: What ffmpeg wrote on its standard error.
        code: What it ended with.

    Returns:
        An OutputError when the disc is full, else a JobError with the lines that say why.
    """
    if NO_SPACE in text:
        return OutputError("ffmpeg: the disc is full. Make room, or write to another disc with --out")
    # "[libx264 @ 0x55d4]" and such: the address means nothing to a reader.
    lines = [re.sub(r"^\[([^\]@]+) @ 0x[0-9a-f]+\]", r"\1:", line.strip()) for line in text.splitlines()]
    telling = [line for line in lines if line and not EMPTY_WORDS.search(line)] or [line for line in lines if line]
    return JobError(f"ffmpeg: {'; '.join(telling[:2]).rstrip('.') or silent_end(code)}")
