"""The columns."""

import base64
from array import array

from tests.report.stories import record_of
from vsainimotion.gate import Interval


def test_a_row_comes_back_as_it_was_decided() -> None:
    record = record_of("mhc", {1: 0.5})
    row = record.row(1)
    assert (row.before, row.after, row.interval, row.is_made) == (0, 1, Interval.MOTION, True)
    assert abs(row.confidence - 0.5) <= 1 / 255
    assert abs(row.timestep - 0.5) <= 1 / 65535
    assert [row.is_between for row in record] == [False, True, False, True, False, False]


def test_steps_are_the_source_frames_with_what_follows_them() -> None:
    steps = record_of("mcf").steps()
    assert [(step.frame, step.interval.name, step.number) for step in steps] == [
        (0, "MOTION", 0), (1, "CUT", 2), (2, "FADE", 4)
    ]  # fmt: skip


def test_a_frame_takes_ten_bytes_of_a_page() -> None:
    columns = record_of("m" * 30).columns()
    names = ("flags", "confidence", "before", "reach", "timestep", "peak")
    assert sum(len(base64.b64decode(getattr(columns, name))) for name in names) == 60 * 10


def test_columns_are_little_endian() -> None:
    before = array("i")
    before.frombytes(base64.b64decode(record_of("mmm").columns().before))
    assert before.tolist() == [0, 0, 1, 1, 2, 2]
