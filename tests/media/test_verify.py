"""The proof of a result."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.films import times
from vsainimotion.errors import JobError
from vsainimotion.media.verify import Expected, verify


@pytest.fixture
def expected(rich: Path) -> Expected:
    """What the rich film holds."""
    return Expected(
        frames=72,
        fps=Fraction(24000, 1001),
        width=64,
        height=48,
        lead=Fraction(0),
        kinds={"video": 1, "audio": 2, "subtitle": 2, "attachment": 1},
        ends={index: times(rich, index)[-1] for index in range(5)},
        video=0,
        chapters=2,
    )


def test_a_result_as_planned_passes(rich: Path, expected: Expected) -> None:
    verify(rich, expected)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frames": 73}, "frames 72 instead of 73"),
        ({"fps": Fraction(24)}, r"frame \d+ at [0-9.]+ s instead of"),
        ({"height": 96}, r"size \(64, 48\) instead of \(64, 96\)"),
        ({"lead": Fraction(1, 10)}, "frame 0 at 0.000000 s instead of 0.100000 s"),
        ({"kinds": {"audio": 3}}, "audio streams 2 instead of 3"),
        ({"ends": {1: Fraction(9)}}, r"stream 1 ends at 2\.\d+ s instead of 9.000 s"),
        ({"ends": {5: Fraction(1)}}, "stream 5 ends at nothing instead of 1.000 s"),
        ({"chapters": 1}, "chapters 2 instead of 1"),
    ],
)
def test_any_difference_is_found(rich: Path, expected: Expected, change: dict[str, object], words: str) -> None:
    with pytest.raises(JobError, match=words):
        verify(rich, dataclasses.replace(expected, **change))  # type: ignore[arg-type] # a table of fields


def test_a_result_that_cannot_be_read_is_refused(tmp_path: Path, expected: Expected) -> None:
    (tmp_path / "noise.mkv").write_bytes(b"noise" * 100)
    with pytest.raises(JobError, match="cannot be read back"):
        verify(tmp_path / "noise.mkv", expected)
