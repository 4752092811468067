"""Flow and frame networks, from the small copy to the frame in the clip's own format."""

from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import vapoursynth as vs

from tests.scenes import OTHER_TEXTURE, array, box, count_requests, pan, still, values
from vsainimotion import motion
from vsainimotion.backend import Choice, choose_backend, run_network
from vsainimotion.interpolate import Ladder, interpolate
from vsainimotion.models import Card, find_card
from vsainimotion.motion import estimate_motion, fill_doubt, plan_analysis_size
from vsainimotion.timeline import TIMESTEP_PROPERTY, Origin

core = vs.core

NETWORKS = Path(__file__).parent / "models" / "networks"


@pytest.fixture(autouse=True)
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(NETWORKS))


def film(length: int, speed: float, fmt: int = vs.YUV420P8) -> vs.VideoNode:
    """A pan to the left of `speed` pixels a frame, 480x272: twice the grid of the networks here."""
    gray = pan(length, speed, width=480, height=272)
    return gray if fmt == vs.GRAY8 else gray.resize.Point(format=fmt, matrix_in=1, matrix=None if fmt in RGB else 1)


RGB = {vs.RGB24, vs.RGBS}


@pytest.mark.parametrize("multi", [Fraction(2), Fraction(5, 2), Fraction(4)])
@pytest.mark.parametrize("fmt", [vs.GRAY8, vs.YUV420P8, vs.YUV422P10, vs.YUV444P16])
def test_a_flow_moves_the_picture_to_each_timestep(fmt: int, multi: Fraction) -> None:
    made = interpolate(film(6, 8, fmt), multi=multi, model="flow-pan")
    truth = film(made.num_frames, float(8 / multi), fmt)
    peak = 2 ** (made.format.bits_per_sample - 8)
    for n in range(int(5 * multi)):
        off = np.abs(array(made, n).astype(float) - array(truth, n).astype(float))[:, 16:-16]
        assert off.max() <= 3 * peak, n
        assert off.mean() <= 0.6 * peak, n


def test_a_flow_network_reads_a_small_copy_and_only_where_something_moved() -> None:
    scene = still(4, width=480, height=272) + film(4, 8, vs.GRAY8) + still(3, OTHER_TEXTURE, width=480, height=272)
    asked: list[list[int]] = []
    sizes: list[tuple[int, int]] = []

    def counted(
        clips: list[vs.VideoNode], card: Card, choice: Choice, *, flexible: Literal[True]
    ) -> list[vs.VideoNode]:
        sizes.append((clips[0].width, clips[0].height))
        watched, requests = count_requests(clips[0])
        asked.append(requests)
        return run_network([watched, *clips[1:]], card, choice, flexible=flexible)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(motion, "run_network", counted)
        made = interpolate(scene, model="flow-pan")
    asked[0].clear()  # PropToClip, which takes the planes apart, looks at frame 0 while the graph is built
    origins = values(made, "VsaiOrigin")
    moved = [n for n, origin in enumerate(origins) if origin == Origin.INTERPOLATED]
    assert sizes == [(240, 136)]
    assert sorted(set(asked[0])) == moved
    assert moved == [9, 11, 13]  # frames 0 to 4 are one drawing, 7 is before a cut, 8 to 10 are another drawing


def test_the_ways_to_both_sides_become_one() -> None:
    card, choice = find_card("flow-linear"), choose_backend("openvino")
    blank = core.std.BlankClip(width=64, height=64, format=vs.RGBS, length=1, color=[0.9, 0.6, 0.3])
    flow = estimate_motion(blank.std.SetFrameProps(**{TIMESTEP_PROPERTY: 0.5}), blank, card, choice).flow
    # The network says 1, 2, 3 and 4 times its first four planes, and half a pixel on top.
    assert array(flow.x, 0).astype(float) == pytest.approx(3 * 0.3 - 0.9, abs=0.02)
    assert array(flow.y, 0).astype(float) == pytest.approx(4 * 0.9 - 2 * 0.6, abs=0.02)


def test_a_network_that_is_wrong_about_rest_does_not_move_it() -> None:
    scene = box(3, 6, width=480, height=272)
    made = array(interpolate(scene, model="flow-pan"), 1)
    assert np.array_equal(made[-40:], array(scene, 0)[-40:])  # 4 pixels of its grid everywhere, says the network


def judged(film: vs.VideoNode) -> vs.VideoNode:
    """Says of every interval that it is motion, so that the frame is made whatever the gate would say."""
    return film.std.SetFrameProps(VsaiInterval=0, VsaiPeak=1.0, VsaiMean=1.0, VsaiCut=0.0, VsaiRun=0)


def test_a_frame_is_trusted_as_far_as_both_sides_agree() -> None:
    scene = film(2, 8, vs.GRAY8)
    other = core.akarin.Expr([scene, core.std.Invert(scene)], "N 1 = X 240 >= and y x ?")
    films = scene, other, core.akarin.Expr(scene, "N 1 = 255 x - x ?")
    made = [interpolate(judged(each), model="flow-pan") for each in films]
    explained, half, none = (values(each[1], "VsaiConfidence")[0] for each in made)
    assert explained > 0.97
    assert 0.4 < half < 0.75
    assert none < 0.4
    # Of itself the network is sure by three quarters, so a part moves as its surroundings do.
    steps = [values(each[1], "VsaiLadder")[0] for each in made]
    assert steps == [Ladder.SURROUNDINGS, Ladder.NEAREST_DRAWING, Ladder.NEAREST_DRAWING]


def test_a_frame_says_that_blocks_moved_much_of_it() -> None:
    made = interpolate(judged(film(2, -8, vs.GRAY8)), model="flow-pan")  # the network says 8 pixels the other way
    assert values(made[1], "VsaiLadder")[0] == Ladder.BLOCKS
    assert values(made[1], "VsaiConfidence")[0] > 0.95


@pytest.mark.parametrize("fmt", [vs.GRAY8, vs.YUV420P8, vs.YUV444P16, vs.RGB24, vs.RGBS])
def test_a_frame_network_returns_the_frame_in_the_clips_own_format(fmt: int) -> None:
    scene = film(4, 8, fmt)
    made = interpolate(scene, model="frame-average")
    assert made.format.id == fmt
    before, after = array(scene, 1).astype(float), array(scene, 2).astype(float)
    middle = array(made, 3).astype(float)
    step = 0.01 if fmt == vs.RGBS else 1.01 * 2 ** (made.format.bits_per_sample - 8)
    assert np.abs(middle - (before + after) / 2).max() <= step
    assert values(made, "VsaiOrigin")[3] == Origin.INTERPOLATED


def test_the_small_copy_has_the_same_number_of_pixels_for_every_source() -> None:
    card = find_card("flow-pan")
    assert plan_analysis_size(1920, 1080, card) == (240, 136)
    assert plan_analysis_size(3840, 2160, card) == (240, 136)
    assert plan_analysis_size(640, 360, card) == (240, 136)
    assert plan_analysis_size(1440, 1080, card) == (208, 160)
    assert plan_analysis_size(100, 60, card) == (96, 64)
    assert plan_analysis_size(5, 3, card) == (16, 16)


def test_a_place_that_is_not_trusted_moves_with_its_surroundings() -> None:
    blank = core.std.BlankClip(width=60, height=34, format=vs.GRAYS, length=1)
    wrong = "X 26 >= X 34 <= and Y 14 >= and Y 20 <= and"
    flow, trust = blank.akarin.Expr(f"{wrong} -40 3 ?"), blank.akarin.Expr(f"{wrong} 0 1 ?")
    assert array(fill_doubt(flow, trust), 0).astype(float) == pytest.approx(3, abs=0.05)


def test_nothing_trusted_means_no_motion() -> None:
    blank = core.std.BlankClip(width=60, height=34, format=vs.GRAYS, length=1, color=8)
    assert array(fill_doubt(blank, blank.akarin.Expr("0")), 0).astype(float) == pytest.approx(0)


@pytest.mark.parametrize("size", [(17, 11), (40, 30), (64, 48), (1, 1)])
def test_tiny_clips_are_followed_too(size: tuple[int, int]) -> None:
    made = interpolate(pan(3, 2, width=size[0], height=size[1]), model="flow-fast")
    assert (made.width, made.height) == size
    assert all(np.isfinite(array(made, n).astype(float)).all() for n in range(made.num_frames))
