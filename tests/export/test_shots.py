from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from export.batches import FlowData
from export.cels import Camera, Mix, motions, random_scene, render
from export.cels.codec import CODECS, damaged
from export.cels.damage import Film
from export.cels.effects import EFFECTS
from export.cels.scene import Scene
from export.cels.shots import TREATMENTS, Other, Shot, _plain, make_shots, save_shots, shot_type
from export.cels.stills import pair, save_pairs
from vsainimotion.gate import Interval

SIZE = np.array([64.0, 64.0])


def _seen(seed: int, side: int = 48) -> Other:
    """A shot without treatment, and the camera that took it."""
    camera = Camera(random_scene(seed, width=side, height=side), (side, side))
    return Other(_plain(camera, seed), camera)


def _treated(name: str) -> Shot:
    return TREATMENTS[name][1](np.random.default_rng(5), _seen(3).shot, _seen(4))


def test_a_camera_sees_what_render_and_motions_do() -> None:
    scene = random_scene(12)
    camera = Camera(scene, (96, 96))
    assert np.array_equal(camera.picture(1, 1.0), render(scene, 2, 0.0, (96, 96)))
    for one, other in zip(
        camera.motions(1, 0.4, (0.0, 1.0)), motions(scene, 1, 0.4, (0.0, 1.0), (96, 96)), strict=True
    ):
        assert np.array_equal(one.flow, other.flow)
        assert np.array_equal(one.visible, other.visible)


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_every_effect_shows_on_a_scene_and_fits_in_its_frame(name: str) -> None:
    plain = random_scene(5, width=64, height=64)
    pieces = EFFECTS[name][1](np.random.default_rng(1), SIZE)
    with_it = Scene(width=64, height=64, pieces=[*plain.pieces, *pieces])
    change = np.abs(render(with_it, 1, 0.0, (64, 64)).astype(int) - render(plain, 1, 0.0, (64, 64)))
    assert (change.max(axis=2) > 8).mean() > 0.004


def test_what_is_seen_through_leaves_the_motion_behind_it() -> None:
    plain = random_scene(5, width=64, height=64)
    glow = EFFECTS["glow"][1](np.random.default_rng(1), SIZE)
    with_it = Scene(width=64, height=64, pieces=[*plain.pieces, *glow])
    one, other = (motions(scene, 1, 0.5, (0.0,), (64, 64))[0] for scene in (plain, with_it))
    assert np.array_equal(one.flow, other.flow)


def test_credits_roll_upwards_at_a_steady_speed() -> None:
    (roll,) = EFFECTS["credits"][1](np.random.default_rng(1), SIZE)
    heights = [roll.joint.matrix(frame)[1, 2] for frame in range(4)]
    assert heights[3] < heights[0]
    assert np.allclose(np.diff(heights), heights[1] - heights[0])


def test_effects_leave_the_rest_of_a_seeds_scene_as_it_is() -> None:
    with_them, without = random_scene(8, mix=Mix(effects=1.0)), random_scene(8)
    assert len(with_them.pieces) > len(without.pieces)
    kept = Scene(width=96, height=96, pieces=with_them.pieces[: len(without.pieces)])
    assert np.array_equal(render(kept, 1, 0.5, (48, 48)), render(without, 1, 0.5, (48, 48)))


def _levels(frames: Sequence[NDArray[np.uint8]]) -> list[float]:
    return [float(frame.mean()) for frame in frames]


def test_a_fade_changes_every_frame_by_as_much_and_calls_each_interval_one() -> None:
    still = np.full((4, 8, 8, 3), 100, np.uint8)
    triplet = replace(_seen(3).shot.between[0], frames=still[:3], timestep=0.5)
    shot = TREATMENTS["fade"][1](np.random.default_rng(5), Shot(still, [triplet] * 3, [Interval.HOLD] * 3), _seen(4))
    steps = np.diff(_levels(list(shot.frames)))
    assert np.allclose(steps, steps[0], atol=1.0)
    assert abs(steps[0]) > 2
    assert shot.classes == [Interval.FADE] * 3
    before, middle, after = _levels(list(shot.between[1].frames))
    assert middle == pytest.approx((before + after) / 2, abs=1.0)


def test_a_flash_lights_one_frame_and_marks_both_intervals_at_it() -> None:
    shot = _treated("flash")
    lit = [name is Interval.FADE for name in shot.classes]
    assert lit in ([True, True, False], [False, True, True])


def test_a_dissolve_begins_with_one_shot_and_ends_with_the_other() -> None:
    shot = _treated("dissolve")
    assert np.array_equal(shot.frames[0], _seen(3).shot.frames[0])
    assert np.array_equal(shot.frames[3], _seen(4).shot.frames[3])
    assert shot.classes == [Interval.FADE] * 3
    assert not any(triplet.visible.any() for triplet in shot.between)


def test_a_cut_repeats_the_drawing_before_it() -> None:
    shot = _treated("cut")
    (place,) = (index for index, name in enumerate(shot.classes) if name is Interval.CUT)
    triplet = shot.between[place]
    assert np.array_equal(triplet.frames[1], triplet.frames[0])
    assert np.array_equal(triplet.frames[2], shot.frames[place + 1])
    assert not triplet.flow.any()
    assert (int(triplet.visible[0].min()), int(triplet.visible[1].max())) == (255, 0)


def test_a_hold_shows_each_drawing_twice_and_moves_between() -> None:
    shot = _treated("hold")
    assert np.array_equal(shot.frames[0], shot.frames[1])
    assert np.array_equal(shot.frames[2], shot.frames[3])
    assert shot.classes == [Interval.HOLD, Interval.MOTION, Interval.HOLD]
    held = shot.between[2]
    assert not held.flow.any()
    assert held.visible.min() == 255
    assert all(np.array_equal(frame, shot.frames[2]) for frame in held.frames)


def test_shots_have_motion_and_now_and_then_another_class() -> None:
    names = [name for shot in make_shots(range(10, 14), 32) for name in shot.classes]
    assert names.count(Interval.MOTION) >= 4
    assert set(names) > {Interval.MOTION}


def test_dirt_is_there_for_one_picture_and_a_scratch_for_all() -> None:
    picture, rng = np.full((64, 64, 3), 90, np.uint8), np.random.default_rng(2)
    one, other = (Film(dirt=5.0).expose(picture, rng) for _ in range(2))
    assert (one != picture).any()
    assert not np.array_equal(one, other)
    scratched = [Film(scratches=1).expose(picture, rng) for _ in range(3)]
    columns = [int((frame != picture).any(axis=(0, 2)).nonzero()[0].mean()) for frame in scratched]
    assert max(columns) - min(columns) <= 4
    assert Film().expose(picture, rng) is picture


@pytest.mark.parametrize("name", sorted(CODECS))
def test_a_codec_loses_more_at_a_worse_rate_and_the_same_every_time(name: str) -> None:
    pictures = np.concatenate([_seen(seed, 64).shot.frames for seed in (3, 4)])
    best, worst = CODECS[name].rates
    good, bad, again = (damaged(pictures, name, rate, shot_frames=4) for rate in (best, worst, worst))
    assert np.array_equal(bad, again)
    errors = [float(np.abs(found.astype(float) - pictures).mean()) for found in (good, bad)]
    assert 0.3 < errors[0] < 0.8 * errors[1] < 30
    # Every picture is in its place: it is more like itself than like that of another shot.
    assert all(np.abs(bad[k].astype(int) - pictures[k]).mean() < 40 for k in range(len(pictures)))


def test_shards_of_shots_are_data_for_the_flow_network(tmp_path: Path) -> None:
    save_shots(tmp_path / "train-00000.npy", range(60, 63), 48)
    save_shots(tmp_path / "again.npy", range(60, 63), 48)
    records = np.load(tmp_path / "train-00000.npy")
    assert records.dtype == shot_type(48)
    assert np.array_equal(records, np.load(tmp_path / "again.npy"))
    assert len(records) == 9
    batch = FlowData(tmp_path, "train").batch(32, 4, np.random.default_rng(0))
    assert batch.flow.shape == (4, 4, 32, 32)


def test_exact_pairs_show_one_moment_at_three_sizes(tmp_path: Path) -> None:
    save_pairs(tmp_path / "train-00000.npy", range(11, 12), 48)
    (record,) = np.load(tmp_path / "train-00000.npy")
    for name, picture in pair(11, 48).items():
        assert np.array_equal(record[name], picture)
    assert [record[name].shape[0] for name in ("x1", "x2", "x4")] == [48, 96, 192]
    halved = record["x2"].reshape(48, 2, 48, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - record["x1"]).mean() < 3.0
