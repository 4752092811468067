from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from export.cels import Camera, Mix, Scene, Sketch, labelled, labelled_part, motions, random_scene, render
from export.cels.clips import PARTS
from export.cels.damage import Damage, wear
from export.cels.generate import everywhere
from export.cels.render import _Cover, _motion, _moves, _quarters
from export.cels.rig import Joint, Keys, Sway, parameters, plane_matrix
from export.cels.shapes import bezier, ellipse, smooth
from export.cels.stills import line_art, picture, save_pictures
from export.cels.textures import Texture
from export.cels.triplets import record_type, save_shard, scene_triplets
from export.networks.flow import warp

SIZE = (96, 96)


def _warped(picture: NDArray[np.uint8], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    planes = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None]
    found = warp(planes, torch.from_numpy(flow).permute(2, 0, 1)[None])
    return np.asarray(found[0].permute(1, 2, 0).numpy())


def _panned(speed: tuple[float, float], **change: float) -> Scene:
    drift = parameters(*speed, **change)
    wall = Sketch().fill(everywhere(), Texture(0, 0.8)).piece(Joint(motion=Sway(drift=drift)), everywhere())
    return Scene(width=96, height=96, pieces=[wall])


def test_a_seed_gives_the_same_pictures_and_answers_again() -> None:
    first, second = scene_triplets(7, 64), scene_triplets(7, 64)
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.frames, other.frames)
        assert np.array_equal(one.flow, other.flow)
        assert np.array_equal(one.visible, other.visible)


def test_seeds_differ() -> None:
    assert not np.array_equal(render(random_scene(1), 1, 0.5, SIZE), render(random_scene(2), 1, 0.5, SIZE))


def test_a_larger_picture_shows_the_same_scene() -> None:
    scene = random_scene(11)
    small, large = render(scene, 1, 0.5, (96, 96)), render(scene, 1, 0.5, (192, 192))
    halved = large.reshape(96, 2, 96, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - small).mean() < 2.0


@pytest.mark.parametrize("seed", [103, 104, 108, 109, 117, 119])
def test_the_flow_fetches_the_middle_picture_wherever_it_is_visible(seed: int) -> None:
    scene = random_scene(seed)
    size = (192, 192)
    before, middle, after = (render(scene, 1, part, size) for part in (0.0, 0.5, 1.0))
    for outer, motion in zip((before, after), motions(scene, 1, 0.5, (0.0, 1.0), size), strict=True):
        seen = motion.visible > 0.99
        error = np.abs(_warped(outer, motion.flow) - middle).mean(axis=2)[seen].mean()
        # Bilinear fetching blurs texture a little; wrong motion would cost far more.
        unmoved = np.abs(outer.astype(np.float32) - middle).mean(axis=2)[seen].mean()
        assert error < 0.35 * unmoved


@pytest.mark.parametrize("seed", [104, 109, 117])
def test_the_flow_fetches_a_quickly_painted_picture_as_well(seed: int) -> None:
    size = (192, 192)
    camera = Camera(random_scene(seed, mix=Mix(quick=True)), size, oversampling=1)
    before, middle, after = (camera.picture(1, part) for part in (0.0, 0.5, 1.0))
    for outer, motion in zip((before, after), camera.motions(1, 0.5, (0.0, 1.0)), strict=True):
        seen = motion.visible > 0.99
        error = np.abs(_warped(outer, motion.flow) - middle).mean(axis=2)[seen].mean()
        unmoved = np.abs(outer.astype(np.float32) - middle).mean(axis=2)[seen].mean()
        assert error < 0.35 * unmoved


@pytest.mark.parametrize("seed", [103, 108, 119])
def test_the_middle_of_a_pixel_answers_for_its_quarters(seed: int) -> None:
    camera = Camera(random_scene(seed), SIZE)
    now, then = (_Cover(camera._numbers(camera._pose(moment))) for moment in ((1, 0.4), (2, 0.0)))
    table = _moves(camera._pose((1, 0.4)).matrices, camera._pose((2, 0.0)).matrices, 1.0)
    found = _motion(now, then, table)
    x, y, shown = _quarters(now, then, table, np.arange(now.whole.size))
    assert np.array_equal(found.visible.ravel(), shown.mean(axis=1, dtype=np.float32))
    assert np.allclose(found.flow[..., 0].ravel(), x.mean(axis=1), atol=1e-3)
    assert np.allclose(found.flow[..., 1].ravel(), y.mean(axis=1), atol=1e-3)


def test_more_pieces_than_a_byte_can_number_move_on_their_own() -> None:
    disc = ellipse(0, 0, 3, 3)
    sway = [Sway(rest=parameters(3 + 5 * (n % 18), 3 + 5 * (n // 18)), drift=parameters(n / 100)) for n in range(300)]
    balls = [Sketch().fill(disc, 0xFFFF0000).piece(Joint(motion=motion), disc) for motion in sway]
    (ahead,) = motions(Scene(width=96, height=96, pieces=balls), 0, 0.0, (1.0,), SIZE)
    assert ahead.flow[83, 58, 0] == pytest.approx(2.99, abs=1e-3)
    assert ahead.flow[1, 1, 0] == 0.0


def test_what_rests_at_the_back_looks_the_same_when_it_is_drawn_once() -> None:
    wall = _panned((0.0, 0.0)).pieces[0]
    disc = ellipse(0, 0, 12, 12)
    sway = Sway(rest=parameters(20, 48), drift=parameters(9.5))
    ball = Sketch().fill(disc, 0xFFFF0000).piece(Joint(motion=sway), disc)
    scene = Scene(width=96, height=96, pieces=[wall, ball])
    camera = Camera(scene, SIZE)
    for frame in (0, 1, 2, 3, 2):
        assert np.array_equal(camera.picture(frame, 0.5), render(scene, frame, 0.5, SIZE))


def test_quickly_painted_surfaces_look_as_the_others_do() -> None:
    fine, quick = (random_scene(11, width=192, height=192, mix=Mix(quick=quick)) for quick in (False, True))
    change = np.abs(render(fine, 1, 0.5, (192, 192)).astype(int) - render(quick, 1, 0.5, (192, 192)))
    assert 0.0 < change.mean() < 1.5


def _flat(still: NDArray[np.uint8]) -> float:
    """Share of neighbours that differ by a code at most: fields and gradients."""
    return float((np.abs(np.diff(still.astype(int), axis=1)).max(2) <= 1).mean())


def test_plain_scenes_are_fields_and_edges_and_a_seed_stays_the_same_without() -> None:
    painted, plain = (np.stack([picture(seed, 128, mix) for seed in range(6)]) for mix in (None, Mix(plain=1.0)))
    assert np.array_equal(painted[0], picture(0, 128, Mix(plain=0.0)))
    assert np.mean([_flat(still) for still in plain]) > 0.7 > 0.4 > np.mean([_flat(still) for still in painted])


def test_half_of_the_colour_stills_are_plain(tmp_path: Path) -> None:
    save_pictures(tmp_path / "some.npy", range(24), 64)
    plain = [
        np.array_equal(still, picture(seed, 64, Mix(plain=1.0)))
        for seed, still in enumerate(np.load(tmp_path / "some.npy"))
    ]
    assert 6 <= sum(plain) <= 18


def test_line_art_is_plain_seen_from_near_or_far_lit_and_shaded() -> None:
    stills = [line_art(seed, 128) for seed in range(12)]
    assert np.array_equal(stills[3], line_art(3, 128))
    assert len({still.tobytes() for still in stills}) == 12
    # Shadows are slopes of a code or two; edges are few. Painted stills have half as much that is even.
    even, painted = (
        float(np.mean([(np.abs(np.diff(still.astype(int), axis=1)).max(2) <= 4).mean() for still in some]))
        for some in (stills, [picture(seed, 128) for seed in range(12)])
    )
    assert even > 0.7 > painted + 0.1
    light = [float(np.percentile(still, 99)) for still in stills]
    assert sum(level >= 195 for level in light) >= 6
    assert min(light) < 195


def test_a_pan_has_the_flow_of_its_speed() -> None:
    back, ahead = motions(_panned((3.0, -1.5)), 1, 0.25, (0.0, 1.0), SIZE)
    assert np.allclose(back.flow, (-0.75, 0.375), atol=1e-4)
    assert np.allclose(ahead.flow, (2.25, -1.125), atol=1e-4)


def test_rest_is_exactly_zero_and_wholly_visible() -> None:
    for motion in motions(_panned((0.0, 0.0)), 1, 0.5, (0.0, 1.0), SIZE):
        assert not motion.flow.any()
        assert motion.visible.min() == 1.0


def test_what_comes_from_outside_the_picture_is_not_visible() -> None:
    back, _ = motions(_panned((20.0, 0.0)), 1, 0.5, (0.0, 1.0), SIZE)
    assert back.visible[:, :9].max() == 0.0
    assert back.visible[:, 11:].min() == 1.0


def test_a_part_behind_another_is_not_visible() -> None:
    ground = _panned((0.0, 0.0)).pieces[0]
    disc = ellipse(0, 0, 12, 12)
    ball = (
        Sketch().fill(disc, 0xFFFF0000).piece(Joint(motion=Sway(rest=parameters(48, 48), drift=parameters(30))), disc)
    )
    scene = Scene(width=96, height=96, pieces=[ground, ball])
    back, ahead = motions(scene, 0, 0.5, (0.0, 1.0), SIZE)
    assert back.visible[48, 44] == 0.0  # the wall there was behind the ball before
    assert ahead.visible[48, 44] == 1.0
    assert np.allclose(back.flow[48, 63], (-15.0, 0.0), atol=1e-3)  # the ball itself, in the middle
    assert np.allclose(back.flow[10, 10], 0.0)


def test_a_joint_on_threes_rests_for_two_frames_and_then_goes_all_the_way() -> None:
    joint = Joint(motion=Sway(drift=parameters(1.0)), every=3)
    places = [float(joint.matrix(frame)[0, 2]) for frame in range(7)]
    assert places == [0, 0, 0, 3, 3, 3, 6]
    assert joint.matrix(2, 0.5)[0, 2] == 1.5


def test_a_child_goes_with_its_parent() -> None:
    parent = Joint(motion=Sway(rest=parameters(10, 0, angle=math.pi / 2)))
    child = Joint(motion=Sway(rest=parameters(5, 0)), parent=parent)
    assert np.allclose(child.matrix(0)[:2, 2], (10, 5))


def test_in_betweens_of_a_turn_stay_on_the_arc() -> None:
    arm = Joint(motion=Keys(frames=(0, 1), poses=(parameters(), parameters(angle=math.pi))))
    assert np.allclose(arm.matrix(0, 0.5) @ [1, 0, 1], (0, 1, 1))


def test_keys_must_ascend() -> None:
    with pytest.raises(ValueError, match="'frames' must ascend"):
        Keys(frames=(3, 1), poses=(parameters(), parameters()))


def test_a_parameter_vector_becomes_its_matrix() -> None:
    matrix = plane_matrix(parameters(1, 2, log_width=math.log(2), log_height=math.log(3)))
    assert np.allclose(matrix, [[2, 0, 1], [0, 3, 2], [0, 0, 1]])


def test_curves_pass_through_their_points() -> None:
    box = smooth(np.array([(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)])).getBounds()
    assert box.left() <= 0
    assert box.right() >= 10
    assert np.allclose(bezier((0, 0), (1, 2), (2, 0), count=3)[1], (1, 1))


def test_grain_differs_in_each_picture_and_none_leaves_it_alone() -> None:
    picture = np.full((32, 32, 3), 128, np.uint8)
    rng = np.random.default_rng(0)
    one, other = (wear(picture, Damage(grain=4.0), rng) for _ in range(2))
    assert not np.array_equal(one, other)
    assert np.array_equal(one, wear(picture, Damage(grain=4.0), np.random.default_rng(0)))
    assert 2.5 < np.std(one.astype(float)) < 6
    assert wear(picture, Damage(), rng) is picture


def test_blocks_of_equal_pictures_stay_equal() -> None:
    picture = render(random_scene(3), 1, 0.0, SIZE)
    rng = np.random.default_rng(0)
    one, other = (wear(picture, Damage(quality=50), rng) for _ in range(2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, picture)


def test_a_shard_holds_the_triplets_of_its_seeds(tmp_path: Path) -> None:
    path = tmp_path / "train-00000.npy"
    save_shard(path, range(5, 7), 64)
    records = np.load(path)
    assert records.dtype == record_type(64)
    assert len(records) == 6
    expected = scene_triplets(6, 64)[1]
    assert np.array_equal(records[4]["frames"], expected.frames)
    assert np.array_equal(records[4]["flow"], expected.flow)
    assert not path.with_suffix(".part").exists()


@pytest.mark.parametrize("kind", sorted(PARTS))
def test_a_labelled_part_shows_what_its_classes_say(kind: str) -> None:
    frames, classes = labelled_part(kind, 3)
    assert len(classes) == len(frames) - 1
    change = np.abs(frames[1:].astype(np.int16) - frames[:-1]).mean(axis=(1, 2, 3))
    for name, amount in zip(classes, change, strict=True):
        if name == "hold":
            assert amount == 0.0 or kind == "hold"
        else:
            assert amount > 0.0


def test_labelled_clips_join_every_kind_with_cuts() -> None:
    frames, classes = labelled(1)
    assert frames.shape == (8 * len(PARTS), 180, 320, 3)
    assert len(classes) == len(frames) - 1
    assert set(classes) == {"motion", "hold", "cut", "fade"}
    assert [classes[8 * part - 1] for part in range(1, len(PARTS))] == ["cut"] * (len(PARTS) - 1)
