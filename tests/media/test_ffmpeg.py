"""ffmpeg as a child."""

from pathlib import Path

import pytest

from vsainimotion.errors import JobError, MissingError, OutputError
from vsainimotion.media.ffmpeg import FFMPEG_VARIABLE, find_ffmpeg, list_encoders, read_error, read_version, run_ffmpeg


def test_the_named_ffmpeg_comes_first_then_the_variable_then_the_package(
    ffmpeg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, set_by_variable = tmp_path / "named", tmp_path / "variable"
    for path in (named, set_by_variable):
        path.symlink_to(ffmpeg)
    assert find_ffmpeg() == ffmpeg
    monkeypatch.setenv(FFMPEG_VARIABLE, str(set_by_variable))
    assert find_ffmpeg() == set_by_variable
    assert find_ffmpeg(named) == named


def test_an_ffmpeg_that_is_not_there_is_refused() -> None:
    with pytest.raises(MissingError, match="'/no/ffmpeg' is not there"):
        find_ffmpeg("/no/ffmpeg")


def test_a_file_that_is_no_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ffmpeg").write_text("words", "utf-8")
    with pytest.raises(MissingError, match="does not run"):
        list_encoders(tmp_path / "ffmpeg")


def test_encoders_and_version_are_read(ffmpeg: Path) -> None:
    assert {"libx264", "libx265", "libsvtav1", "ffv1", "flac"} <= list_encoders(ffmpeg)
    assert read_version(ffmpeg)[:1] in "n0123456789"


def test_a_full_disc_is_told_as_such(ffmpeg: Path) -> None:
    arguments = ["-y", "-f", "lavfi", "-i", "testsrc2=duration=1", "-c:v", "rawvideo", "-f", "nut", "file:/dev/full"]
    with pytest.raises(OutputError, match="the disc is full"):
        run_ffmpeg(ffmpeg, arguments)


def test_the_telling_lines_are_kept_without_addresses() -> None:
    text = (
        "[vf#0:0 @ 0x55d4] Error while filtering: nothing\n"
        "[libx264 @ 0x7f00dead] invalid preset 'nonsense'\n"
        "[vost#0:0/libx264 @ 0x55d4] Task finished with error code: -22\n"
        "Conversion failed!\n"
    )
    error = read_error(text)
    assert (type(error), str(error)) == (JobError, "ffmpeg: libx264: invalid preset 'nonsense'")


def test_silence_is_told_as_such() -> None:
    assert str(read_error("")) == "ffmpeg: it stopped without a word"
