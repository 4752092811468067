"""What stands on the screen stays there, and what moves is not taken for it."""

from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from tests.scenes import TEXTURE, array, draw, pan
from vsainimotion.interpolate import interpolate
from vsainimotion.overlays import find_overlays

core = vs.core

NETWORKS = Path(__file__).parent / "models" / "networks"

#: Strokes of a few pixels at uneven distances, each with an outline, as small subtitles have them.
_SHAPE = "X 0.47 * sin X 0.173 * sin + Y 0.31 * sin 0.3 * +"
_THERE = "Y 200 >= Y 240 < and X 60 >= X 420 < and and"


def titled(length: int, speed: float, fmt: int = vs.GRAY8) -> vs.VideoNode:
    """Letters over a pan to the left."""
    ground = TEXTURE.format(x=f"X N {speed} * +", y="Y")
    return draw(
        length,
        f"{_THERE} {_SHAPE} 0.9 > 235 {_SHAPE} -0.3 > 16 {ground} ? ? {ground} ?",
        width=480,
        height=272,
        fmt=fmt,
    )


def test_letters_over_a_pan_are_found_and_the_pan_is_not() -> None:
    film = titled(2, 8)
    found = array(find_overlays(film[0], film[1], (240, 136)), 0).astype(float)
    assert set(np.unique(found)) == {0, 1}
    assert found[102:118, 32:208].mean() > 0.7
    assert found[:95].mean() < 0.01
    assert found[125:].mean() < 0.01


@pytest.mark.parametrize("step", [6, 20])
def test_a_line_that_moves_over_a_flat_ground_is_no_overlay(step: int) -> None:
    film = draw(2, f"X N {step} * 100 + >= X N {step} * 104 + < and 20 200 ?")
    assert not array(find_overlays(film[0], film[1], (160, 90)), 0).any()


def test_grain_and_a_codec_may_change_letters_a_little() -> None:
    film = titled(2, 8)
    later = film[1].akarin.Expr("x X Y 3 * + 7 % 3 - 5 * + 0.95 *")  # 15 of 255 either way
    found = array(find_overlays(film[0], later, (240, 136)), 0).astype(float)
    assert found[102:118, 32:208].mean() > 0.6


@pytest.mark.parametrize("fmt", [vs.GRAY8, vs.GRAY16, vs.GRAYS])
def test_each_depth_is_looked_at_alike(fmt: int) -> None:
    film = titled(2, 8)
    wanted, found = (
        array(find_overlays(clip[0], clip[1], (240, 136)), 0) for clip in (film, film.resize.Point(format=fmt))
    )
    assert (wanted == found).mean() > 0.999


@pytest.mark.parametrize("size", [(31, 17), (8, 6), (5, 3)])
def test_a_tiny_clip_is_looked_at_as_it_is(size: tuple[int, int]) -> None:
    film = pan(2, 3, width=size[0], height=size[1])
    assert array(find_overlays(film[0], film[1], (16, 16)), 0).shape == (16, 16)


def test_letters_stay_as_they_are_where_a_network_would_move_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(NETWORKS))
    film = titled(3, 8, vs.YUV420P8)
    made, wanted = array(interpolate(film, model="flow-pan"), 1), array(film, 0)
    letters = np.zeros_like(wanted, bool)
    letters[202:238, 62:418] = (wanted[202:238, 62:418] == 235) | (wanted[202:238, 62:418] == 16)
    assert letters.sum() > 4000
    assert (made[letters] == wanted[letters]).mean() > 0.99
    truth = array(titled(6, 4, vs.YUV420P8), 1).astype(int)
    assert np.abs(made[:190, 16:-16].astype(int) - truth[:190, 16:-16]).mean() <= 0.6


def test_credits_that_roll_move_as_one() -> None:
    shape = "X 0.47 * sin X 0.173 * sin + {y} 0.31 * sin + {y} 0.117 * sin + 1.2 > X 20 >= X 460 < and and 235 16 ?"
    film, truth = (draw(6, shape.format(y=f"Y {speed} N * +"), width=480, height=272) for speed in (8, 4))
    made = array(interpolate(film[:3], model="flow-fast"), 1).astype(int)
    assert np.abs(made - array(truth, 1))[24:-24, 24:-24].mean() < 2
