"""Fusion mixes opinions of the middle frame as a network says, and opinions that agree stay as they are."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from tests.scenes import array, draw, pan, still, values
from vsainimotion.blocks import find_block_flow
from vsainimotion.errors import UnknownNameError
from vsainimotion.fusion import correct_by_blocks
from vsainimotion.interpolate import interpolate
from vsainimotion.models import find_card
from vsainimotion.timeline import TIMESTEP_PROPERTY
from vsainimotion.warp import KERNELS, Flow, warp_fused

core = vs.core

NETWORKS = Path(__file__).parent / "models" / "networks"


@pytest.fixture(autouse=True)
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(NETWORKS))


def film(length: int, speed: float, fmt: int = vs.YUV420P8) -> vs.VideoNode:
    return pan(length, speed, width=480, height=272).resize.Point(format=fmt, matrix_in=1, matrix=1)


def small(clip: vs.VideoNode, t: float) -> tuple[vs.VideoNode, vs.VideoNode]:
    return clip[0].std.SetFrameProps(**{TIMESTEP_PROPERTY: t}), clip[1]


@pytest.mark.parametrize("t", [0.25, 0.5, 0.8])
def test_blocks_find_a_pan(t: float) -> None:
    flow = find_block_flow(*small(pan(2, 7), t))
    assert np.median(array(flow.x, 0).astype(float)) == -7
    assert np.median(array(flow.y, 0).astype(float)) == 0


@pytest.mark.parametrize("t", [0.25, 0.75])
def test_blocks_are_followed_to_where_the_thing_is_in_the_middle(t: float) -> None:
    there = "X N 24 * - 40 >= X N 24 * - 104 < and Y 60 >= and Y 124 < and"
    thing = f"{there} X N 24 * - 0.9 * sin Y 0.7 * sin * 60 * 190 + 60 ?"
    flow = array(find_block_flow(*small(draw(2, thing), t)).x, 0).astype(float)
    left = 40 + 24 * t  # of the thing in the middle frame
    assert np.median(flow[68:116, round(left) + 8 : round(left) + 56]) == 24
    assert not flow[:40].any()


def guess(x: float, size: tuple[int, int] = (240, 136)) -> Flow:
    def plane(value: float) -> vs.VideoNode:
        return core.std.BlankClip(format=vs.GRAYS, width=size[0], height=size[1], length=1, color=value)

    return Flow(x=plane(x), y=plane(0), mask=plane(0.25))


def coloured(clip: vs.VideoNode) -> vs.VideoNode:
    return clip.resize.Point(format=vs.RGBS)


@pytest.mark.parametrize("wrong", [0.0, 20.0])
def test_a_wrong_flow_is_corrected_by_blocks_and_keeps_its_mask(wrong: float) -> None:
    sides = tuple(coloured(side) for side in small(pan(2, 7, width=240, height=136), 0.5))
    flow = correct_by_blocks(guess(wrong), (sides[0], sides[1])).flow
    inner = array(flow.x, 0).astype(float)[16:-16, 32:-32]
    assert (np.abs(inner + 7) < 0.01).mean() > 0.85
    assert np.all(array(flow.mask, 0) == 0.25)


def test_a_flow_that_is_right_to_parts_of_a_pixel_is_not_made_whole() -> None:
    sides = tuple(coloured(side) for side in small(pan(2, 7.4, width=240, height=136), 0.5))
    flow = correct_by_blocks(guess(-7.4), (sides[0], sides[1])).flow
    assert np.all(array(flow.x, 0)[16:-16, 32:-32] == np.float32(-7.4))


def test_a_flow_that_is_right_under_a_fade_stays() -> None:
    before, after = small(pan(2, 7.4, width=240, height=136), 0.5)
    flow = correct_by_blocks(guess(-7.4), (coloured(before), coloured(after.akarin.Expr("x 0.8 *")))).flow
    inner = array(flow.x, 0).astype(float)[16:-16, 32:-32]
    assert (np.abs(inner + 7.4) < 0.1).mean() > 0.95


def test_of_copies_too_small_for_blocks_the_flow_comes_back() -> None:
    sides = tuple(coloured(side) for side in small(pan(2, 7, width=95, height=97), 0.5))
    flow = guess(3, (95, 97))
    assert correct_by_blocks(flow, (sides[0], sides[1])).flow is flow


@pytest.mark.parametrize("model", ["fusion-network", "fusion-blocks"])
@pytest.mark.parametrize("fmt", [vs.YUV420P8, vs.YUV444P16])
def test_each_opinion_of_a_pan_moves_it(fmt: int, model: str) -> None:
    made = interpolate(film(4, 8, fmt), multi=Fraction(5, 2), model=model)
    truth = film(made.num_frames, 8 / 2.5, fmt)
    peak = 2 ** (made.format.bits_per_sample - 8)
    for n in range(7):
        off = np.abs(array(made, n).astype(float) - array(truth, n).astype(float))[:, 24:-24]
        assert off.mean() <= 0.6 * peak, n


def test_the_frame_after_alone_is_the_frame_after_bit_for_bit() -> None:
    scene = film(3, 8)
    made = interpolate(scene, model="fusion-after")
    for plane in range(3):
        assert np.array_equal(array(made, 1, plane), array(scene, 1, plane))
    assert values(made, "VsaiConfidence") == pytest.approx([1] * 6, abs=0.01)  # one flow of two explains the pan


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("fmt", [vs.GRAY8, vs.GRAY16, vs.GRAYS, vs.RGB24, vs.YUV420P8, vs.YUV422P10])
def test_opinions_that_agree_stay_bit_for_bit(fmt: int, kernel: str) -> None:
    clip = still(1).resize.Point(format=fmt, matrix=1 if fmt in {vs.YUV420P8, vs.YUV422P10} else None)

    def constant(value: float) -> vs.VideoNode:
        return core.std.BlankClip(format=vs.GRAYS, width=32, height=18, length=1, color=value)

    rest = Flow(x=constant(0), y=constant(0), mask=constant(0.5))
    timed = clip.std.SetFrameProps(**{TIMESTEP_PROPERTY: 0.3})
    made = warp_fused(timed, clip, [rest, rest], [constant(w) for w in (0.1, 0.23, 0.17, 0.3, 0.07)], kernel=kernel)
    for plane in range(clip.format.num_planes):
        assert np.array_equal(array(made, 0, plane), array(clip, 0, plane))


@pytest.mark.parametrize("size", [(64, 48), (95, 97), (17, 11)])
def test_a_clip_too_small_for_blocks_has_the_networks_opinion_alone(size: tuple[int, int]) -> None:
    scene = pan(3, 2, width=size[0], height=size[1])
    made = interpolate(scene, model="fusion-network")
    assert (made.width, made.height, made.num_frames) == (*size, 6)
    assert np.isfinite(array(made, 1).astype(float)).all()


def test_a_fusion_network_names_the_network_whose_motion_it_weighs() -> None:
    assert find_card("fusion-blocks").motion == "flow-pan"


def test_the_network_that_is_weighed_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("fusion-blocks.onnx", "fusion-blocks.toml"):
        (tmp_path / part).write_bytes((NETWORKS / part).read_bytes())
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(tmp_path))
    with pytest.raises(UnknownNameError, match="'flow-pan'"):
        interpolate(film(3, 8), model="fusion-blocks")


def test_our_own_network_moves_a_pan_and_leaves_a_sign_upon_it_where_it_is() -> None:
    sign = "X 200 >= X 280 < and Y 100 >= Y 150 < and and"
    drawing = f"{sign} X 5 / floor Y 5 / floor + 2 % 200 * 30 + {{}} ?"
    texture = "X {speed} N * + 0.11 * sin Y 0.07 * cos * 50 * X {speed} N * + 0.031 * Y 0.043 * + sin 40 * + 118 +"
    scene = draw(3, drawing.format(texture.format(speed=6)), width=480, height=272)
    truth = draw(6, drawing.format(texture.format(speed=3)), width=480, height=272)
    off = np.abs(array(interpolate(scene, model="flow"), 1).astype(int) - array(truth, 1).astype(int))
    assert off[106:144, 206:274].max() <= 2
    around = np.ones_like(off, bool)
    around[90:160, 190:290] = False
    assert off[around].mean() <= 0.5
