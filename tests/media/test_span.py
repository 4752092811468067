"""Parts of films."""

from fractions import Fraction

import pytest

from vsainimotion.errors import ArgumentError
from vsainimotion.media.span import parse_moment, parse_span, plan_frame, plan_frames, span_around

FILM_RATE = Fraction(24000, 1001)


@pytest.mark.parametrize(
    ("text", "start", "stop", "unit"),
    [
        ("00:10:00-00:10:20", 600, 620, "seconds"),
        ("1:02:03.5-1:02:04", Fraction("3723.5"), 3724, "seconds"),
        ("600-620.25", 600, Fraction("620.25"), "seconds"),
        ("2:05-2:06", 125, 126, "seconds"),
        ("f100-f200", 100, 200, "frames"),
        (" 1 - 2 ", 1, 2, "seconds"),
    ],
)
def test_times_and_frames_are_read_exactly(text: str, start: Fraction, stop: Fraction, unit: str) -> None:
    span = parse_span(text)
    assert (span.start, span.stop, span.unit) == (start, stop, unit)


@pytest.mark.parametrize(
    "text", ["", "10", "10-", "-10", "a-b", "f1-2", "1-f2", "1:2:3:4-5", "1..2-3", "1e3-2e3", "-1-2"]
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="must be START-END as times"):
        parse_span(text)


@pytest.mark.parametrize("text", ["10-10", "20-10", "f5-f5"])
def test_a_part_without_length_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="END must come after START"):
        parse_span(text)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("0-1", 0, 23),  # frame 24 begins at 1.001 s
        ("1.001-2.002", 24, 47),
        ("1.0011-2.002", 25, 47),
        ("f0-f1", 0, 0),
        ("f10-f20", 10, 19),
        ("2-100", 48, 71),
        ("f71-f9999", 71, 71),
    ],
)
def test_a_part_has_the_frames_that_begin_in_it(text: str, first: int, last: int) -> None:
    assert plan_frames(parse_span(text), FILM_RATE, 72) == (first, last)


def test_a_part_after_the_end_is_refused_with_the_end() -> None:
    with pytest.raises(ArgumentError, match=r"before the film ends, at 3\.003 s or frame 72 \(got 4 seconds\)"):
        plan_frames(parse_span("4-5"), FILM_RATE, 72)


def test_a_part_between_two_frames_is_refused() -> None:
    with pytest.raises(ArgumentError, match="no frame begins between"):
        plan_frames(parse_span("0.01-0.02"), FILM_RATE, 72)


@pytest.mark.parametrize(
    ("text", "frame"), [("0", 0), ("00:00:01", 23), ("1.001", 24), ("f24", 24), (" 00:00:04.99 ", 119), ("f119", 119)]
)
def test_a_moment_is_the_frame_that_is_shown_then(text: str, frame: int) -> None:
    assert plan_frame(parse_moment(text), FILM_RATE, 120) == frame


@pytest.mark.parametrize("text", ["", "x", "-1", "1-2", "f", "f1.5", "1:2:3:4", "nan"])
def test_a_moment_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="at: must be a time"):
        parse_moment(text)


@pytest.mark.parametrize("text", ["f120", "5.005", "1:00:00"])
def test_a_moment_after_the_film_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"at: must be before the film ends, at 5\.005 s or frame 120"):
        plan_frame(parse_moment(text), FILM_RATE, 120)


@pytest.mark.parametrize(
    ("frame", "seconds", "first", "last"),
    [(60, 2, 36, 83), (0, 2, 0, 47), (119, 2, 72, 119), (60, 60, 0, 119), (60, Fraction(1, 1000), 60, 60)],
)
def test_a_part_around_a_frame_is_moved_inwards_at_the_ends(
    frame: int, seconds: Fraction, first: int, last: int
) -> None:
    span = span_around(frame, FILM_RATE, Fraction(seconds), 120)
    assert plan_frames(span, FILM_RATE, 120) == (first, last)
