"""`ainimotion enhance --report`."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_main import PROGRAM, environment
from tests.media.films import MakeFilm, frame_count, picture
from vsainimotion.cli import main

BLOCKS = ("--fps", "2x", "--interpolator", "mvtools", "--upscaler", "off", "--encoder-args", "-preset ultrafast")


def test_a_report_is_written_beside_the_film(capsys: pytest.CaptureFixture[str], plain: Path, tmp_path: Path) -> None:
    out, folder = tmp_path / "out.mkv", tmp_path / "report"
    assert main(["enhance", str(plain), "--out", str(out), "--report", str(folder), *BLOCKS]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == f"report: {folder / 'report.html'}"
    lines = [json.loads(line) for line in (folder / "frames.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == frame_count(out) == 24
    assert lines[23]["time"] == "23023/48000"
    assert "Complete: 24 of 24 frames" in (folder / "report.html").read_text("utf-8")


def test_a_report_that_cannot_be_written_is_refused_before_anything_is(
    capsys: pytest.CaptureFixture[str], plain: Path, tmp_path: Path
) -> None:
    (tmp_path / "frames.jsonl").write_text("an earlier one", "utf-8")
    out = tmp_path / "out.mkv"
    for folder, words in ((tmp_path, "already"), (Path("/proc/report"), "cannot be written"), (plain, "is a file")):
        assert main(["enhance", str(plain), "--out", str(out), "--report", str(folder), *BLOCKS]) == 2
        assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["frames.jsonl"]
    assert (tmp_path / "frames.jsonl").read_text("utf-8") == "an earlier one"


def test_a_job_that_fails_says_where_its_partial_report_is(
    capsys: pytest.CaptureFixture[str], plain: Path, tmp_path: Path
) -> None:
    out, folder = tmp_path / "out.mkv", tmp_path / "report"
    options = ("--interpolator", "off", "--upscaler", "off", "--encoder-args", "-preset nonsense")
    assert main(["enhance", str(plain), "--out", str(out), "--report", str(folder), *options]) == 1
    assert capsys.readouterr().err.splitlines()[-2] == f"a partial report is in {folder}"
    assert "This report is partial (the job failed: ffmpeg: " in (folder / "report.html").read_text("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_dry_run_makes_no_report(plain: Path, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    assert main(["enhance", str(plain), "--out", str(tmp_path / "o.mkv"), "--report", str(folder), "--dry-run"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_job_leaves_a_partial_report_and_no_film(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film("long.mkv", *picture(20, size="640x360"), "-c:v", "libx264", "-preset", "ultrafast")
    out, folder = tmp_path / "out.mkv", tmp_path / "report"
    options = ("--encoder", "x265", "--encoder-args", "-preset veryslow", "--interpolator", "off", "--upscaler", "off")
    arguments = ["enhance", str(film), "--out", str(out), "--report", str(folder), *options]
    lines = folder / "frames.jsonl"
    with subprocess.Popen(
        [*PROGRAM, *arguments], stderr=subprocess.PIPE, encoding="utf-8", env=environment(), start_new_session=True
    ) as job:
        while job.poll() is None and not (lines.exists() and lines.stat().st_size):
            pass
        job.send_signal(signal.SIGINT)
        _, errors = job.communicate(timeout=60)
    assert job.returncode == 130
    assert f"nothing was kept, but a partial report in {folder}" in errors
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert "This report is partial (the job was interrupted): " in (folder / "report.html").read_text("utf-8")
    assert all(json.loads(line) for line in lines.read_text("utf-8").splitlines())


FULL = """
import resource, signal, sys
from vsainimotion.cli import main
from vsainimotion.media import job, render

def limit(function, size):
    def run(*arguments):
        result = function(*arguments) if size else None
        resource.setrlimit(resource.RLIMIT_FSIZE, (size or resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return result if size else function(*arguments)
    return run

# A limit on the size of files stands for the disc: on our own process, from the start of the children to the mux.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
render._start, job.mux = limit(render._start, 2000), limit(job.mux, None)
sys.exit(main(sys.argv[1:]))
"""


def test_a_disc_that_fills_under_the_report_leaves_the_film_whole(plain: Path, tmp_path: Path) -> None:
    out, folder = tmp_path / "out.mkv", tmp_path / "report"
    arguments = ["enhance", str(plain), "--out", str(out), "--report", str(folder), *BLOCKS]
    result = subprocess.run(
        [sys.executable, "-c", FULL, *arguments], capture_output=True, encoding="utf-8", env=environment(), check=False
    )
    assert result.returncode == 1
    told = result.stderr.splitlines()
    assert any(line.startswith(f"{out}: 24 frames") for line in told)
    assert told[-1].startswith(f"ainimotion: report: '{folder}' is not whole (File too large)")
    assert frame_count(out) == 24
    assert "This report is partial (File too large)" in (folder / "report.html").read_text("utf-8")
