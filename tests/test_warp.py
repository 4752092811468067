"""Warping moves pixels exactly where the flow says, in every format."""

import numpy as np
import pytest
import vapoursynth as vs

from tests.scenes import array, draw, pan, still
from vsainimotion.errors import UnknownNameError
from vsainimotion.timeline import TIMESTEP_PROPERTY
from vsainimotion.warp import KERNELS, Flow, warp_blend

core = vs.core


def constant(value: float, width: int = 32, height: int = 18) -> vs.VideoNode:
    return core.std.BlankClip(format=vs.GRAYS, width=width, height=height, length=4, color=value)


def flow(x: float = 0, y: float = 0, mask: float = 0.5) -> Flow:
    return Flow(x=constant(x), y=constant(y), mask=constant(mask))


def at(clip: vs.VideoNode, timestep: float = 0.5) -> vs.VideoNode:
    return clip.std.SetFrameProps(**{TIMESTEP_PROPERTY: timestep})


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mask", [0.0, 0.37, 1.0])
@pytest.mark.parametrize("fmt", [vs.GRAY8, vs.GRAY16, vs.GRAYH, vs.GRAYS, vs.RGB24, vs.YUV420P8, vs.YUV422P10])
def test_without_motion_a_frame_stays_bit_for_bit(fmt: int, mask: float, kernel: str) -> None:
    clip = still(4).resize.Point(format=fmt, matrix=1 if fmt in {vs.YUV420P8, vs.YUV422P10} else None)
    result = warp_blend(at(clip), clip, flow(mask=mask), kernel=kernel)
    for plane in range(clip.format.num_planes):
        assert np.array_equal(array(result, 2, plane), array(clip, 2, plane))


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_flow_of_whole_pixels_moves_whole_pixels(kernel: str) -> None:
    clip = still(4)
    right = array(warp_blend(at(clip), clip, flow(x=-1, mask=1), kernel=kernel), 0)  # the grid is a tenth of the size
    assert np.array_equal(right[:, :-8], array(clip, 0)[:, 5:-3])
    down = array(warp_blend(at(clip), clip, flow(y=-0.6, mask=0), kernel=kernel), 0)
    assert np.array_equal(down[8:], array(clip, 0)[5:-3])


@pytest.mark.parametrize("t", [0.2, 0.5, 0.7])
def test_both_sides_meet_at_the_timestep(t: float) -> None:
    film = pan(4, 10)
    after = film[1:] + film[-1]
    middle = array(warp_blend(at(film, t), after, flow(x=-1)), 0).astype(int)
    truth = array(pan(2, 10 * t), 1).astype(int)
    assert np.abs(middle - truth)[:, 8:-8].max() <= 1


def test_catmull_rom_keeps_fine_lines_sharper() -> None:
    lines = draw(4, "X 1.3 * sin 100 * 128 +")
    contrast = {
        kernel: float(array(warp_blend(at(lines), lines, flow(x=-0.1, mask=1), kernel=kernel), 0).std())
        for kernel in KERNELS
    }
    assert contrast["catmull-rom"] > 1.15 * contrast["bilinear"]


def test_the_edge_pixel_is_repeated_outside_the_picture() -> None:
    clip = draw(4, "X 16 +")
    far = array(warp_blend(at(clip), clip, flow(x=-200, mask=1)), 0)
    assert (far == array(clip, 0)[:, -1:]).all()


def test_chroma_moves_with_luma() -> None:
    clip = draw(4, "X 2 *", width=64, height=64, fmt=vs.YUV420P8)
    moved = warp_blend(at(clip), clip, flow(x=-4, mask=1))  # 2 of 32 columns: 4 luma, 2 chroma pixels
    assert np.array_equal(array(moved, 0, 0)[:, :-8], array(clip, 0, 0)[:, 4:-4])
    assert np.array_equal(array(moved, 0, 1)[:, :-4], array(clip, 0, 1)[:, 2:-2])


def test_properties_are_those_of_the_frame_before() -> None:
    clip = at(still(4)).std.SetFrameProps(Mine=7)
    assert warp_blend(clip, still(4), flow()).get_frame(1).props["Mine"] == 7


def test_an_unknown_kernel_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="one of bilinear, catmull-rom"):
        warp_blend(still(4), still(4), flow(), kernel="lanczos")
