"""The gate decides every interval of scenes with known answers, and every cut of real film."""

import json
import random
from pathlib import Path

import pytest
import vapoursynth as vs

from tests.scenes import OTHER_TEXTURE, TEXTURE, box, draw, pan, still, values
from vsainimotion.errors import ArgumentError
from vsainimotion.gate import Interval, gate, plan_coarse_size, plan_fine_size

core = vs.core

MOTION, HOLD, CUT, FADE = Interval.MOTION, Interval.HOLD, Interval.CUT, Interval.FADE

# The README beside the clips says 21 for the first; decoded, frame 20 is the last of its shot and 21 the first of the
# next, so that in its own convention the interval is 20.
REAL_CUTS = {
    "bbb_1080p60_10s.mp4": [20],
    "bbb_720p24_30s_cuts_vp8.webm": [282, 375, 550],
    "bbb_720p24_10s_fade_pan.mp4": [],
    "popeye_t00.mkv": [73, 330, 529, 737, 1070, 1335],
    "popeye_t01.mkv": [566, 660, 993],
}


def test_the_example_is_judged_as_it_was_drawn(root: Path) -> None:
    drawn = json.loads((root / "examples" / "clip.intervals.json").read_text(encoding="utf-8"))["intervals"]
    film = core.bs.VideoSource(str(root / "examples" / "clip.mkv"), cachemode=0)
    assert [Interval(value).name.lower() for value in intervals(film)][:-1] == drawn


def intervals(clip: vs.VideoNode) -> list[int]:
    return [int(value) for value in values(gate(clip), "VsaiInterval")]


@pytest.mark.parametrize("name", REAL_CUTS)
def test_every_cut_of_real_film_is_found_and_none_is_invented(shared_clips: Path, name: str) -> None:
    film = core.bs.VideoSource(str(shared_clips / name), cachemode=0)
    found = [n for n, interval in enumerate(intervals(film)) if interval == CUT]
    assert found == REAL_CUTS[name]


@pytest.mark.parametrize("speed", [0.5, 1, 4, 9, 15])
def test_a_pan_is_motion_at_any_speed(speed: float) -> None:
    assert intervals(pan(12, speed))[:-1] == [MOTION] * 11


@pytest.mark.parametrize("speed", [0.5, 1.5])
def test_a_soft_pan_behind_a_figure_on_twos_is_motion(speed: float) -> None:
    ground = f"{TEXTURE.format(x=f'X N {speed} * +', y='Y')} 118 - 6 / 118 +"
    inside = "X N 2 / floor 12 * 40 + - left! left@ 0 >= left@ 60 < and Y 50 >= and Y 130 < and"
    assert intervals(draw(10, f"{inside} 215 {ground} ?"))[:-1] == [MOTION] * 9


def test_a_drawing_on_threes_is_held_twice_and_moves_once() -> None:
    threes = pan(8, 6).std.SelectEvery(1 + 1, [0, 0, 0, 1, 1, 1])
    assert intervals(threes)[:9] == [HOLD, HOLD, MOTION] * 3


def test_a_small_mouth_on_a_still_face_is_motion() -> None:
    mouth = f"X 150 >= X 156 < and Y 90 >= and Y 93 < and N 2 % and 30 {TEXTURE.format(x='X', y='Y')} ?"
    assert intervals(draw(8, mouth))[:-1] == [MOTION] * 7


def test_a_cut_between_moving_shots_is_a_cut() -> None:
    film = pan(8, 5) + pan(8, -3, OTHER_TEXTURE)
    assert intervals(film)[:-1] == [MOTION] * 7 + [CUT] + [MOTION] * 7


def test_a_cut_between_dark_shots_is_a_cut() -> None:
    film = core.akarin.Expr(still(6) + still(6, OTHER_TEXTURE), "x 8 /")
    assert intervals(film)[:-1] == [HOLD] * 5 + [CUT] + [HOLD] * 5


def test_a_fade_from_black_is_a_fade() -> None:
    film = core.akarin.Expr(still(16), "x N 15 / *")
    assert intervals(film)[2:14] == [FADE] * 12


def test_a_white_flash_is_no_cut() -> None:
    film = core.akarin.Expr(still(10), "N 5 = 255 x ?")
    found = intervals(film)
    assert found[:4] == [HOLD] * 4
    assert found[4:6] == [FADE] * 2
    assert found[6:9] == [HOLD] * 3


def test_a_lightning_that_brightens_the_picture_is_no_cut() -> None:
    film = core.akarin.Expr(still(10), "N 5 = x 60 + x ?")
    assert intervals(film)[4:6] == [FADE] * 2


def test_one_picture_in_another_light_is_no_cut_however_sudden() -> None:
    film = core.akarin.Expr(still(12), "x N 6 >= 0.5 1 ? *")
    assert CUT not in intervals(film)


def test_a_large_thing_that_crosses_the_picture_is_no_cut() -> None:
    assert CUT not in intervals(box(12, 30, side=90))


def test_the_last_frame_has_nothing_after_it() -> None:
    assert intervals(pan(5, 4))[-1] == HOLD
    assert intervals(still(1)) == [HOLD]


def test_the_answer_does_not_depend_on_which_frame_is_asked_first() -> None:
    film = still(9) + pan(9, 4) + still(9, OTHER_TEXTURE)
    names = ["VsaiInterval", "VsaiMean", "VsaiPeak", "VsaiCut", "VsaiRun", "_SceneChangeNext", "_SceneChangePrev"]
    straight = [[frame.props[name] for name in names] for frame in gate(film).frames(close=True)]
    order = list(range(film.num_frames))
    random.Random(7).shuffle(order)  # noqa: S311 (an order, not a secret)
    judged = gate(film)
    assert {n: [judged.get_frame(n).props[name] for name in names] for n in order} == dict(enumerate(straight))


def test_a_cut_is_marked_on_both_of_its_frames() -> None:
    film = gate(still(4) + still(4, OTHER_TEXTURE))
    assert values(film, "_SceneChangeNext") == [0, 0, 0, 1, 0, 0, 0, 0]
    assert values(film, "_SceneChangePrev") == [0, 0, 0, 0, 1, 0, 0, 0]


def test_a_cut_that_the_source_marks_is_believed() -> None:
    marked = pan(6, 2).akarin.PropExpr(dict=lambda: {"_SceneChangeNext": "N 2 ="})
    assert intervals(marked)[:-1] == [MOTION, MOTION, CUT, MOTION, MOTION]


def test_a_source_that_marks_no_cut_is_believed_too() -> None:
    film = (still(4) + still(4, OTHER_TEXTURE)).std.SetFrameProps(_SceneChangeNext=0)
    assert CUT not in intervals(film)


def test_a_run_counts_from_the_first_frame_of_a_hold() -> None:
    film = gate(still(5) + still(3, OTHER_TEXTURE))
    assert values(film, "VsaiRun") == [0, 1, 2, 3, 4, 0, 1, 2]


def test_a_long_hold_agrees_on_few_first_frames() -> None:
    runs = values(gate(still(150)), "VsaiRun")
    assert {n - int(run) for n, run in enumerate(runs)} == {0, 64, 128}


def test_a_drift_too_slow_to_see_does_not_freeze() -> None:
    film = core.akarin.Expr(still(60), "x N 4 / +")
    runs = values(gate(film), "VsaiRun")
    assert max(runs) <= 32


def test_a_hold_threshold_of_zero_accepts_only_identical_luma() -> None:
    film = still(3) + core.akarin.Expr(still(1), "x X 7 = Y 7 = and +")
    assert values(gate(film, hold=0), "VsaiInterval")[:3] == [HOLD, HOLD, MOTION]


def grain(film: vs.VideoNode, strength: float) -> vs.VideoNode:
    """Lays grain over a film, other grain in each frame, of about `strength` code values."""
    rough = "X 12.9898 * Y 78.233 * + N 37.719 * + sin 43758.5453 * dup floor -"
    other = "X 39.3468 * Y 11.135 * + N 83.155 * + sin 24634.6345 * dup floor -"
    return core.akarin.Expr(film, f"x {rough} {other} + 1 - {strength * 2.45} * +")


@pytest.mark.parametrize("strength", [1, 3, 6])
def test_a_drawing_under_grain_is_held(strength: float) -> None:
    film = gate(grain(still(12), strength))
    assert values(film, "VsaiInterval") == [HOLD] * 12
    assert values(film, "VsaiRun") == list(range(12))


def test_grain_is_motion_where_a_fixed_threshold_asks_for_it() -> None:
    assert values(gate(grain(still(6), 6), hold=0.03), "VsaiInterval")[:-1] == [MOTION] * 5


@pytest.mark.parametrize(("speed", "strength"), [(0.1, 0), (0.2, 2), (0.5, 2)])
def test_a_slow_pan_is_motion_under_grain_too(speed: float, strength: float) -> None:
    assert intervals(grain(pan(12, speed), strength))[:-1] == [MOTION] * 11


def test_a_small_mouth_under_grain_is_motion() -> None:
    mouth = f"X 150 >= X 156 < and Y 90 >= and Y 93 < and N 2 % and 30 {TEXTURE.format(x='X', y='Y')} ?"
    assert intervals(grain(draw(8, mouth), 2))[:-1] == [MOTION] * 7


def test_a_cut_between_pictures_over_one_background_is_a_cut() -> None:
    def figure(x: int) -> vs.VideoNode:
        return draw(
            6,
            f"X {x} - dup * Y 110 - dup * 0.6 * + 4200 < 210 X 7 * Y 5 * + sin 30 * + {TEXTURE.format(x='X', y='Y')} ?",
        )

    assert intervals(figure(90) + figure(230))[:-1] == [HOLD] * 5 + [CUT] + [HOLD] * 5


def test_a_dissolve_is_a_fade() -> None:
    film = core.akarin.Expr([still(20), still(20, OTHER_TEXTURE)], "N 19 / share! x 1 share@ - * y share@ * +")
    assert intervals(film)[2:-3] == [FADE] * 15


def test_a_strobe_is_no_cut() -> None:
    film = core.akarin.Expr(still(14), "N 2 / floor 2 % x 3 / x ?")
    found = intervals(film)[:-1]
    assert CUT not in found
    assert found[1::2] == [FADE] * 6


def test_what_a_person_says_counts(tmp_path: Path) -> None:
    corrections = tmp_path / "corrections.txt"
    corrections.write_text("2-3 hold\n5 cut\n", encoding="utf-8")
    film = gate(pan(9, 4), overrides=corrections)
    assert values(film, "VsaiInterval")[:-1] == [MOTION, MOTION, HOLD, HOLD, MOTION, CUT, MOTION, MOTION]
    assert values(film, "VsaiRun") == [0, 0, 0, 1, 2, 0, 0, 0, 0]
    assert values(film, "_SceneChangePrev") == [0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert values(film, "VsaiCut")[5] == 1


def test_a_hold_that_a_person_named_is_counted_however_long() -> None:
    film = gate(pan(50, 4), overrides=dict.fromkeys(range(49), HOLD))
    assert values(film, "VsaiRun") == list(range(50))


def test_what_a_person_says_counts_before_the_marks_of_the_source() -> None:
    film = (still(4) + still(4, OTHER_TEXTURE)).std.SetFrameProps(_SceneChangeNext=0)
    assert values(gate(film, overrides={3: "cut"}), "VsaiInterval")[3] == CUT


def test_a_correction_beyond_the_clip_is_refused() -> None:
    with pytest.raises(ArgumentError, match="gate: 'overrides' must name intervals from 0 to 2"):
        gate(still(4), overrides={3: "cut"})


def test_measures_are_shares_of_the_range() -> None:
    film = core.std.BlankClip(width=64, height=64, format=vs.GRAY8, length=1, color=0)
    film += core.std.BlankClip(film, color=51)
    frame = gate(film.std.SetFrameProps(_Range=vs.RANGE_FULL)).get_frame(0)
    assert frame.props["VsaiMean"] == pytest.approx(0.2, abs=1e-3)
    assert frame.props["VsaiPeak"] == pytest.approx(0.2, abs=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (17, 3), (33, 201), (1920, 2)])
@pytest.mark.parametrize(
    "fmt", [vs.GRAY8, vs.GRAYS, vs.RGB24, vs.RGBS, vs.YUV444P10, vs.YUV444P16, vs.YUV444PS, vs.RGBH]
)
def test_every_format_and_size_keeps_its_frames(fmt: int, size: tuple[int, int]) -> None:
    clip = core.std.BlankClip(width=size[0], height=size[1], format=fmt, length=3).std.SetFrameProps(Mine=5)
    judged = gate(clip)
    assert judged.format.id == clip.format.id
    assert values(judged, "VsaiInterval") == [HOLD] * 3
    assert values(judged, "Mine") == [5] * 3


def test_subsampled_film_is_judged_by_its_luma() -> None:
    film = (still(4) + still(4, OTHER_TEXTURE)).resize.Point(format=vs.YUV420P8, matrix=1)
    assert intervals(film)[3] == CUT


def test_limited_range_reads_as_the_picture_it_is() -> None:
    full = still(4) + still(4, OTHER_TEXTURE)
    limited = full.resize.Point(format=vs.GRAY16, range_in=1, range=0)
    peaks = [gate(clip).get_frame(3).props["VsaiPeak"] for clip in (full.std.SetFrameProps(_Range=1), limited)]
    assert peaks[0] == pytest.approx(peaks[1], abs=0.01)


@pytest.mark.parametrize(("name", "value"), [("hold", -0.1), ("hold", 2), ("cut", 1.5), ("cut", float("nan"))])
def test_a_threshold_out_of_range_is_refused(name: str, value: float) -> None:
    with pytest.raises(ArgumentError, match=f"gate: '{name}' must be between 0 and 1"):
        gate(still(2), **{name: value})  # type: ignore[arg-type] # the names are those of numbers


def test_a_variable_clip_is_refused() -> None:
    film = core.std.Splice([still(2), still(2, width=64)], mismatch=True)
    with pytest.raises(ArgumentError, match="one format and one size"):
        gate(film)


def test_the_small_copies_are_of_a_fitting_size() -> None:
    assert plan_fine_size(1920, 1080) == (480, 270)
    assert plan_fine_size(1280, 720) == (427, 240)
    assert plan_fine_size(100, 50) == (100, 50)
    assert plan_coarse_size(1920, 1080) == (240, 136)
    assert plan_coarse_size(5, 500) == (64, 136)
    assert plan_coarse_size(5000, 10) == (512, 136)
