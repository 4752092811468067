"""Every script in examples/ renders, and every command on its page runs as it is written there."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest

from vsainimotion.media.ffmpeg import find_ffmpeg
from vsainimotion.media.vspipe import child_environment, find_vspipe, read_info

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
FOR_MPV = EXAMPLES / "mpv.vpy"
SCRIPTS = sorted(script for script in EXAMPLES.glob("*.vpy") if script != FOR_MPV)

NTSC_24, NTSC_48, NTSC_60 = (Fraction(rate * 1000, 1001) for rate in (24, 48, 60))
EXPECTED = {
    "compare.vpy": (1920, 1080, NTSC_48),
    "enhance.vpy": (1920, 1080, NTSC_48),
    "gate.vpy": (1280, 720, NTSC_24),
    "in_a_script.vpy": (1280, 720, NTSC_48),
    "interpolate.vpy": (1280, 720, NTSC_60),
    "upscale.vpy": (1920, 1080, NTSC_24),
}
"""Size and rate of each script's output."""


def blocks() -> Iterator[tuple[str, str]]:
    """The page's command blocks: what follows `sh` on the fence, and the commands."""
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    yield from re.findall(r"^```sh *([^\n]*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(needs: str) -> list[str]:
    return [line for block, text in blocks() if block == needs for line in text.splitlines()]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a checkout, so that what a command writes goes nowhere else."""
    (tmp_path / "examples").symlink_to(EXAMPLES)
    return tmp_path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment that the page asks for: ours active, ffmpeg on the PATH, vspipe configured."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "ffmpeg").symlink_to(find_ffmpeg())
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**child_environment(), "PATH": path}


def test_every_script_is_on_the_page_and_has_an_expectation() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert sorted(EXPECTED) == [script.name for script in SCRIPTS]
    assert all(f"[{script.name}]({script.name})" in page for script in (*SCRIPTS, FOR_MPV))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_has_the_size_and_the_rate_that_it_names(script: Path) -> None:
    info = read_info(script)
    assert (info.width, info.height, info.fps) == EXPECTED[script.name]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_renders(script: Path, tmp_path: Path) -> None:
    # A second in: there the scene moves, so that frames are made and not only repeated.
    command = [str(find_vspipe()), "--start", "24", "--end", "29", "--container", "y4m", str(script), "-"]
    result = subprocess.run(command, env=child_environment(), cwd=tmp_path, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode(errors="replace")
    assert result.stdout.count(b"FRAME\n") == 6


STAND_IN = """
import threading
import vapoursynth as vs
import vsainimotion

ENDLESS, BUFFERED = 2**31 // 16, 16
container_fps = {fps}
film = vsainimotion.source({film!r}).resize.Bilinear(320, 180)[40:76]
film = vs.core.std.Interleave([film] * 5)  # long holds are compared far back
lock, newest = threading.Lock(), 0

def hand_over(n, f):
    # As mpv does: a buffer of frames that moves on with the newest that was asked for, and nothing before it.
    global newest
    with lock:
        newest = max(newest, n)
        if n <= newest - BUFFERED:
            raise RuntimeError(f"frame {{n}} requested, but only have frames starting from {{newest - BUFFERED + 1}}")
    frame = f.copy()
    frame.props.update(_DurationNum=41708, _DurationDen=1000000)
    return frame

varying = film + film.std.AssumeFPS(fpsnum=1)  # together they have no rate of their own, as in mpv
stretched = varying.std.Loop(times=0)[:ENDLESS]
video_in = stretched.std.ModifyFrame(stretched, hand_over)
video_in.std.SetVideoCache(mode=0)
exec(compile(open({script!r}, encoding="utf-8").read(), {script!r}, "exec"))
"""
"""What mpv is to a script: a clip that never ends, and whose frames come once and in order."""


def play(folder: Path, fps: float, last: int) -> list[dict[str, float]]:
    """The properties of the frames that mpv's script makes of a stand-in for mpv, up to one of them."""
    script, report = folder / "stand_in.vpy", folder / "frames.json"
    text = STAND_IN.format(fps=fps, film=str(EXAMPLES / "clip.mkv"), script=str(FOR_MPV))
    script.write_text(text, encoding="utf-8")
    command = [str(find_vspipe()), "--end", str(last), "--json", str(report), str(script), "--"]
    result = subprocess.run(command, env=child_environment(), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    frames: list[dict[str, float]] = json.loads(report.read_text(encoding="utf-8"))
    return frames


def test_mpv_gets_twice_the_frames_from_a_clip_that_only_moves_on(tmp_path: Path) -> None:
    frames = play(tmp_path, 23.976, 299)
    assert len(frames) == 300
    assert {frame["VsaiOrigin"] for frame in frames[1::2]} == {1, 2}
    assert all(frame["VsaiOrigin"] == 0 for frame in frames[::2])
    # mpv adds up the durations of the frames to know when each is due.
    assert sum(Fraction(int(f["_DurationNum"]), int(f["_DurationDen"])) for f in frames) == 150 * Fraction(41708, 10**6)


@pytest.mark.parametrize("fps", [59.94, 0.0])
def test_mpv_keeps_a_film_that_is_smooth_already_or_does_not_say(tmp_path: Path, fps: float) -> None:
    assert all("VsaiOrigin" not in frame for frame in play(tmp_path, fps, 9))


@pytest.mark.parametrize("command", commands("")[1:])
def test_a_command_on_the_page_runs(command: str, checkout: Path, environment: dict[str, str]) -> None:
    result = run(command, checkout, environment)
    assert result.returncode == 0, result.stderr


def test_the_pipe_on_the_page_keeps_sound_subtitles_and_fonts(checkout: Path, environment: dict[str, str]) -> None:
    result = run(commands("")[0], checkout, environment)
    assert result.returncode == 0, result.stderr
    with av.open(str(EXAMPLES / "clip.mkv")) as before, av.open(str(checkout / "piped.mkv")) as after:
        kinds = [sorted(stream.type for stream in film.streams) for film in (before, after)]
        assert kinds[0] == kinds[1]
        # Matroska counts milliseconds, from which libav guesses the rate.
        assert float(after.streams.video[0].average_rate or 0) == pytest.approx(float(NTSC_48), rel=1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("command", commands("nvidia"))
def test_a_command_for_nvidia_runs(command: str, checkout: Path, environment: dict[str, str]) -> None:
    result = run(command, checkout, environment)
    assert result.returncode == 0, result.stderr


def run(command: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    bash = shutil.which("bash")
    assert bash is not None
    return subprocess.run(
        [bash, "-c", f"set -o pipefail; {command}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
