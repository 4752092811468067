"""`ainimotion explain`."""

from pathlib import Path

import pytest

from vsainimotion.cli import main


def test_the_summary_tells_shares_work_and_cadence(capsys: pytest.CaptureFixture[str], example_clip: Path) -> None:
    assert main(["explain", str(example_clip), "--clip", "f60-f96", "-q"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    lines = told.out.splitlines()
    assert lines[0].endswith("clip.mkv: 36 frames at 24000/1001 fps become 72 at 48000/1001 fps, 00:00:01.502")
    assert [line.split()[0] for line in lines[1:]] == ["intervals", "frames", "work", "work", "cadence"]
    assert lines[1].startswith("  intervals motion 10 (29%), hold 25 (71%), cut 0 (0%), fade 0 (0%)")
    assert lines[3] == "  work      flow-fast: needed for 10 of 35 frames between the film's own, 71.4% saved."
    assert lines[5].startswith("  cadence   1 shots, ")


def test_the_report_has_pictures_and_lines(
    capsys: pytest.CaptureFixture[str], example_clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "report"
    arguments = ["explain", str(example_clip), "--clip", "f56-f66", "--out", str(folder), "-q"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"  report    {folder / 'report.html'}"
    page = (folder / "report.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 4
    assert len((folder / "frames.jsonl").read_text("utf-8").splitlines()) == 20
    assert main(arguments) == 2
    assert "already. Choose another folder, or add --overwrite" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--interpolator", "nonsense"), 2, "nonsense"),
        (("--clip", "90-100"), 2, "must begin before the film ends"),
        (("--out", "/none/there/report"), 2, "explain: the folder '/none/there' does not exist"),
        (("--fps", "fast"), 2, "'fps' must be a rate"),
    ],
)
def test_a_mistake_is_one_sentence(
    capsys: pytest.CaptureFixture[str], plain: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    assert main(["explain", str(plain), *options]) == code
    errors = capsys.readouterr().err
    assert words in errors
    assert errors.count("\n") == 1
