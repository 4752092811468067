"""Rates and schedules are exact."""

from fractions import Fraction

import pytest

from vsainimotion.errors import ArgumentError
from vsainimotion.timing import parse_rate, plan_schedule, snap_to_ntsc


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("48", (Fraction(48), None)),
        ("60000/1001", (Fraction(60000, 1001), None)),
        ("59.94", (Fraction(60000, 1001), None)),
        ("23.976", (Fraction(24000, 1001), None)),
        ("119.88", (Fraction(120000, 1001), None)),
        ("12.5", (Fraction(25, 2), None)),
        ("2x", (None, Fraction(2))),
        (" 2.5x ", (None, Fraction(5, 2))),
    ],
)
def test_a_rate_is_read_as_people_write_it(text: str, expected: tuple[Fraction | None, Fraction | None]) -> None:
    assert parse_rate(text) == expected


@pytest.mark.parametrize("text", ["", "fast", "0", "-24", "24/0", "x", "nan", "1e9", "2xx", "٣"])
def test_what_is_not_a_rate_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="'fps' must be a rate such as"):
        parse_rate(text)


def test_a_whole_rate_is_never_taken_for_ntsc() -> None:
    assert snap_to_ntsc(Fraction(24)) == 24


def test_doubling_puts_one_frame_half_way() -> None:
    schedule = plan_schedule(10, Fraction(2))
    assert schedule.period == 1
    assert schedule.offsets == (0, 0)
    assert schedule.timesteps == (Fraction(0), Fraction(1, 2))
    assert schedule.num_frames == 20


def test_film_to_sixty_repeats_every_two_frames() -> None:
    schedule = plan_schedule(240, Fraction(5, 2))
    assert schedule.period == 2
    assert schedule.offsets == (0, 0, 0, 1, 1)
    assert schedule.timesteps == (Fraction(0), Fraction(2, 5), Fraction(4, 5), Fraction(1, 5), Fraction(3, 5))
    assert schedule.num_frames == 600


def test_ntsc_film_to_an_even_sixty_stays_exact_for_a_whole_day() -> None:
    source, target = Fraction(24000, 1001), Fraction(60)
    length = int(86400 * source)
    schedule = plan_schedule(length, target / source)
    assert len(schedule.offsets) == 1001
    assert schedule.period == 400
    k = schedule.num_frames - 1
    repeats, phase = divmod(k, len(schedule.offsets))
    position = repeats * schedule.period + schedule.offsets[phase] + schedule.timesteps[phase]
    assert position / source == Fraction(k) / target
    assert abs(schedule.num_frames / target - length / source) < 1 / target


def test_a_single_frame_lasts_as_long_as_it_did() -> None:
    assert plan_schedule(1, Fraction(5, 2)).num_frames == 3


def test_a_lower_rate_skips_frames() -> None:
    schedule = plan_schedule(60, Fraction(24, 60))
    assert schedule.offsets == (0, 2)
    assert schedule.timesteps == (Fraction(0), Fraction(1, 2))
    assert schedule.num_frames == 24


def test_more_frames_than_can_be_counted_are_refused() -> None:
    with pytest.raises(ArgumentError, match="more than VapourSynth can count"):
        plan_schedule(200_000, Fraction(100_000))


@pytest.mark.parametrize("factor", [Fraction(0), Fraction(-2)])
def test_a_rate_that_is_not_above_zero_is_refused(factor: Fraction) -> None:
    with pytest.raises(ArgumentError, match="must be above 0"):
        plan_schedule(10, factor)
