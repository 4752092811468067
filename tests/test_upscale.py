"""Upscaling: sizes, formats, properties and geometry."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs
from numpy.typing import NDArray

from tests.watch import watch_network
from vsainimotion.errors import ArgumentError, UnknownNameError
from vsainimotion.models import Card, load_card
from vsainimotion.size import SizePlan, plan_size
from vsainimotion.upscale import upscale

NETWORKS = Path(__file__).parent / "models" / "networks"
LUMA, RGB, DIFFERENCE = (load_card(NETWORKS / f"{name}.toml") for name in ("bilinear-1", "bilinear-3", "difference"))

FORMATS = [
    vs.GRAY8,
    vs.GRAY10,
    vs.GRAY16,
    vs.GRAYH,
    vs.GRAYS,
    vs.YUV420P8,
    vs.YUV420P10,
    vs.YUV420P16,
    vs.YUV422P8,
    vs.YUV444P10,
    vs.YUV444P16,
    vs.YUV444PH,
    vs.YUV444PS,
    vs.RGB24,
    vs.RGB30,
    vs.RGB48,
    vs.RGBH,
    vs.RGBS,
]


def picture(width: int, height: int, fmt: int, *, length: int = 3, **properties: int) -> vs.VideoNode:
    """A smooth clip with some colour: a blob on a slope, which two centred enlargements agree on."""
    blank = vs.core.std.BlankClip(width=width, height=height, format=vs.RGBS, length=length)
    blob = f"X {width / 2 - 2} - dup * Y {height / 2 + 1} - dup * + -0.02 * exp"
    clip = blank.akarin.Expr([f"{blob} 0.6 * 0.2 +", f"{blob} 0.3 * 0.3 +", f"X {width} / 0.3 * 0.2 +"])
    is_rgb = vs.core.get_video_format(fmt).color_family == vs.RGB
    clip = clip.resize.Bicubic(format=fmt, matrix=None if is_rgb else 1)
    return clip.std.SetFrameProps(**properties) if properties else clip


def planes(clip: vs.VideoNode, frame: int = 0) -> list[NDArray[np.float64]]:
    with clip.get_frame(frame) as got:
        return [np.array(got[index], dtype=np.float64) for index in range(got.format.num_planes)]


def unit(fmt: int) -> float:
    """One 8-bit step in a format."""
    wanted = vs.core.get_video_format(fmt)
    return 1 / 255 if wanted.sample_type == vs.FLOAT else float(1 << (wanted.bits_per_sample - 8))


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: vs.core.get_video_format(fmt).name)
@pytest.mark.parametrize("card", [LUMA, RGB], ids=["luma", "rgb"])
def test_every_format_comes_back_as_it_was_and_where_it_was(card: Card, fmt: int) -> None:
    clip = picture(48, 40, fmt)
    large = upscale(clip, scale=2, model=card)
    assert large.format.id == fmt
    assert (large.width, large.height, large.num_frames, large.fps) == (96, 80, 3, clip.fps)
    kernel = clip.resize.Bilinear(width=96, height=80)
    for index, (got, wanted) in enumerate(zip(planes(large), planes(kernel), strict=True)):
        inner = np.abs(got - wanted)[4:-4, 4:-4]  # the network has black outside the picture, the kernel a mirror
        # Chroma may go through Spline36 (luma networks) or through RGB at full resolution (RGB networks).
        limit = 1.01 if index == 0 else 3.01
        assert inner.max() <= limit * unit(fmt)


@pytest.mark.parametrize("card", [LUMA, RGB], ids=["luma", "rgb"])
@pytest.mark.parametrize("target", [(64, 56), (96, 84), (112, 98), (160, 140)])
def test_the_picture_stays_centred_at_every_ratio(card: Card, target: tuple[int, int]) -> None:
    clip = picture(32, 28, vs.GRAYS)
    large = upscale(clip, width=target[0], height=target[1], model=card)
    got = centroid(planes(large)[0])
    wanted = centroid(planes(clip.resize.Spline36(width=target[0], height=target[1]))[0])
    np.testing.assert_allclose(got, wanted, rtol=0, atol=0.01 * target[0] / 32)


def centroid(values: NDArray[np.float64]) -> tuple[float, float]:
    """Where the blob is: the centre of what is brighter than half."""
    weight = np.clip(values - 0.4, 0, None)
    rows, columns = np.indices(values.shape)
    return float((columns * weight).sum() / weight.sum()), float((rows * weight).sum() / weight.sum())


@pytest.mark.parametrize("location", range(6))
def test_chroma_is_placed_by_the_chroma_location_of_the_frame(location: int) -> None:
    clip = picture(48, 40, vs.YUV420P16, _ChromaLocation=location)
    large = upscale(clip, scale=2, model=LUMA)
    wanted = clip.resize.Spline36(width=96, height=80)
    for index in (1, 2):
        np.testing.assert_array_equal(planes(large)[index], planes(wanted)[index])
    other = clip.std.SetFrameProps(_ChromaLocation=(location + 1) % 4).resize.Spline36(width=96, height=80)
    assert np.abs(planes(other)[2] - planes(large)[2]).max() > 10


@pytest.mark.parametrize("full", [0, 1], ids=["limited", "full"])
@pytest.mark.parametrize("card", [LUMA, RGB], ids=["luma", "rgb"])
@pytest.mark.parametrize("fmt", [vs.GRAY8, vs.YUV420P8, vs.RGB24])
def test_the_range_is_kept(card: Card, fmt: int, full: int) -> None:
    clip = vs.core.std.BlankClip(width=32, height=32, format=fmt, color=[200, 90, 170][: 1 if fmt == vs.GRAY8 else 3])
    clip = clip.std.SetFrameProps(_Range=full, _Matrix=0 if fmt == vs.RGB24 else 1)
    large = upscale(clip, scale=2, model=card)
    for got, source in zip(planes(large), planes(clip), strict=True):
        assert set(np.unique(got[8:-8, 8:-8])) == {source[0, 0]}
    with large.get_frame(0) as frame:
        assert frame.props["_Range"] == full


@pytest.mark.parametrize("matrix", [1, 4, 5, 6, 7, 9])
def test_an_rgb_network_sees_each_frame_through_its_own_matrix(matrix: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watch_network(monkeypatch)
    red = vs.core.std.BlankClip(width=32, height=32, format=vs.RGBS, color=[0.8, 0.2, 0.1], length=2)
    clip = red.resize.Point(format=vs.YUV444P16, matrix=matrix)
    other = red.resize.Point(format=vs.YUV444P16, matrix=1)
    large = upscale(other[0] + clip[1], scale=2, model=RGB, reuse=False)  # both are one picture in RGB
    for frame, source in ((0, other), (1, clip)):
        for got, wanted in zip(planes(large, frame), planes(source, frame), strict=True):
            np.testing.assert_allclose(got[8:-8, 8:-8], wanted[0, 0], rtol=0, atol=1)
    assert [round(float(value), 3) for value in seen.means] == [0.8, 0.2, 0.1] * 2


def own_properties(frame: vs.VideoFrame) -> dict[str, object]:
    """What a frame carries beside what `upscale` itself says."""
    return {name: value for name, value in frame.props.items() if name != "VsaiReused"}


def test_every_frame_keeps_its_own_properties() -> None:
    clip = picture(32, 32, vs.YUV420P8, length=4, _Matrix=1, _ChromaLocation=1, _FieldBased=2, _SARNum=4, _SARDen=3)
    clip = clip.akarin.PropExpr(lambda: {"Mine": "N 5 +", "VsaiRun": "N 2 %"})
    for model in (LUMA, RGB, "lanczos"):
        large = upscale(clip, scale=2, model=model)
        for index in range(4):
            with clip.get_frame(index) as wanted, large.get_frame(index) as got:
                assert own_properties(got) == dict(wanted.props)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (31, 17)])
@pytest.mark.parametrize("fmt", [vs.GRAY8, vs.YUV444P8, vs.RGBS])
@pytest.mark.parametrize("card", [LUMA, RGB], ids=["luma", "rgb"])
def test_odd_and_tiny_sizes_are_enlarged(card: Card, fmt: int, size: tuple[int, int]) -> None:
    clip = vs.core.std.BlankClip(width=size[0], height=size[1], format=fmt, length=1)
    large = upscale(clip, scale=3, model=card)
    with large.get_frame(0) as frame:
        assert (frame.width, frame.height) == (3 * size[0], 3 * size[1])


@pytest.mark.parametrize("properties", [{"_Matrix": 0}, {"_Matrix": 1}, {"_FieldBased": 1}, {"_Transfer": 99}])
@pytest.mark.parametrize("fmt", [vs.GRAY8, vs.YUV444P8, vs.RGB24])
@pytest.mark.parametrize("model", [LUMA, RGB, "spline36"], ids=["luma", "rgb", "kernel"])
def test_properties_that_make_no_sense_do_no_harm(model: Card | str, fmt: int, properties: dict[str, int]) -> None:
    clip = picture(15, 13, fmt).std.SetFrameProps(**properties)
    large = upscale(clip, scale=2, model=model)
    with large.get_frame(0) as got, clip.get_frame(0) as wanted:
        assert own_properties(got) == dict(wanted.props)


def test_the_smallest_subsampled_clip_is_enlarged() -> None:
    clip = vs.core.std.BlankClip(width=2, height=2, format=vs.YUV420P8, length=1)
    with upscale(clip, height=6, model=LUMA).get_frame(0) as frame:
        assert (frame.width, frame.height) == (6, 6)


def test_tiles_change_no_pixel() -> None:
    clip = picture(120, 90, vs.YUV420P16)
    deep = load_card(NETWORKS / "deep.toml")
    whole, tiled = (upscale(clip, scale=2, model=deep, tilesize=size) for size in (None, 50))
    assert np.abs(planes(whole)[0] - planes(tiled)[0]).max() <= 1


def test_a_difference_is_added_to_the_kernel_of_its_card() -> None:
    clip = picture(24, 20, vs.GRAYS)
    large = planes(upscale(clip, scale=2, model=DIFFERENCE))[0]
    wanted = planes(clip.resize.Bilinear(width=48, height=40))[0] + np.kron(planes(clip)[0], np.full((2, 2), 0.1))
    np.testing.assert_allclose(large, wanted, rtol=0, atol=5e-4)  # the difference may be in bfloat16: 2**-9 of 0.1


@pytest.mark.parametrize("name", ["lanczos", "spline36"])
def test_a_kernel_is_a_model_without_a_network(name: str) -> None:
    clip = picture(48, 40, vs.YUV420P10)
    large = upscale(clip, height=56, model=name)
    wanted = getattr(clip.resize, name.capitalize())(width=68, height=56)
    for got, expected in zip(planes(large), planes(wanted), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_the_clip_itself_comes_back_when_it_has_the_size() -> None:
    clip = picture(48, 40, vs.YUV420P8)
    assert upscale(clip, height=40, model=LUMA) is clip


@pytest.mark.parametrize(
    ("size", "step", "wish", "plan"),
    [
        ((1920, 1080), (2, 2), {"height": 1440}, (2560, 1440, True)),
        ((1920, 1080), (2, 2), {"width": 2560}, (2560, 1440, True)),
        ((1920, 1080), (2, 2), {"scale": 4 / 3}, (2560, 1440, True)),
        ((1920, 1080), (2, 2), {"scale": Fraction(3, 2)}, (2880, 1620, True)),
        ((853, 480), (1, 1), {"height": 720}, (1280, 720, True)),
        ((854, 480), (2, 2), {"height": 720}, (1282, 720, True)),
        ((720, 480), (2, 2), {"width": 1920, "height": 1080}, (1920, 1080, False)),
        ((1918, 1080), (2, 2), {"width": 2558, "height": 1440}, (2558, 1440, True)),
        ((1, 1), (1, 1), {"scale": 16}, (16, 16, True)),
        ((3, 5), (1, 1), {"scale": 1.5}, (5, 8, True)),
    ],
)
def test_what_is_not_given_follows_the_ratio(
    size: tuple[int, int], step: tuple[int, int], wish: dict[str, int], plan: tuple[int, int, bool]
) -> None:
    assert plan_size(size, step, **wish) == SizePlan(width=plan[0], height=plan[1], keeps_ratio=plan[2])


@pytest.mark.parametrize(
    ("wish", "rule"),
    [
        ({}, r"give 'scale', or 'width', or 'height'"),
        ({"scale": 2, "height": 200}, r"give 'scale'.*got scale=2, width=None, height=200"),
        ({"scale": 0.5}, r"'scale' must be 1 to 16 \(got 0\.5\)"),
        ({"scale": 17}, r"'scale' must be 1 to 16"),
        ({"scale": float("nan")}, r"'scale' must be 1 to 16"),
        ({"height": 99}, r"the result must be at least as large as the clip, 200x100 \(got 198x99\)"),
        ({"height": 10000}, r"longer than 16384 pixels \(got 20000x10000\)"),
        ({"width": 400, "height": 80}, r"as the clip, 200x100 \(got 400x80\)"),
        ({"height": 101}, r"'height' must be a multiple of 2 for this format \(got 101\)"),
        ({"width": 201, "height": 200}, r"'width' must be a multiple of 2 for this format \(got 201\)"),
    ],
)
def test_a_size_that_cannot_be_is_refused(wish: dict[str, int], rule: str) -> None:
    with pytest.raises(ArgumentError, match=rule):
        plan_size((200, 100), (2, 2), **wish)


def test_another_ratio_changes_the_sample_aspect_so_that_the_picture_keeps_its_shape() -> None:
    clip = picture(72, 48, vs.YUV420P8, _SARNum=32, _SARDen=27)
    with upscale(clip, width=192, height=108, model="spline36").get_frame(0) as frame:
        assert frame.props["_SARNum"] == frame.props["_SARDen"]
    with upscale(clip, height=96, model="spline36").get_frame(0) as frame:
        assert (frame.props["_SARNum"], frame.props["_SARDen"]) == (32, 27)
    untagged = picture(72, 48, vs.YUV420P8)
    with upscale(untagged, width=192, height=108, model="spline36").get_frame(0) as frame:
        assert "_SARNum" not in frame.props


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="there is no network 'waifu'"):
        upscale(picture(8, 8, vs.GRAY8), scale=2, model="waifu")


def test_a_network_for_interpolation_is_refused() -> None:
    flow = load_card(NETWORKS / "flow-linear.toml")
    with pytest.raises(ArgumentError, match=r"'model' must be an upscaler.*\(got 'flow-linear', which is for interpo"):
        upscale(picture(8, 8, vs.GRAY8), scale=2, model=flow)


def test_a_variable_clip_is_refused() -> None:
    clip = vs.core.std.Splice([picture(8, 8, vs.GRAY8), picture(16, 8, vs.GRAY8)], mismatch=True)
    with pytest.raises(ArgumentError, match="must have one format and one size"):
        upscale(clip, scale=2, model=LUMA)


@pytest.mark.parametrize("threshold", [-0.1, 16.5, float("nan")])
def test_a_threshold_that_cannot_be_is_refused(threshold: float) -> None:
    with pytest.raises(ArgumentError, match=r"'threshold' must be 0 to 16 codes of 8 bits \(got"):
        upscale(picture(8, 8, vs.GRAY8), scale=2, model=LUMA, threshold=threshold)
