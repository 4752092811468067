"""Two children and the pipe between them, where one of them dies."""

from pathlib import Path

import pytest

from vsainimotion.errors import JobError
from vsainimotion.media.ffmpeg import find_ffmpeg
from vsainimotion.media.render import render

SCRIPT = """
import os, signal
import vapoursynth as vs
clip = vs.core.std.BlankClip(width=640, height=480, format=vs.YUV420P8, length=200)
def step(n, f):
    if n == {deadly}:
        os.kill(os.getpid(), signal.SIGKILL)
    return f
clip.std.ModifyFrame(clip, step).set_output()
"""


def render_until(deadly: int, command: list[str], folder: Path) -> None:
    script = folder / "script.vpy"
    script.write_text(SCRIPT.format(deadly=deadly), "utf-8")
    render(script, command, "YUV420P8", 200, lambda _: None)


@pytest.mark.parametrize("deadly", [0, 100])
def test_a_vspipe_that_is_killed_is_the_one_that_is_named(tmp_path: Path, deadly: int) -> None:
    command = [str(find_ffmpeg()), "-v", "error", "-f", "yuv4mpegpipe", "-i", "pipe:0", "-f", "null", "-"]
    with pytest.raises(JobError, match=r"^vspipe: it was ended by signal 9 \(Killed\)"):
        render_until(deadly, command, tmp_path)


def test_an_encoder_that_is_killed_is_the_one_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"^ffmpeg: it was ended by signal 9 \(Killed\)"):
        render_until(-1, ["sh", "-c", "head -c 100000 >/dev/null; kill -KILL $$"], tmp_path)
