"""Interpolation asks for work only where something moved, and gets the middle right."""

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import vapoursynth as vs
from numpy.typing import NDArray

from tests.scenes import OTHER_TEXTURE, array, box, count_requests, draw, pan, still, values
from vsainimotion.errors import ArgumentError, UnknownNameError
from vsainimotion.gate import Interval, gate
from vsainimotion.interpolate import interpolate
from vsainimotion.timeline import Origin

core = vs.core

SOURCE, INTERPOLATED, REPEATED = Origin.SOURCE, Origin.INTERPOLATED, Origin.REPEATED
NTSC = Fraction(24000, 1001)


def origins(clip: vs.VideoNode) -> list[int]:
    return [int(value) for value in values(clip, "VsaiOrigin")]


def psnr(a: NDArray[np.generic], b: NDArray[np.generic]) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2)))


def test_source_frames_stay_bit_for_bit() -> None:
    film = pan(6, 4, width=192, height=128)
    doubled = interpolate(film, model="mvtools")
    assert doubled.num_frames == 12
    assert doubled.fps == NTSC * 2
    assert all(np.array_equal(array(doubled, 2 * n), array(film, n)) for n in range(6))


def test_the_middle_of_a_pan_lies_in_the_middle() -> None:
    film, truth = pan(4, 6, width=192, height=128), pan(8, 3, width=192, height=128)
    middle = array(interpolate(film, model="mvtools"), 3)
    assert psnr(middle, array(truth, 3)) > 34


@pytest.mark.parametrize(
    ("asked", "rate", "count"),
    [
        ({}, NTSC * 2, 20),
        ({"multi": 2.5}, NTSC * Fraction(5, 2), 25),
        ({"multi": Fraction(5)}, NTSC * 5, 50),
        ({"fps": 48}, Fraction(48), 21),
        ({"fps": Fraction(60000, 1001)}, Fraction(60000, 1001), 25),
        ({"fps": 59.94}, Fraction(60000, 1001), 25),
        ({"fps": 60}, Fraction(60), 26),
        ({"fps": 12}, Fraction(12), 6),
    ],
)
def test_any_rate_is_exact(asked: dict[str, Any], rate: Fraction, count: int) -> None:
    result = interpolate(pan(10, 4, width=128, height=96), model="mvtools", **asked)
    assert result.fps == rate
    assert result.num_frames == count
    seconds = Fraction(int(values(result, "_DurationNum")[-1]), int(values(result, "_DurationDen")[-1]))
    assert seconds == 1 / rate


def test_a_clip_without_a_constant_rate_is_multiplied_frame_by_frame() -> None:
    film = pan(2, 4) + pan(2, 4).std.AssumeFPS(fpsnum=30, fpsden=1)
    variable = film[:3].akarin.PropExpr(dict=lambda: {"_DurationNum": [1001, 2002, 1001], "_DurationDen": 24000})
    assert variable.fps == 0
    result = interpolate(variable, multi=2, model="mvtools")
    assert values(result, "_DurationNum") == [1001, 1001, 2002, 2002, 1001, 1001]
    assert values(result, "_DurationDen") == [48000] * 6
    with pytest.raises(ArgumentError, match="needs a clip of constant rate"):
        interpolate(variable, fps=60, model="mvtools")


def test_a_hold_is_repeated_and_a_cut_repeats_the_drawing_before_it() -> None:
    film = still(3) + still(3, OTHER_TEXTURE)
    doubled = interpolate(film, model="mvtools")
    assert origins(doubled) == [SOURCE, REPEATED] * 6
    assert np.array_equal(array(doubled, 5), array(film, 2))
    assert np.array_equal(array(doubled, 6), array(film, 3))


def test_a_fade_is_blended() -> None:
    film = core.akarin.Expr(still(12), "x N 15 / *")
    doubled = interpolate(film, model="mvtools")
    assert origins(doubled)[12:16] == [SOURCE, INTERPOLATED] * 2
    blend = (array(film, 6).astype(float) + array(film, 7)) / 2
    assert np.abs(array(doubled, 13) - blend).max() <= 0.5


def test_a_flash_is_repeated() -> None:
    film = core.akarin.Expr(still(8), "N 4 = 255 x ?")
    doubled = interpolate(film, model="mvtools")
    assert np.array_equal(array(doubled, 7), array(film, 3))
    assert np.array_equal(array(doubled, 9), array(film, 4))


def test_the_gate_is_not_run_twice() -> None:
    film, asked = count_requests(pan(6, 4, width=128, height=96))
    judged = gate(pan(6, 4, width=128, height=96))
    carried = film.std.CopyFrameProps(judged, props=["VsaiInterval", "VsaiPeak", "VsaiCut", "VsaiRun", "VsaiMean"])
    doctored = carried.std.SetFrameProps(VsaiInterval=Interval.HOLD)
    assert origins(interpolate(doctored, model="mvtools")) == [SOURCE, REPEATED] * 6
    assert sorted(set(asked)) == list(range(6))


def test_the_result_describes_its_own_intervals() -> None:
    film = still(3) + still(2, OTHER_TEXTURE)
    doubled = interpolate(film, model="mvtools")
    hold, cut = Interval.HOLD, Interval.CUT
    assert values(doubled, "VsaiInterval") == [hold] * 5 + [cut] + [hold] * 4
    assert values(doubled, "VsaiRun") == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]
    assert values(doubled, "_SceneChangeNext") == [0] * 5 + [1] + [0] * 4
    assert values(doubled, "_SceneChangePrev") == [0] * 6 + [1] + [0] * 3


def test_generated_frames_are_drawings_of_their_own() -> None:
    doubled = interpolate(pan(4, 4, width=128, height=96), model="mvtools")
    assert values(doubled, "VsaiRun") == [0] * 7 + [1]


def test_any_order_of_requests_gives_the_same_frames() -> None:
    film = still(3, width=128, height=96) + pan(5, 4, width=128, height=96)
    straight = [array(interpolate(film, fps=60, model="mvtools"), n) for n in range(21)]
    again = interpolate(film, fps=60, model="mvtools")
    order = list(range(21))
    random.Random(3).shuffle(order)  # noqa: S311 (an order, not a secret)
    assert all(np.array_equal(array(again, n), straight[n]) for n in order)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (31, 17), (97, 99)])
@pytest.mark.parametrize(
    "fmt", [vs.GRAY8, vs.GRAYH, vs.RGB24, vs.RGB30, vs.RGBS, vs.YUV444P8, vs.YUV444P16, vs.YUV444PS]
)
def test_every_format_and_size_is_kept(fmt: int, size: tuple[int, int]) -> None:
    bright = "X N 9 * + Y + 64 %" if core.get_video_format(fmt).sample_type == vs.INTEGER else "X N + 64 % 64 /"
    film = draw(3, bright, width=size[0], height=size[1], fmt=fmt).std.SetFrameProps(Mine=3)
    result = interpolate(film, model="mvtools")
    assert result.format.id == fmt
    assert (result.width, result.height) == size
    assert values(result, "Mine") == [3] * 6
    assert np.array_equal(array(result, 2), array(film, 1))


def test_a_single_frame_is_repeated() -> None:
    assert origins(interpolate(still(1), fps=60, model="mvtools")) == [SOURCE, REPEATED, REPEATED]


def test_a_box_keeps_its_shape_on_a_still_ground() -> None:
    film, truth = box(4, 8), box(8, 4)
    assert psnr(array(interpolate(film, model="mvtools"), 3), array(truth, 3)) > 30


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"multi": 0}, "'multi' must be a rate above 0"),
        ({"fps": -24}, "'fps' must be a rate above 0"),
        ({"fps": float("nan")}, "'fps' must be a rate above 0"),
        ({"fps": float("inf")}, "'fps' must be a rate above 0"),
        ({"multi": 2, "fps": 48}, "give either 'multi' or 'fps', not both"),
    ],
)
def test_a_rate_without_meaning_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        interpolate(still(2), model="mvtools", **asked)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="no-such-model"):
        interpolate(still(2), model="no-such-model")
