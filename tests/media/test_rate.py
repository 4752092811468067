"""Rates from timestamps."""

from fractions import Fraction

import pytest

from vsainimotion.media.rate import STANDARD_RATES, find_rate, simplest_between

MS = Fraction(1, 1000)


def stamps(fps: Fraction, count: int, base: Fraction, start: Fraction = Fraction(0)) -> list[int]:
    """Timestamps as a muxer rounds them."""
    return [round((start + number / fps) / base) for number in range(count)]


@pytest.mark.parametrize("fps", STANDARD_RATES)
@pytest.mark.parametrize("base", [MS, Fraction(1, 90000), Fraction(1, 1_000_000)])
def test_a_standard_rate_is_found_exactly_from_rounded_timestamps(fps: Fraction, base: Fraction) -> None:
    rate = find_rate(stamps(fps, 400, base, Fraction(3, 7)), base, declared=fps)
    assert rate.constant
    assert rate.fps == fps


@pytest.mark.parametrize(
    "fps", [Fraction(24000, 1001), Fraction(24), Fraction(30000, 1001), Fraction(30), Fraction(25)]
)
def test_a_standard_rate_is_found_without_a_declaration_from_a_minute_of_milliseconds(fps: Fraction) -> None:
    assert find_rate(stamps(fps, 1440, MS), MS).fps == fps


def test_a_rate_that_is_no_standard_is_the_simplest_that_fits() -> None:
    rate = find_rate(stamps(Fraction(49, 2), 3000, MS), MS)
    assert (rate.fps, rate.constant) == (Fraction(49, 2), True)


def test_an_exact_time_base_gives_an_exact_rate() -> None:
    assert find_rate([0, 1001, 2002, 3003], Fraction(1, 24000)).fps == Fraction(24000, 1001)


def test_a_declared_rate_that_does_not_fit_is_not_believed() -> None:
    assert find_rate(stamps(Fraction(24), 1440, MS), MS, declared=Fraction(25)).fps == 24


def test_a_declared_rate_that_is_a_rounded_standard_becomes_the_standard() -> None:
    rounded = Fraction(23976, 1000)
    assert find_rate(stamps(Fraction(24000, 1001), 48, MS), MS, declared=rounded).fps == Fraction(24000, 1001)


def test_one_frame_has_the_declared_rate() -> None:
    assert find_rate([40], MS, declared=Fraction(12)).fps == 12
    assert find_rate([40], MS).fps == 25


def test_film_with_parts_of_24_and_30_varies_and_is_read_at_30() -> None:
    first = stamps(Fraction(24), 240, MS)
    second = [stamp + 10000 for stamp in stamps(Fraction(30), 300, MS)]
    rate = find_rate(first + second, MS)
    assert not rate.constant
    assert rate.fps == 30
    assert rate.slowest == Fraction(1000, 42)
    assert rate.fastest == Fraction(1000, 33)


def test_a_missing_frame_makes_the_rate_vary_but_not_the_reading_rate() -> None:
    whole = stamps(Fraction(24000, 1001), 200, MS)
    rate = find_rate(whole[:90] + whole[91:], MS)
    assert (rate.constant, rate.fps) == (False, Fraction(24000, 1001))


def test_frames_without_timestamps_are_passed_over() -> None:
    pts: list[int | None] = list(stamps(Fraction(24000, 1001), 100, Fraction(1, 90000)))
    for number in range(100):
        if number % 12 > 1:
            pts[number] = None
    rate = find_rate(pts, Fraction(1, 90000), declared=Fraction(373, 100))
    assert (rate.fps, rate.constant) == (Fraction(24000, 1001), True)
    assert find_rate([None, None], MS, declared=Fraction(24)).fps == 24


def test_a_film_without_all_timestamps_that_does_not_fit_is_read_at_its_average_rate() -> None:
    rate = find_rate([0, None, 90, None, 160, None, 250], MS)
    assert (rate.fps, rate.constant) == (Fraction(24), True)


def test_a_timestamp_that_comes_twice_makes_the_rate_vary() -> None:
    assert not find_rate([0, 42, 42, 83, 125], MS).constant


@pytest.mark.parametrize(
    ("low", "high", "simplest"),
    [
        (Fraction(1, 3), Fraction(1, 2), Fraction(1, 2)),
        (Fraction(31, 10), Fraction(32, 10), Fraction(16, 5)),
        (Fraction(314, 100), Fraction(315, 100), Fraction(22, 7)),
        (Fraction(5), Fraction(9, 2) + 1, Fraction(5)),
    ],
)
def test_the_simplest_fraction_has_the_smallest_denominator(low: Fraction, high: Fraction, simplest: Fraction) -> None:
    assert simplest_between(low, high) == simplest
