"""vspipe as a child process: where it is, the environment it needs, its command lines and what its errors say."""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType

from vsainimotion import errors
from vsainimotion.errors import InputError, JobError, MissingError, VsaiError
from vsainimotion.media.cache import cache_folder, cache_key
from vsainimotion.media.colour import Property

CONFIG_VARIABLE = "APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME"
"""The environment variable under whose folder VSScript looks for its configuration."""

CONFIG_FILE = Path("vapoursynth", "vapoursynth.toml")

SCRIPT_NAME = "enhance.vpy"

OUTPUT_PROPERTY = "VsaiOutput"

DESCRIBE_OUTPUT = f"""
import json as _json
import vapoursynth as _vs
if 0 not in _vs.get_outputs():
    raise ValueError("the script sets no output")
_clip = _vs.get_output(0).clip
if _clip.format is None or not _clip.width or not _clip.fps:
    raise ValueError("the script's output changes its size, format or rate")
_facts = dict(width=_clip.width, height=_clip.height, frames=_clip.num_frames, format=_clip.format.name)
_facts["fps"] = [_clip.fps.numerator, _clip.fps.denominator]
_clip.std.SetFrameProps({OUTPUT_PROPERTY}=_json.dumps(_facts)).set_output()
"""
"""Lines after a script that write what its output is on its frames, so that one rendered frame tells all."""

LOG_LINES = ("Information:", "Warning:", "Debug:", "Output ", "Script evaluation done", "Frame: ")
"""How lines begin that vspipe prints and that are no error."""


UNDECODABLE = "with error: VideoSource: "
"""What vspipe says when BestSource has no picture for a frame."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptInfo:
    """What a script puts out."""

    width: int
    height: int
    frames: int
    fps: Fraction
    format: str
    """Name of the VapourSynth format, such as `YUV420P8`."""

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame's start to the last one's end."""
        return self.frames / self.fps


@cache
def find_vspipe() -> Path:
    """Returns vspipe of the vapoursynth package that this Python imports, whatever PATH says.

    Raises:
        MissingError: The package or its vspipe is not there.
    """
    package = importlib.util.find_spec("vapoursynth")
    name = "vspipe.exe" if sys.platform == "win32" else "vspipe"
    program = Path(package.origin).with_name(name) if package and package.origin else None
    if program is None or not program.is_file():
        raise MissingError(
            "vspipe: it is not in this Python's vapoursynth package. Install it: pip install vapoursynth"
        )
    return program


GIVE_BACK: Mapping[str, str] = MappingProxyType({"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "2"})
"""Makes glibc give the memory of a frame back when the frame is gone, and keep no heap for each of many threads: 1.5
GiB instead of 2.5 were measured after 240 frames at 1080p."""


@cache
def child_environment() -> Mapping[str, str]:
    """Returns the environment in which vspipe starts and imports this package.

    VSScript reads one file for each user, which names one Python. Ours lies in a folder of our own for each Python
    environment, so that two environments do not fight; it is written on first use.

    Raises:
        MissingError: vapoursynth cannot write its configuration.
    """
    environment = dict(os.environ)
    environment[CONFIG_VARIABLE] = str(_configuration())
    package_parent = Path(__file__).resolve().parents[2]
    if str(package_parent) not in {str(Path(path).resolve()) for path in sys.path if "site-packages" in path}:
        known = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(package_parent), *([known] if known else [])])
    environment["PYTHONIOENCODING"] = "utf-8"
    return {**GIVE_BACK, **environment}


def read_output(script: str) -> tuple[ScriptInfo, Mapping[str, Property]]:
    """Evaluates a script and renders its first frame, in one start of vspipe: a network is loaded once.

    Args:
        script: The .vpy text.

    Returns:
        What the script puts out, and the properties of its first frame.

    Raises:
        VsaiError: The script or the frame failed; the error is the script's own.
    """
    with tempfile.TemporaryDirectory(prefix="vsainimotion-") as folder:
        file, report = Path(folder, SCRIPT_NAME), Path(folder, "frame.json")
        file.write_text(script + DESCRIBE_OUTPUT, "utf-8")
        _run([str(find_vspipe()), "--end", "0", "--json", str(report), str(file), "--"])
        frames: list[dict[str, Property]] = json.loads(report.read_text("utf-8"))
    properties = frames[0]
    described = json.loads(str(properties.pop(OUTPUT_PROPERTY)))
    info = ScriptInfo(
        width=described["width"],
        height=described["height"],
        frames=described["frames"],
        fps=Fraction(*described["fps"]),
        format=described["format"].upper(),
    )
    return info, properties


def read_info(script: Path) -> ScriptInfo:
    """Evaluates a script where it lies and returns what it puts out, without rendering a frame.

    Raises:
        VsaiError: The script failed; the error is the script's own.
    """
    text = _run([str(find_vspipe()), "--info", str(script), "-"])
    fields = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    try:
        numerator, denominator = fields["FPS"].split(" ")[0].split("/")
        return ScriptInfo(
            width=int(fields["Width"]),
            height=int(fields["Height"]),
            frames=int(fields["Frames"]),
            fps=Fraction(int(numerator), int(denominator)),
            format=fields["Format Name"].upper(),
        )
    except (KeyError, ValueError) as error:
        raise JobError(f"vspipe: the script's output is not one picture of constant size and rate ({text})") from error


def pipe_command(script: Path, *, container: str, properties: str | None, progress: bool = False) -> list[str]:
    """Returns the command line that renders a script to its standard output.

    Args:
        script: The script.
        container: `y4m`, or `mkv` for what y4m cannot hold.
        properties: File for the properties of the frames as JSON, or None to print plain progress instead.
        progress: Whether plain progress is printed beside the properties.
    """
    report = ["--json", properties] if properties else []
    report += ["--progress"] if progress or not properties else []
    return [str(find_vspipe()), "--container", container, *report, str(script), "-"]


def read_error(text: str, code: int = 1) -> VsaiError:
    """Makes the error that a failed vspipe reports its user's.

    Args:
        text: What vspipe wrote on its standard error.
        code: What it ended with.

    Returns:
        Our own error class with its own sentence where the script raised one; else vspipe's last words, as an
        InputError where the source filter has no picture for a frame and as a JobError otherwise.
    """
    raised = re.search(r"^Python exception: (.*?)(?:\n\nTraceback|\Z)", text, re.MULTILINE | re.DOTALL)
    if raised:
        message = raised.group(1).strip()
        named = re.findall(r"^vsainimotion\.errors\.(\w+):", text, re.MULTILINE)
        found = getattr(errors, named[-1], None) if named else None
        if isinstance(found, type) and issubclass(found, VsaiError):
            return found(message)
        return JobError(f"vspipe: {message}")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith(LOG_LINES)]
    words = f"vspipe: {' '.join(lines) or silent_end(code)}"
    if UNDECODABLE in words:
        return InputError(f"{words} The film is damaged there: copy or download it again")
    return JobError(words)


def silent_end(code: int) -> str:
    """Says how a child ended that said nothing itself, from its exit code, which is negative after a signal."""
    if code >= 0:
        return "it stopped without a word"
    return (
        f"it was ended by signal {-code} ({signal.strsignal(-code)}); if nobody did that, memory ran out or it crashed"
    )


def _run(command: list[str]) -> str:
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", check=False,
        env=child_environment(),
    )  # fmt: skip
    if result.returncode:
        raise read_error(result.stderr, result.returncode)
    return result.stdout


def _configuration() -> Path:
    """Returns the folder with VSScript's configuration for this Python, written if it is not there."""
    executable = Path(sys.executable)
    key = cache_key(
        {"prefix": sys.prefix, "python": sys.version, "executable": str(executable),
         "vspipe": str(find_vspipe()), "modified": executable.stat().st_mtime_ns}
    )  # fmt: skip
    folder = cache_folder("vsscript") / key
    if not (folder / CONFIG_FILE).is_file():
        _write_configuration(folder)
    return folder


def _write_configuration(folder: Path) -> None:
    """Lets vapoursynth write its configuration beside the folder and moves it in place: two jobs may start at once."""
    beside = Path(tempfile.mkdtemp(prefix="new-", dir=folder.parent))
    try:
        result = subprocess.run(
            [sys.executable, "-m", "vapoursynth", "config"], env={**os.environ, CONFIG_VARIABLE: str(beside)},
            stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip
        if not (beside / CONFIG_FILE).is_file():
            # An embeddable Python on Windows needs no file: vapoursynth says so and ends well.
            if result.returncode:
                raise MissingError(f"vspipe: 'vapoursynth config' failed ({result.stderr.strip()}). Run it by hand")
            (beside / CONFIG_FILE).parent.mkdir(parents=True, exist_ok=True)
            (beside / CONFIG_FILE).touch()
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not folder.exists():
            beside.rename(folder)
    except OSError:
        if not (folder / CONFIG_FILE).is_file():
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
