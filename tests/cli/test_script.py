"""`ainimotion script`."""

from pathlib import Path

import pytest

from vsainimotion.cli import main
from vsainimotion.media.vspipe import read_output


def test_the_script_runs_under_vspipe_with_the_planned_output(capsys: pytest.CaptureFixture[str], rich: Path) -> None:
    options = ["--fps", "2x", "--interpolator", "mvtools", "--height", "96", "--upscaler", "spline36"]
    options += ["--clip", "f10-f30", "--encoder", "x265"]
    assert main(["script", str(rich), *options]) == 0
    script = capsys.readouterr().out
    info, _ = read_output(script)
    assert (info.frames, info.width, info.height, info.format) == (40, 128, 96, "YUV420P10")
    assert f"vsainimotion.source({str(rich)!r}, first=10, last=29, format='YUV420P10')" in script


def test_a_name_with_quotes_and_newlines_is_a_valid_script(
    capsys: pytest.CaptureFixture[str], plain: Path, tmp_path: Path
) -> None:
    film = tmp_path / 'it\'s\n"this" \\.mkv'
    film.write_bytes(plain.read_bytes())
    assert main(["script", str(film), "--interpolator", "off", "--upscaler", "off"]) == 0
    info, _ = read_output(capsys.readouterr().out)
    assert info.frames == 12
