"""Refinement turns a flow that is nearly right into one that is right, and leaves rest alone."""

import numpy as np
import pytest
import vapoursynth as vs

from tests.scenes import array, draw, pan, still
from vsainimotion.overlays import find_overlays
from vsainimotion.refine import Refined, plan_finest, plan_levels
from vsainimotion.refine import refine_flow as refine_with_overlays
from vsainimotion.timeline import TIMESTEP_PROPERTY
from vsainimotion.warp import Flow, warp_blend

core = vs.core


def flow(x: float, mask: float = 0.5, size: tuple[int, int] = (80, 45)) -> Flow:
    def plane(value: float) -> vs.VideoNode:
        return core.std.BlankClip(format=vs.GRAYS, width=size[0], height=size[1], length=1, color=value)

    return Flow(x=plane(x), y=plane(0), mask=plane(mask))


def refine_flow(start: Flow, before: vs.VideoNode, after: vs.VideoNode, *, one_sided: bool = True) -> Refined:
    overlays = find_overlays(before, after, plan_finest(start, before))
    return refine_with_overlays(start, before, after, overlays, one_sided=one_sided)


def neighbours(speed: float, t: float = 0.5) -> tuple[vs.VideoNode, vs.VideoNode]:
    film = pan(2, speed)
    return film[0].std.SetFrameProps(**{TIMESTEP_PROPERTY: t}), film[1]


@pytest.mark.parametrize("t", [0.2, 0.5, 0.75])
def test_a_flow_that_is_nearly_right_becomes_right(t: float) -> None:
    before, after = neighbours(6, t)
    fine = refine_flow(flow(-1.1), before, after).flow  # of a grid of quarter pixels: 4.4 pixels a frame, where it is 6
    assert (fine.mask.width, fine.mask.height) == (160, 90)
    assert np.median(array(fine.x, 0).astype(float)) == pytest.approx(-3, abs=0.05)
    truth = pan(2, 6 * t)
    off = np.abs(array(warp_blend(before, after, fine), 0).astype(int) - array(truth, 1))
    assert np.median(off) <= 1


@pytest.mark.parametrize("x", [0.0, 0.1])
def test_what_stands_still_has_exactly_no_motion(x: float) -> None:
    before = still(1).std.SetFrameProps(**{TIMESTEP_PROPERTY: 0.5})
    fine = refine_flow(flow(x), before, still(1)).flow
    assert not array(fine.x, 0).any()
    assert not array(fine.y, 0).any()


@pytest.mark.parametrize("speed", [0.0, 6.0])
def test_what_noise_alone_tells_apart_stands_still_and_what_moves_under_it_does_not(speed: float) -> None:
    noise = np.random.default_rng(0).normal(0, 6, (2, 180, 320))
    grain = [core.std.BlankClip(format=vs.GRAYS, width=320, height=180, length=1) for _ in range(2)]

    def grained(clip: vs.VideoNode, number: int) -> vs.VideoNode:
        def draw_grain(n: int, f: vs.VideoFrame) -> vs.VideoFrame:  # noqa: ARG001 - VapourSynth names them
            made = f.copy()
            np.copyto(np.asarray(made[0]), noise[number].astype(np.float32))
            return made

        return core.akarin.Expr([clip, grain[number].std.ModifyFrame(grain[number], draw_grain)], "x y +")

    before, after = (grained(side, number) for number, side in enumerate(neighbours(speed)))
    fine = array(refine_flow(flow(0.1 - speed / 4), before, after).flow.x, 0).astype(float)
    assert (fine == 0).mean() > 0.99 if speed == 0 else np.median(fine) == pytest.approx(-3, abs=0.2)


def test_a_fade_is_no_motion_and_hides_none() -> None:
    before, after = neighbours(6)
    darker = after.akarin.Expr("x 0.8 *")
    fine = refine_flow(flow(-1.1), before, darker).flow
    assert np.median(array(fine.x, 0).astype(float)) == pytest.approx(-3, abs=0.1)


def exchanged(t: float, where: str) -> tuple[vs.VideoNode, vs.VideoNode]:
    """Two drawings of bright and dark stripes, changed over in one place."""
    before = draw(1, "X 8 / floor 2 % 200 * 20 +")
    after = core.akarin.Expr([before, core.std.Invert(before)], f"{where} y x ?")
    return before.std.SetFrameProps(**{TIMESTEP_PROPERTY: t}), after


@pytest.mark.parametrize(("mask", "t", "side"), [(0.5, 0.5, 1), (0.5, 0.6, 0), (0.9, 0.6, 1), (0.1, 0.2, 0)])
def test_where_both_sides_disagree_one_of_them_is_shown(mask: float, t: float, side: int) -> None:
    refined = refine_flow(flow(0, mask), *exchanged(t, "X 152 >= X 168 < Y 82 >= Y 98 < and and and"))
    weights = array(refined.flow.mask, 0).astype(float)
    assert weights[45, 80] == side
    assert weights[10, 10] == pytest.approx(mask, abs=1e-6)
    assert refined.nearest is not None
    assert array(refined.nearest, 0).astype(float).max() < 0.2
    assert array(refined.left, 0).astype(float)[45, 80] > 0.2
    assert not array(refined.left, 0)[:20].any()


@pytest.mark.parametrize(("mask", "t", "side"), [(0.9, 0.6, 0), (0.1, 0.2, 1), (0.1, 0.5, 1)])
def test_where_much_is_in_doubt_the_nearer_drawing_is_shown_whatever_the_mask_says(
    mask: float, t: float, side: int
) -> None:
    refined = refine_flow(flow(0, mask), *exchanged(t, "X 0 >="))
    assert np.median(array(refined.flow.mask, 0).astype(float)) == pytest.approx(side, abs=1e-6)
    assert refined.nearest is not None
    assert np.median(array(refined.nearest, 0).astype(float)) == 1


def test_a_mask_of_a_network_is_left_alone() -> None:
    refined = refine_flow(flow(0, 0.3), *exchanged(0.5, "X 0 >="), one_sided=False)
    assert array(refined.flow.mask, 0) == pytest.approx(0.3)
    assert refined.nearest is None
    assert array(refined.left, 0).astype(float).min() > 0.2


def test_a_tiny_clip_is_judged_too() -> None:
    before, after = (side.std.CropAbs(48, 40) for side in exchanged(0.5, "X 0 >="))
    refined = refine_flow(flow(0, 0.3, (12, 10)), before, after)
    assert np.median(array(refined.flow.mask, 0).astype(float)) == 1


def test_where_both_sides_agree_the_mask_stays() -> None:
    before, after = neighbours(0)
    assert array(refine_flow(flow(0, 0.3), before, after).flow.mask, 0) == pytest.approx(0.3)


def test_levels_go_from_coarse_to_fine_and_leave_out_what_is_too_small() -> None:
    assert plan_levels(1920, 1080) == [(120, 68), (240, 135), (480, 270), (960, 540)]
    assert plan_levels(3840, 2160) == [(120, 68), (240, 135), (480, 270), (960, 540)]
    assert plan_levels(640, 360) == [(80, 45), (160, 90), (320, 180)]
    assert plan_levels(96, 64) == [(48, 32)]
    assert plan_levels(62, 64) == []
