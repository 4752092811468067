"""The command line as a whole: exit codes, messages, speed of the overview, signals."""

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from tests.media.films import MakeFilm, frame_count, picture
from vsainimotion.cli import COMMANDS, main

PROGRAM = (sys.executable, "-c", "import sys; from vsainimotion.cli import main; sys.exit(main())")


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Runs the command line in this process; returns exit code, output and errors."""
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def check_one_sentence(errors: str) -> None:
    assert errors.startswith("ainimotion: ")
    assert errors.count("\n") == 1
    assert "Traceback" not in errors


def test_the_overview_lists_every_command_and_imports_none() -> None:
    program = (
        "import sys; from vsainimotion.cli import main; main(['--help'])\n"
        "heavy = [n for n in ('av', 'numpy', 'tqdm', 'imageio_ffmpeg', 'vsscale') if n in sys.modules]\n"
        "sys.exit(','.join(heavy) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False)
    assert (result.returncode, result.stderr) == (0, "")
    for name in COMMANDS:
        assert f"\n  {name}" in result.stdout


@pytest.mark.parametrize(("group", "line"), [([], "  enhance "), (["models"], "  list "), (["engines"], "  build ")])
def test_where_nothing_is_asked_for_the_overview_is_shown_as_it_is_laid_out(
    capsys: pytest.CaptureFixture[str], group: Sequence[str], line: str
) -> None:
    code, _, errors = run(capsys, *group)
    assert code == 2
    assert f"\n{line}" in errors


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code, output, _ = run(capsys, "--version")
    assert (code, output) == (0, "ainimotion, version 0.1.0\n")


@pytest.mark.parametrize("arguments", [["nonsense"], ["info"], ["info", "a", "b"], ["enhance", "x.mkv"], ["--nope"]])
def test_a_mistake_of_usage_is_one_sentence_and_code_2(
    capsys: pytest.CaptureFixture[str], arguments: Sequence[str]
) -> None:
    code, _, errors = run(capsys, *arguments)
    assert code == 2
    check_one_sentence(errors)
    assert "--help" in errors


BAD_VALUES: tuple[tuple[tuple[str, ...], int, str], ...] = (
    (("--fps", "fast"), 2, "'fps' must be a rate"),
    (("--fps", "0"), 2, "'fps' must be a rate"),
    (("--fps", "24/0"), 2, "'fps' must be a rate"),
    (("--fps", "-1x"), 2, "'fps' must be a rate"),
    (("--fps", "nan"), 2, "'fps' must be a rate"),
    (("--scale", "0"), 2, "scale: must be"),
    (("--height", "tall"), 2, "'tall' is not a valid integer"),
    (("--height", "99999"), 2, "longer than 16384 pixels"),
    (("--clip", "10"), 2, "clip: must be START-END"),
    (("--clip", "5-4"), 2, "END must come after START"),
    (("--clip", "90-100"), 2, "must begin before the film ends"),
    (("--encoder", "x266"), 2, "there is no 'x266'"),
    (("--crf", "99"), 2, "'crf' must be 0 to 51"),
    (("--bit-depth", "9"), 2, "'bit_depth' must be 8 or 10"),
    (("--encoder-args", "'open"), 2, "must be quoted as in a shell"),
    (("--preset", "nonsense"), 2, "nonsense"),
    (("--encoder", "ffv1", "--crf", "3"), 2, "ffv1 is lossless"),
    (("--ffmpeg", "/no/ffmpeg"), 3, "'/no/ffmpeg' is not there"),
)


@pytest.mark.parametrize(("options", "code", "words"), BAD_VALUES, ids=[" ".join(row[0]) for row in BAD_VALUES])
def test_a_bad_value_is_refused_before_anything_is_written(
    capsys: pytest.CaptureFixture[str], plain: Path, tmp_path: Path, options: Sequence[str], code: int, words: str
) -> None:
    got, _, errors = run(capsys, "enhance", plain, "--out", tmp_path / "out.mkv", *options)
    assert got == code
    check_one_sentence(errors)
    assert words in errors
    assert list(tmp_path.iterdir()) == []


def test_damaged_input_is_code_4_and_a_missing_one_code_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "words.mkv").write_text("words", "utf-8")
    for command in ("info", "script"):
        for name, wanted in {"words.mkv": 4, "none.mkv": 2}.items():
            code, output, errors = run(capsys, command, tmp_path / name)
            assert (code, output) == (wanted, "")
            check_one_sentence(errors)


def test_what_is_wrong_with_a_path_is_said_by_us_and_not_by_click() -> None:
    for name in COMMANDS:
        command = importlib.import_module(f"vsainimotion.cli.{name}").command
        for part in command.commands.values() if isinstance(command, click.Group) else [command]:
            for parameter in part.params:
                assert not (isinstance(parameter.type, click.Path) and parameter.type.readable), (name, parameter.name)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disc_under_the_output_is_no_fault_of_ours(plain: Path, unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [*PROGRAM, "info", str(plain)], stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert (result.returncode, result.stderr) == (1, "ainimotion: No space left on device\n")


def test_without_standard_error_a_job_still_runs(plain: Path, tmp_path: Path) -> None:
    line = [*PROGRAM, "enhance", str(plain), "--out", str(tmp_path / "out.mkv"), "--interpolator", "off"]
    script = ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", *line, "--upscaler", "off"]
    assert subprocess.run(script, check=False).returncode == 0


def test_debug_shows_the_traceback_wherever_it_stands(tmp_path: Path) -> None:
    for arguments in (["--debug", "info", "none.mkv"], ["info", "none.mkv", "--debug"]):
        result = subprocess.run(
            [*PROGRAM, *arguments], capture_output=True, encoding="utf-8", cwd=tmp_path, env=environment(), check=False
        )
        assert result.returncode == 2
        assert "Traceback" in result.stderr
        assert "ArgumentError" in result.stderr


def environment() -> dict[str, str]:
    """The environment of a child that imports this checkout."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_job_and_its_children_and_leaves_nothing(
    make_film: MakeFilm, tmp_path: Path, number: signal.Signals
) -> None:
    film = make_film("long.mkv", *picture(20, size="640x360"), "-c:v", "libx264", "-preset", "ultrafast")
    out = tmp_path / "out.mkv"
    out.write_bytes(b"precious")
    arguments = ["enhance", str(film), "--out", str(out), "--overwrite", "--encoder", "x265"]
    arguments += ["--encoder-args", "-preset veryslow", "--interpolator", "off", "--upscaler", "off"]
    with subprocess.Popen(
        [*PROGRAM, *arguments], stderr=subprocess.PIPE, encoding="utf-8", env=environment(), start_new_session=True
    ) as job:
        while job.poll() is None and not list(tmp_path.glob(".vsainimotion-*.mp4")):
            pass
        assert children(tmp_path)
        job.send_signal(number)
        _, errors = job.communicate(timeout=60)
    assert job.returncode == 130
    assert "nothing was kept" in errors
    assert errors.endswith("ainimotion: interrupted\n")
    assert "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]
    assert out.read_bytes() == b"precious"
    assert children(tmp_path) == []


def test_a_job_under_nohup_outlives_its_terminal(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film("while.mkv", *picture(4, size="320x180"), "-c:v", "libx264", "-preset", "ultrafast")
    out = tmp_path / "out.mkv"
    arguments = ["enhance", str(film), "--out", str(out), "--encoder", "x265"]
    arguments += ["--interpolator", "off", "--upscaler", "off", "--quiet"]
    with subprocess.Popen(
        ["/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "nohup", *PROGRAM, *arguments],
        env=environment(), start_new_session=True,
    ) as job:  # fmt: skip
        while job.poll() is None and not list(tmp_path.glob(".vsainimotion-*.mp4")):
            pass
        job.send_signal(signal.SIGHUP)
        assert job.wait(timeout=100) == 0
    assert frame_count(out) == 96


def children(folder: Path) -> list[str]:
    """Command lines of running ffmpegs that write into a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in line and "pipe:0" in line:
            found.append(line)
    return found


def test_a_small_job_runs_from_the_command_line(
    capsys: pytest.CaptureFixture[str], plain: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.mkv"
    code, output, errors = run(
        capsys, "enhance", plain, "--out", out, "--interpolator", "off", "--upscaler", "off", "--crf", "30"
    )
    assert (code, output) == (0, "")
    assert errors.splitlines()[-1].startswith(f"{out}: 12 frames, 64x48, 24000/1001 fps, 0.500 s, 0% repeated")
    assert frame_count(out) == 12


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str], plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    options = ("--interpolator", "off", "--upscaler", "off", "-q")
    assert run(capsys, "enhance", plain, "--out", out, *options) == (0, "", "")
    assert out.is_file()


def test_a_dry_run_prints_the_plan_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], rich: Path, tmp_path: Path
) -> None:
    options = ("--fps", "2x", "--interpolator", "mvtools", "--upscaler", "off", "--dry-run")
    code, output, errors = run(capsys, "enhance", rich, "--out", tmp_path / "out.mkv", *options)
    assert (code, errors) == (0, "")
    assert "72 frames, 64x48, 24000/1001 fps, YUV420P8" in output
    assert "144 frames, 64x48, 48000/1001 fps, YUV420P8, x264" in output
    assert "copied:   2 audios, 2 subtitles, 1 attachment, 2 chapters" in output
    assert "vsainimotion.source(" in output
    assert "-c:v libx264" in output
    assert list(tmp_path.iterdir()) == []
