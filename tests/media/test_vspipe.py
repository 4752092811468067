"""vspipe as a child."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from vsainimotion.errors import ArgumentError, InputError, JobError
from vsainimotion.media.vspipe import (
    CONFIG_FILE,
    CONFIG_VARIABLE,
    child_environment,
    find_vspipe,
    read_error,
    read_info,
    read_output,
)

BLANK = (
    "import vapoursynth as vs\nclip = vs.core.std.BlankClip(width=64, height=48, length=7, fpsnum=24000, fpsden=1001)\n"
)


def test_info_is_read_exactly() -> None:
    info, _ = read_output(BLANK + "clip.set_output()")
    assert (info.width, info.height, info.frames, info.fps, info.format) == (64, 48, 7, Fraction(24000, 1001), "RGB24")
    assert info.duration == Fraction(7 * 1001, 24000)


def test_a_script_that_lies_somewhere_is_read_there(tmp_path: Path) -> None:
    script = tmp_path / "a script.vpy"
    script.write_text(BLANK + "clip.set_output()", "utf-8")
    assert read_info(script) == read_output(BLANK + "clip.set_output()")[0]


def test_a_changing_output_is_an_error() -> None:
    text = "vs.core.std.Splice([clip, clip.std.Crop(left=2)], mismatch=1).set_output()"
    with pytest.raises(JobError, match="changes its size, format or rate"):
        read_output(BLANK + text)


def test_the_first_frames_properties_are_read() -> None:
    script = BLANK + "clip.std.SetFrameProps(_SARNum=4, _SARDen=3, VsaiOrigin=2).set_output()"
    _, properties = read_output(script)
    assert [properties[name] for name in ("_SARNum", "_SARDen", "VsaiOrigin")] == [4, 3, 2]


def test_an_error_of_ours_comes_out_as_itself() -> None:
    with pytest.raises(InputError, match=r"^source: '/none\.mkv' cannot be opened as a film"):
        read_output("import vsainimotion\nvsainimotion.source('/none.mkv').set_output()")


def test_an_error_of_the_script_comes_out_in_its_own_words() -> None:
    with pytest.raises(JobError, match=r"^vspipe: over\nthere$"):
        read_output("raise ValueError('over\\nthere')")


def test_an_error_in_a_frame_comes_out_in_its_own_words() -> None:
    text = "def fail(n, f):\n    raise RuntimeError('bad frame')\nclip.std.ModifyFrame(clip, fail).set_output()"
    with pytest.raises(JobError, match="bad frame"):
        read_output(BLANK + text)


def test_a_script_without_output_is_an_error() -> None:
    with pytest.raises(JobError, match="the script sets no output"):
        read_output("pass")


def test_an_unknown_error_class_is_a_job_error() -> None:
    error = read_error("Python exception: it broke\n\nTraceback\nvsainimotion.errors.NotThere: it broke")
    assert (type(error), str(error)) == (JobError, "vspipe: it broke")


def test_a_frame_that_the_source_cannot_decode_is_the_films_fault() -> None:
    words = "Failed to retrieve frame 11 with error: VideoSource: No frame returned for frame number 11."
    error = read_error(f"Information: something\nError: {words}\n")
    assert type(error) is InputError
    assert str(error) == f"vspipe: Error: {words} The film is damaged there: copy or download it again"


def test_a_usage_error_keeps_its_class() -> None:
    error = read_error("Python exception: bad 'fps'\n\nTraceback\nvsainimotion.errors.ArgumentError: bad 'fps'\n")
    assert (type(error), str(error), error.exit_code) == (ArgumentError, "bad 'fps'", 2)


def test_silence_is_told_as_such() -> None:
    assert str(read_error("")) == "vspipe: it stopped without a word"


def test_vspipe_starts_without_path_and_without_a_users_configuration(tmp_path: Path) -> None:
    folder = Path(child_environment()[CONFIG_VARIABLE])
    assert (folder / CONFIG_FILE).is_file()
    environment = {**child_environment(), "PATH": str(tmp_path), "HOME": str(tmp_path)}
    result = subprocess.run([str(find_vspipe()), "--version"], env=environment, capture_output=True, check=True)
    assert b"VapourSynth" in result.stdout


def test_the_configuration_is_made_on_first_use_in_a_folder_for_this_python(tmp_path: Path) -> None:
    program = "from vsainimotion.media.vspipe import child_environment as e; print(e()['" + CONFIG_VARIABLE + "'])"
    environment = {**os.environ, "VSAINIMOTION_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", program]
    runs = [
        subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True) for _ in range(2)
    ]
    folders = {Path(run.stdout.strip()) for run in runs}
    assert len(folders) == 1
    assert sys.prefix in (folders.pop() / CONFIG_FILE).read_text("utf-8")
    assert len(list((tmp_path / "vsscript").iterdir())) == 1
