"""Only what changed goes through the network, and what is shown is what a full run would have made."""

import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from tests.scenes import TEXTURE, array, box, draw, still, values
from tests.watch import watch_network
from vsainimotion.models import load_card
from vsainimotion.patches import WINDOW_FRAMES, plan_patches, plan_strips
from vsainimotion.upscale import upscale

core = vs.core

NETWORKS = Path(__file__).parent / "models" / "networks"
LUMA, RGB, DEEP, DIFFERENCE = (
    load_card(NETWORKS / f"{name}.toml") for name in ("bilinear-1", "bilinear-3", "deep", "difference")
)
WIDTH, HEIGHT = 900, 520
MOUTH = "X {left} >= X {left} 12 + < and Y 300 >= and Y 306 < and {open} and 30 x ?"


def large_still(length: int, fmt: int = vs.GRAY8) -> vs.VideoNode:
    return draw(length, TEXTURE.format(x="X", y="Y"), width=WIDTH, height=HEIGHT, fmt=fmt)


def alike(a: vs.VideoNode, b: vs.VideoNode, frame: int, tolerance: float) -> bool:
    """Whether the first planes of two frames are the same up to a tolerance in the clips' own codes."""
    one, other = (array(clip, frame).astype(np.float64) for clip in (a, b))
    return float(np.abs(one - other).max()) <= tolerance


def face(length: int, opened: str, left: int = 640, fmt: int = vs.GRAY8) -> vs.VideoNode:
    """A still picture with a mouth of 12x6 pixels that is open where an expression of N says so."""
    return core.akarin.Expr(large_still(length, fmt), [MOUTH.format(left=left, open=opened)])


@pytest.mark.parametrize(
    ("length", "margin", "multiple", "count"),
    [
        (1920, 9, 1, 8),
        (1080, 9, 1, 4),
        (1088, 32, 16, 4),
        (300, 5, 1, 1),
        (520, 200, 1, 1),
        (5, 0, 1, 1),
        (853, 0, 1, 3),
    ],
)
def test_strips_cover_the_side_once_and_see_enough(length: int, margin: int, multiple: int, count: int) -> None:
    side, strips = plan_strips(length, margin, multiple)
    assert len(strips) == count
    shown = [(strip.start + strip.before, strip.start + side - strip.after) for strip in strips]
    assert [shown[0][0], shown[-1][1]] == [0, length]
    assert all(left[1] == right[0] for left, right in pairwise(shown))
    for strip in strips:
        assert strip.start % multiple == 0
        assert 0 <= strip.start <= length - side
        assert strip.before >= margin or strip.start == 0
        assert strip.after >= margin or strip.start + side == length


def test_a_mouth_costs_the_patches_that_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_network(monkeypatch)
    shares = values(upscale(face(6, "N 3 >="), scale=2, model=LUMA), "VsaiReused")
    width, height = plan_patches((WIDTH, HEIGHT), LUMA.overlap).size
    assert watch.pixels == WIDTH * HEIGHT + width * height
    assert shares == [0, 1, 1, pytest.approx(1 - 1 / 8, abs=1e-6), 1, 1]


def test_drawings_that_come_back_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_network(monkeypatch)
    shares = values(upscale(face(WINDOW_FRAMES, "N 2 / 2 % 1 >="), scale=2, model=LUMA), "VsaiReused")
    width, height = plan_patches((WIDTH, HEIGHT), LUMA.overlap).size
    assert watch.pixels == WIDTH * HEIGHT + width * height
    assert sum(share < 1 for share in shares) == 2


def test_a_window_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_network(monkeypatch)
    clip = still(2 * WINDOW_FRAMES + 1, width=64, height=48)
    for frame in upscale(clip, scale=2, model=LUMA).frames(close=True):
        assert frame.width == 128
    assert sorted(watch.frames) == [0, WINDOW_FRAMES, 2 * WINDOW_FRAMES]


@pytest.mark.parametrize("card", [LUMA, DEEP, DIFFERENCE], ids=["luma", "deep", "difference"])
@pytest.mark.parametrize("fmt", [vs.GRAY8, vs.YUV420P10, vs.GRAYS])
def test_patches_equal_a_full_run(card: object, fmt: int) -> None:
    clip = draw(4, "X 12.5 * Y 7.25 * + 200 % 20 +", width=WIDTH, height=HEIGHT).resize.Point(format=fmt)
    peak = 1 if clip.format.sample_type == vs.FLOAT else (1 << clip.format.bits_per_sample) - 1
    mouth = f"X 300 >= X 420 < and Y 100 >= and Y 190 < and x {0.1 * peak} N * + x ?"
    clip = core.akarin.Expr(clip, [mouth, *[""] * (clip.format.num_planes - 1)])
    reused, plain = (upscale(clip, scale=2, model=card, threshold=0, reuse=reuse) for reuse in (True, False))  # type: ignore[arg-type]
    for frame in range(4):
        # The last bit of float32 differs by the order of sums; 10 bits round it away but for a tie.
        limit = 1e-3 if peak == 1 else 1
        assert alike(reused, plain, frame, limit)
    assert all(0.5 < share < 1 for share in values(reused, "VsaiReused")[1:])


def test_one_bit_is_a_new_drawing_at_a_threshold_of_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = core.akarin.Expr(large_still(3), "X 700 = Y 100 = and N 1 = and x 1 + x ?")
    shares = {
        threshold: values(upscale(clip, scale=2, model=LUMA, threshold=threshold), "VsaiReused") for threshold in (0, 1)
    }
    assert shares[1] == [0, 1, 1]
    assert shares[0] == [0, pytest.approx(1 - 1 / 8, abs=1e-6), 1]
    watch = watch_network(monkeypatch)
    exact = upscale(clip, scale=2, model=LUMA, threshold=0)
    assert array(exact, 1)[200, 1400] != array(exact, 0)[200, 1400]
    assert watch.pixels > 0


def test_any_order_gives_the_same_pictures() -> None:
    clip = box(30, 3, width=WIDTH, height=HEIGHT)
    plain = upscale(clip, scale=2, model=LUMA, reuse=False)
    order = list(range(clip.num_frames))
    random.Random(3).shuffle(order)  # noqa: S311 no secret is drawn
    for sequence in (order, [27], [29, 0, 14]):
        large = upscale(clip, scale=2, model=LUMA, threshold=0)
        for frame in sequence:
            assert alike(large, plain, frame, 1)


def test_parallel_requests_give_the_same_pictures() -> None:
    clip = box(30, 3, width=WIDTH, height=HEIGHT)
    plain = upscale(clip, scale=2, model=LUMA, reuse=False)
    large = upscale(clip, scale=2, model=LUMA, threshold=0)
    futures = [large.get_frame_async(frame) for frame in reversed(range(30))]
    for frame, future in zip(reversed(range(30)), futures, strict=True):
        with future.result() as got:
            error = np.asarray(got[0]).astype(np.int64) - array(plain, frame).astype(np.int64)
        assert np.abs(error).max() <= 1


def test_colour_alone_is_a_new_drawing_for_an_rgb_network() -> None:
    spot = "X 700 >= X 760 < and Y 100 >= and Y 160 < and N 1 = and x {} + x ?"
    clip = core.akarin.Expr(large_still(3, vs.RGB24), [spot.format(20), "x", spot.format(-30)])
    large = upscale(clip, scale=2, model=RGB)
    shares = values(large, "VsaiReused")
    assert shares[0] == 0
    assert 0.5 < shares[1] < 1
    assert shares[2] == 1
    assert int(array(large, 1)[260, 1460]) - int(array(large, 0)[260, 1460]) == 20


def test_chroma_of_a_held_luma_is_each_frames_own() -> None:
    clip = core.akarin.Expr(large_still(3, vs.YUV420P8), ["", "N 40 * 60 +"])
    large = upscale(clip, scale=2, model=LUMA)
    assert values(large, "VsaiReused") == [0, 1, 1]
    assert [int(array(large, frame, 1)[50, 50]) for frame in range(3)] == [60, 100, 140]
