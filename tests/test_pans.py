"""Pans: the displacement that most of a moving picture shares, to a part of a pixel."""

import pytest
import vapoursynth as vs

from tests.scenes import figure, pan, still
from vsainimotion.measures import fine_copy
from vsainimotion.pans import find_pans


def facts(clip: vs.VideoNode, n: int, *names: str) -> tuple[float, ...]:
    with find_pans(fine_copy(clip)).get_frame(n) as frame:
        return tuple(float(frame.props[name]) for name in names)  # type: ignore[arg-type] # numbers, by contract


@pytest.mark.parametrize("speed", [0.5, 1.25, -2.5, 6, 8])
def test_a_pan_is_found_to_a_part_of_a_pixel(speed: float) -> None:
    x, y, share = facts(pan(4, speed), 1, "PanX", "PanY", "PanShare")
    assert x == pytest.approx(-speed, abs=0.1)
    assert y == pytest.approx(0, abs=0.1)
    assert share > 0.6


def test_what_stands_still_does_not_pan() -> None:
    assert facts(still(3), 1, "PanShare", "SlideShare") == (0, 0)


def test_what_stands_still_before_a_pan_has_no_vote() -> None:
    (x,) = facts(figure(4, "160", 3, width=160), 1, "PanX")
    assert x == pytest.approx(-3, abs=0.1)


def test_a_figure_that_slides_before_a_pan_is_the_second_to_be_found() -> None:
    found = facts(figure(4, "160 N 2 * +", 4), 1, "PanX", "SlideX", "SlideY")
    assert found == pytest.approx((-4, 2, 0), abs=0.15)


def test_a_thing_that_moves_alone_is_the_whole_pan_but_a_small_one() -> None:
    x, share = facts(figure(4, "120 N 6 * +", 0), 1, "PanX", "PanShare")
    assert x == pytest.approx(6, abs=0.1)
    assert share < 0.15
