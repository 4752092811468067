"""What a running job says."""

import io
import os
import sys
import termios

import pytest

from vsainimotion.cli.progress import ProgressLine, describe
from vsainimotion.media.render import Progress

HALF = Progress(frames=50, total=100, repeated=10, elapsed_s=5.0)


def test_progress_is_one_plain_line() -> None:
    assert describe(HALF) == "50%, 50/100 frames, 10.0 fps, 0:00:05 left, 20% repeated"


def test_what_is_not_known_is_not_said() -> None:
    assert describe(Progress(frames=0, total=100, repeated=None, elapsed_s=0.0)) == "0%, 0/100 frames, 0.0 fps"


def test_hours_are_told() -> None:
    slow = Progress(frames=1, total=7201, repeated=0, elapsed_s=1.0)
    assert "2:00:00 left" in describe(slow)


def test_lines_that_stay_are_written_to_a_pipe_and_quiet_writes_none(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet, wanted in {False: "a note\n", True: ""}.items():
        with ProgressLine(quiet=quiet) as line:
            line.say("a note")
            line.show(HALF)
        assert capsys.readouterr().err == wanted


def test_a_terminal_has_one_line_that_is_kept_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    termios.tcsetwinsize(master, (24, 100))
    with os.fdopen(slave, "w", encoding="utf-8") as terminal, io.FileIO(master) as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        with ProgressLine(quiet=False) as line:
            line.report("indexing 10%")
            line.show(HALF)
            line.show(Progress(frames=100, total=100, repeated=10, elapsed_s=9.0))
            line.say("done")
        terminal.flush()
        text = ""
        while not text.endswith("done\r\n"):  # a terminal is read in the pieces in which it was written
            text += screen.read(65536).decode()
    assert "indexing 10%" in text
    assert "50/100 frames" in text
    assert "20% repeated" in text
    assert text.count("\n") == 1
