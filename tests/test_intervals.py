"""Corrections to the gate are read from text, checked, and planned for a clip."""

from pathlib import Path

import pytest

from vsainimotion.errors import ArgumentError
from vsainimotion.intervals import Interval, Override, load_overrides, parse_overrides, plan_overrides

TEXT = """\
# a title card
282 cut
300-311 fade   # slow

 305 - 306  HOLD
"""


def test_lines_name_one_interval_or_a_range() -> None:
    assert parse_overrides(TEXT) == [
        Override(first=282, last=282, interval=Interval.CUT),
        Override(first=300, last=311, interval=Interval.FADE),
        Override(first=305, last=306, interval=Interval.HOLD),
    ]


def test_comments_and_empty_lines_say_nothing() -> None:
    assert parse_overrides("\n  # nothing\n\n") == []


@pytest.mark.parametrize("line", ["cut", "12", "12 cut hold", "-3 cut", "1.5 hold", "4-x cut", "4-5-6 cut", "12:cut"])
def test_a_line_of_another_form_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(ArgumentError, match=r"gate: line 2 of 'overrides' must be 'START CLASS' or 'START-END CLASS'"):
        parse_overrides(f"1 cut\n{line}")


def test_a_class_that_there_is_not_is_refused_with_the_line() -> None:
    with pytest.raises(
        ArgumentError, match=r"line 1 of 'overrides' must name one of motion, hold, cut, fade \(got 'pan'\)"
    ):
        parse_overrides("7 pan")


def test_a_range_that_runs_backwards_is_refused() -> None:
    with pytest.raises(
        ArgumentError, match=r"line 1 of 'overrides' must end where it starts or later \(got '9-7 cut'\)"
    ):
        parse_overrides("9-7 cut")


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "corrections.txt"
    for encoding in ("utf-8", "utf-8-sig"):
        file.write_text(TEXT, encoding=encoding)
        assert load_overrides(file) == parse_overrides(TEXT)


def test_a_mapping_takes_classes_and_their_names() -> None:
    assert load_overrides({5: "cut", 3: Interval.HOLD}) == [
        Override(first=3, last=3, interval=Interval.HOLD),
        Override(first=5, last=5, interval=Interval.CUT),
    ]


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"must be a text file in UTF-8 that can be read .*nowhere\.txt"):
        load_overrides(tmp_path / "nowhere.txt")


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes(b"\x1a\x45\xdf\xa3\xff")
    with pytest.raises(ArgumentError, match="must be a text file in UTF-8"):
        load_overrides(tmp_path / "film.mkv")


def test_the_plan_covers_the_clip_and_later_lines_count() -> None:
    plan = plan_overrides(parse_overrides("2-5 fade\n3 hold\n0 motion"), 9)
    assert plan == [
        (1, Interval.MOTION),
        (1, None),
        (1, Interval.FADE),
        (1, Interval.HOLD),
        (2, Interval.FADE),
        (3, None),
    ]


def test_nothing_said_is_one_stretch() -> None:
    assert plan_overrides([], 4) == [(4, None)]


@pytest.mark.parametrize("text", ["8 cut", "3-8 hold", "100-999999999999 fade"])
def test_an_interval_beyond_the_clip_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="must name intervals from 0 to 7 of a clip of 9 frames"):
        plan_overrides(parse_overrides(text), 9)


def test_a_single_frame_has_no_interval_to_correct() -> None:
    with pytest.raises(ArgumentError, match="must name nothing, as there is no interval in a clip of 1 frames"):
        plan_overrides(parse_overrides("0 cut"), 1)
