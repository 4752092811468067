"""`ainimotion preview`."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.media.films import frame_count, times
from vsainimotion.cli import main
from vsainimotion.media.preview import NAMES
from vsainimotion.media.probe import probe

BLOCKS = ("--interpolator", "mvtools", "--upscaler", "spline36", "--encoder-args", "-preset ultrafast")


def size(path: Path) -> tuple[int, int]:
    with av.open(str(path), "r") as film:
        frame = next(film.decode(video=0))
        return frame.width, frame.height


def test_stills_and_a_clip_come_of_the_same_graph(
    capsys: pytest.CaptureFixture[str], rich: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "look"
    options = ("--at", "00:00:01.5", "--seconds", "1", "--fps", "2x", "--height", "96", *BLOCKS)
    assert main(["preview", str(rich), *options, "--out", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert [size(folder / name) for name in NAMES[:3]] == [(64, 48), (128, 96), (128, 96)]
    told = capsys.readouterr().err.splitlines()
    assert told[-2] == ", ".join(str(folder / name) for name in NAMES[:3])
    assert told[-1].startswith(f"{folder / 'clip.mkv'}: 48 frames, 128x96, 48000/1001 fps, 1.001 s")
    clip = probe(folder / "clip.mkv")
    assert [stream.kind for stream in clip.streams].count("audio") == 2
    # Frame 35 is in the middle of the 24 that begin with frame 23; the second line begins at 1.5 s.
    assert abs(times(folder / "clip.mkv", 3)[-1] - (Fraction(3, 2) - 23 * Fraction(1001, 24000))) <= Fraction(1, 1000)


def test_without_new_frames_there_is_no_still_between(plain: Path, tmp_path: Path) -> None:
    options = ("--at", "f11", "--interpolator", "off", "--upscaler", "off", "--encoder", "ffv1", "-q")
    (tmp_path / "between.png").write_bytes(b"of an earlier preview")
    assert main(["preview", str(plain), *options, "--out", str(tmp_path), "--overwrite"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["after.png", "before.png", "clip.mkv"]
    assert (tmp_path / "before.png").read_bytes() == (tmp_path / "after.png").read_bytes()
    assert frame_count(tmp_path / "clip.mkv") == 12


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ((), 2, "Missing option '--at'"),
        (("--at", "noon"), 2, "at: must be a time"),
        (("--at", "0.6"), 2, "at: must be before the film ends, at 0.500 s or frame 12"),
        (("--at", "0", "--seconds", "61"), 2, "'seconds' must be above 0 and at most 60"),
        (("--at", "0", "--seconds", "nan"), 2, "'seconds' must be above 0 and at most 60"),
        (("--at", "0", "--clip", "0-1"), 2, "No such option"),
        (("--at", "0", "--encoder", "x266"), 2, "there is no 'x266'"),
        (("--at", "0", "--ffmpeg", "/no/ffmpeg"), 3, "'/no/ffmpeg' is not there"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str],
    plain: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    assert main(["preview", str(plain), *options, "--out", str(tmp_path / "look")]) == code
    errors = capsys.readouterr().err
    assert words in errors
    assert errors.splitlines()[-1].startswith("ainimotion: ")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_named_after_the_film_and_an_earlier_preview_is_kept(
    capsys: pytest.CaptureFixture[str], plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "plain-preview"
    folder.mkdir()
    (folder / "after.png").write_bytes(b"earlier")
    assert main(["preview", str(plain), "--at", "0"]) == 2
    assert "preview: after.png is in 'plain-preview' already" in capsys.readouterr().err
    assert (folder / "after.png").read_bytes() == b"earlier"
