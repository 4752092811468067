"""Each drawing once: what the gate calls held is enlarged once, and what only seems held is not."""

import random
from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from tests.scenes import array, count_requests, pan, still, values
from tests.watch import watch_network
from vsainimotion.drawings import CODE, measure_apart
from vsainimotion.gate import gate
from vsainimotion.models import load_card
from vsainimotion.upscale import upscale

core = vs.core

NETWORKS = Path(__file__).parent / "models" / "networks"
LUMA = load_card(NETWORKS / "bilinear-1.toml")
GRAIN = "X 12.9898 * Y 78.233 * + N 37.719 * + sin 43758.5453 * dup floor - 5 * floor 2 -"
RUNS = [3, 1, 2, 2, 40, 1, 3]
FIRST = [sum(RUNS[:index]) for index in range(len(RUNS))]


def drawings(runs: list[int]) -> vs.VideoNode:
    """A clip of held drawings with the gate's property: drawing k is held runs[k] frames, each with its own grain."""
    blank = core.std.BlankClip(width=32, height=24, format=vs.GRAY8, length=1)
    held = [
        core.akarin.Expr(blank, f"X 5 * Y 3 * + {index * 23} + 160 % 40 +").std.Loop(run)
        for index, run in enumerate(runs)
    ]
    clip = core.akarin.Expr(core.std.Splice(held), f"x {GRAIN} +")
    back = [index for run in runs for index in range(run)]
    return core.std.Splice([clip[frame].std.SetFrameProps(VsaiRun=run) for frame, run in enumerate(back)])


def request_all(clip: vs.VideoNode) -> None:
    for frame in clip.frames(close=True):
        assert frame.width == clip.width


def test_each_drawing_reaches_the_network_once(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_network(monkeypatch)
    large = upscale(drawings(RUNS), scale=2, model=LUMA)
    shares = values(large, "VsaiReused")
    assert sorted(watch.frames) == FIRST
    assert [index for index, share in enumerate(shares) if share == 0] == FIRST
    assert set(shares) == {0, 1}


# compact takes multiples of 4: at 98 the network sees another clip than the one that holds are looked for in.
@pytest.mark.parametrize(("model", "side"), [("luma-fast", 96), ("compact", 96), ("compact", 98)])
def test_a_frame_that_was_compared_is_not_asked_for_again_later(model: str, side: int) -> None:
    move = pan(48, 2, width=side, height=side)
    shot = gate(move + still(40, width=side, height=side) + move)
    shot.std.SetVideoCache(mode=1, fixedsize=1, maxsize=shot.num_frames)
    film, asked = count_requests(shot)
    film.std.SetVideoCache(mode=0)
    first, late = dict[int, int](), set[int]()
    for n, frame in enumerate(upscale(film, scale=2, model=model).frames(prefetch=1, close=True)):
        assert frame.width == 2 * side
        late |= {index for index in asked if n > first.setdefault(index, n) + 2}
        asked.clear()
    assert len(first) == shot.num_frames
    assert not late


def test_a_held_frame_shows_its_first_frame_at_any_start_and_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = drawings(RUNS)
    plain = upscale(clip, scale=2, model=LUMA, reuse=False)
    firsts = [array(plain, first) for first in FIRST]
    owner = [index for index, run in enumerate(RUNS) for _ in range(run)]
    order = list(range(len(owner)))
    random.Random(5).shuffle(order)  # noqa: S311 no secret is drawn
    for sequence in (order, order[::-1], [30], [51, 0]):
        large = upscale(clip, scale=2, model=LUMA)
        for frame in sequence:
            np.testing.assert_array_equal(array(large, frame), firsts[owner[frame]])
    watch = watch_network(monkeypatch)
    array(upscale(clip, scale=2, model=LUMA), 30)
    assert watch.frames == [8]


def test_what_the_gate_calls_held_is_enlarged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_network(monkeypatch)
    moved = [
        pan(1, 0, width=96, height=64).std.CropRel(left=4 * index).std.AddBorders(left=4 * index) for index in range(3)
    ]
    clip = core.std.Splice([part.std.Loop(run) for part, run in zip(moved, (3, 2, 4), strict=True)])
    request_all(upscale(gate(clip), scale=2, model=LUMA))
    assert sorted(watch.frames) == [0, 3, 5]


def test_without_reuse_every_frame_is_enlarged_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_network(monkeypatch)
    clip = drawings(RUNS)
    request_all(upscale(clip, scale=2, model=LUMA, reuse=False))
    assert sorted(watch.frames) == [*range(clip.num_frames)]


def test_at_a_threshold_of_zero_grain_makes_every_frame_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_network(monkeypatch)
    clip = drawings([3, 2])
    exact, plain = (upscale(clip, scale=2, model=LUMA, **how) for how in ({"threshold": 0}, {"reuse": False}))
    for frame in range(clip.num_frames):
        np.testing.assert_array_equal(array(exact, frame), array(plain, frame))
    assert len(watch.frames) == 2 * clip.num_frames


@pytest.mark.parametrize(
    "counted",
    ["x.VsaiRun", "x.VsaiRun 64 min", "x.VsaiRun 64 < x.VsaiRun N 64 % ?"],
    ids=["without end", "capped", "anew at multiples of 64"],
)
def test_a_hold_beyond_the_reach_is_enlarged_once_in_a_reach(monkeypatch: pytest.MonkeyPatch, counted: str) -> None:
    watch = watch_network(monkeypatch)
    clip = drawings([10, 200, 5]).akarin.PropExpr(lambda: {"VsaiRun": counted})
    request_all(upscale(clip, scale=2, model=LUMA))
    # The first 64 frames of the hold go back to its start, 10; later ones to 64, 128 and 192.
    assert sorted(watch.frames) == [0, 10, 64, 128, 192, 210]


def test_a_clip_that_starts_within_a_hold_goes_back_to_its_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_network(monkeypatch)
    request_all(upscale(drawings(RUNS)[20:], scale=2, model=LUMA))
    assert sorted(watch.frames) == [0, 28, 29]


def test_one_frame_is_enough() -> None:
    assert array(upscale(drawings([1]), scale=2, model=LUMA), 0).shape == (48, 64)


def test_a_slow_pan_that_was_taken_for_a_hold_does_not_freeze() -> None:
    clip = pan(20, 0.25, width=96, height=64).akarin.PropExpr(lambda: {"VsaiRun": "N"})
    large, plain = (upscale(clip, scale=2, model=LUMA, reuse=reuse) for reuse in (True, False))
    for frame in range(clip.num_frames):
        error = array(large, frame).astype(np.int64) - array(plain, frame).astype(np.int64)
        assert np.abs(error).max() <= 3
    assert all(not np.array_equal(array(large, frame), array(large, frame + 1)) for frame in range(19))


@pytest.mark.parametrize("fmt", [vs.GRAY8, vs.GRAY10, vs.GRAY16, vs.GRAYS, vs.RGB24, vs.RGBS])
def test_the_distance_is_that_of_the_worst_block(fmt: int) -> None:
    peak = (
        1.0
        if core.get_video_format(fmt).sample_type == vs.FLOAT
        else 255 << core.get_video_format(fmt).bits_per_sample - 8
    )
    code = peak / 255
    blank = core.std.BlankClip(width=64, height=48, format=fmt, length=1)
    planes = blank.format.num_planes
    spot = f"X 16 >= X 24 < and Y 8 >= and Y 16 < and {10 * code} 0 ?"
    other = core.akarin.Expr(blank, ["", "", spot][3 - planes :] if planes == 3 else spot)
    block, exact = (values(measure_apart(blank, other, exact=exact), "ApartMax")[0] for exact in (False, True))
    assert 5 * CODE < block <= 10.1 * CODE  # the block's mean, softened by its neighbours
    assert exact == 65535
    assert values(measure_apart(blank, blank, exact=True), "ApartMax") == [0]
