from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from export import scene_head
from export.batches import FlowData
from export.cels.shots import SHOT_FRAMES, save_shots, shot_type
from export.cels.textures import cloud_noise
from export.cels.triplets import save_shard
from export.config import load_run
from export.layered_losses import layered_check, layered_losses, layered_pictures, layered_weights, motion_losses, pick
from export.networks import NETWORKS
from export.networks.flow import FlowFast, warp
from export.networks.layered import LARGE, SIZE_MULTIPLE, Layered, stay
from export.networks.layers import TAPS, Camera, agree, disagreement, fetch, fetch_taps, nearer, spread
from export.scene_data import SCENES, UNKNOWN, SceneBatch, SceneData
from export.tasks import parameter_count
from export.to_onnx import read_weights
from vsainimotion.gate import Interval

RUNS = Path(__file__).parents[2] / "export" / "runs"


def _texture(height: int, width: int, planes: int = 3) -> Tensor:
    noise = [cloud_noise(np.random.default_rng(seed), 1.2, 256)[:height, :width] for seed in range(planes)]
    return torch.from_numpy(np.stack(noise).astype(np.float32))[None] * 0.8 + 0.1


def _shaken(seed: int = 1, size: float = 0.02) -> Layered:
    """A network in which every path counts."""
    torch.manual_seed(seed)
    network = Layered().eval().requires_grad_(requires_grad=False)
    for parameter in network.parameters():
        parameter.add_(torch.randn_like(parameter) * size)
    return network


def _pair(timestep: float, height: int = 64, width: int = 96) -> Tensor:
    a, b = _texture(height, width), _texture(height, width).roll(3, 3)
    return torch.cat([a, b, torch.full((1, 1, height, width), timestep)], dim=1)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    save_shard(folder / "train-00000.npy", range(2), 96)
    save_shard(folder / "valid-00000.npy", range(100, 101), 96)
    return folder


def test_the_small_network_has_at_most_a_million_weights_and_the_large_one_several() -> None:
    assert parameter_count(Layered()) <= 1_000_000
    assert 2_000_000 < parameter_count(Layered(LARGE)) < 8_000_000


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 160)])
def test_the_picture_has_the_size_of_the_input_and_its_range(height: int, width: int) -> None:
    made = _shaken()(torch.rand(1, 7, height, width))
    assert made.shape == (1, 3, height, width)
    assert float(made.min()) >= 0.0
    assert float(made.max()) <= 1.0
    assert NETWORKS["layered-small"].size_multiple == SIZE_MULTIPLE


@pytest.mark.parametrize("timestep", [0.2, 0.5, 0.8])
def test_equal_pictures_come_back_as_they_are(timestep: float) -> None:
    pictures = _pair(timestep)
    pictures[:, 3:6] = pictures[:, 0:3]
    assert float((_shaken(size=0.1)(pictures) - pictures[:, 0:3]).abs().max()) < 1e-6


@pytest.mark.parametrize(("timestep", "side"), [(0.25, 0), (0.5, 0), (0.75, 3)])
@pytest.mark.parametrize("scene", [1, 2])
def test_a_hold_and_a_cut_return_the_nearer_picture(timestep: float, side: int, scene: int) -> None:
    network, pictures = _shaken(), _pair(timestep)
    network.scene.judge[1].state_dict()["bias"][scene] += 20.0
    assert float((network(pictures) - pictures[:, side : side + 3]).abs().max()) < 1e-6


def test_a_scene_that_is_mostly_motion_is_not_touched_by_the_gate() -> None:
    logits = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None]
    assert float(stay(logits, torch.ones(1, 1, 4, 4))) == 0.0
    assert float(stay(logits, torch.full((1, 1, 4, 4), 1 / 255))) == 0.0
    assert float(stay(logits, torch.zeros(1, 1, 4, 4))) == 1.0


def test_the_nearer_picture_changes_after_the_middle() -> None:
    for timestep, side in ((0.01, 0), (0.5, 0), (0.51, 3), (0.99, 3)):
        pictures = _pair(timestep)
        assert torch.allclose(nearer(pictures), pictures[:, side : side + 3], atol=1e-6)


def test_an_untrained_network_moves_as_the_flow_network_whose_weights_it_takes() -> None:
    torch.manual_seed(2)
    flow, network, pictures = FlowFast().eval(), Layered().eval(), _pair(0.5)
    missing = network.load_state_dict(flow.state_dict(), strict=False)
    assert not missing.unexpected_keys
    with torch.no_grad():
        wanted, found = flow.explain(pictures), network.lay(pictures)
    # What the level above adds at first is below a pixel on a texture.
    assert float((found.estimate.flow - wanted.flow).abs().max()) < 1.5
    assert float((found.shares.sum(1) - 1).abs().max()) < 1e-5
    assert float(found.shares[:, :2].mean()) < 0.1


def test_a_camera_is_the_affine_motion_of_the_places_that_count() -> None:
    torch.manual_seed(0)
    coefficients = torch.randn(1, 12, 1, 1)
    flow = spread(coefficients, torch.zeros(1, 1, 24, 40))
    camera = Camera(8)
    found = camera(torch.zeros(1, 8, 24, 40), flow, 8)
    assert torch.allclose(found, 8 * coefficients, atol=0.1)
    flow[..., :6, :6] += 50.0  # something in front, in a corner that does not count
    state = torch.zeros(1, 8, 24, 40)
    state[:, 0, :8, :8] = -1.0
    camera.weigh.state_dict()["weight"][0, 0, 1, 1] = 20.0
    assert torch.allclose(camera(state, flow, 8), 8 * coefficients, atol=0.3)


def test_a_camera_at_rest_stands_exactly_still() -> None:
    flow = torch.full((1, 4, 8, 8), 0.005)
    assert float(Camera(4)(torch.zeros(1, 4, 8, 8), flow, 8).detach().abs().max()) == 0.0


def test_a_step_towards_agreement_shortens_what_a_flow_lacks() -> None:
    whole = _texture(96, 128, 1)
    a, b = whole, warp(whole, torch.cat([torch.full((1, 1, 96, 128), -0.6), torch.full((1, 1, 96, 128), 0.4)], dim=1))
    half = torch.full((1, 1, 96, 128), 0.5)
    step = agree(a, b, torch.zeros(1, 4, 96, 128), half)[..., 16:-16, 16:-16]
    assert torch.allclose(step.mean((0, 2, 3)), torch.tensor([-0.3, 0.2, 0.3, -0.2]), atol=0.08)


def test_a_fade_is_no_motion() -> None:
    a = _texture(64, 64, 1)
    step = agree(a, a + 0.1, torch.zeros(1, 4, 64, 64), torch.full((1, 1, 64, 64), 0.5))
    assert float(step.abs().max()) < 0.01


def test_taps_mix_what_lies_around_where_the_flow_points() -> None:
    picture, flow = _texture(24, 32), torch.full((1, 2, 24, 32), 2.0)
    taps = torch.zeros(1, 3 * TAPS, 24, 32)
    assert torch.allclose(fetch_taps(picture, flow, taps), fetch(picture, flow))
    taps[:, 1], taps[:, 2 * TAPS] = 1.0, 1.0  # all of the first tap, a pixel further down
    found = fetch_taps(picture, flow, taps)[..., 4:16, 4:16]
    assert torch.allclose(found, picture[..., 7:19, 6:18], atol=1e-5)


def test_a_whole_pixels_fetch_is_exact() -> None:
    picture = _texture(24, 32)
    assert torch.allclose(fetch(picture, torch.zeros(1, 2, 24, 32)), picture, atol=1e-6)


def test_grain_is_no_disagreement_and_another_drawing_is_one() -> None:
    picture, noise = _texture(32, 48), torch.randn(2, 3, 32, 48, generator=torch.Generator().manual_seed(2)) * 0.015
    grainy = picture + noise
    assert float(disagreement(grainy[:1], grainy[1:]).max()) == 0.0
    other = picture.clone()
    other[..., 8:24, 16:40] = 1.0 - other[..., 8:24, 16:40] * 0.2
    found = disagreement(picture, other)
    assert float(found[..., 12:20, 20:36].min()) == 1.0
    assert float(found[..., :, :8].max()) == 0.0


def test_the_refinement_leaves_alone_what_both_sides_agree_on() -> None:
    network = Layered().eval().requires_grad_(requires_grad=False)
    for parameter in network.refinement.parameters():
        parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(4)) * 0.2)
    picture, other = _texture(64, 96), _texture(64, 96)
    other[..., 16:48, 32:64] = 1.0 - other[..., 16:48, 32:64]
    found = network.lay(torch.cat([picture, other, torch.full((1, 1, 64, 96), 0.5)], dim=1))
    changed = (found.between - found.composite).abs().amax(1)
    assert float(changed[0, :, :16].max()) == 0.0
    assert float(changed[0, 24:40, 40:56].min()) > 0.0


def test_two_pale_pictures_cost_more_than_one_that_may_be_wrong(root: Path) -> None:
    batch = SceneData(root, "train").batch(64, 2, np.random.default_rng(0))
    found = Layered().lay(batch.pictures)
    # Of nothing that is known: before and after show a black and a white picture.
    black, white = torch.zeros_like(batch.middle), torch.ones_like(batch.middle)
    shares = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 1.0, 0.0]])[:, :, None, None].expand(-1, -1, 64, 64)
    found = replace(found, candidates=(black, white, black, white), shares=shares)
    weights = layered_weights({})
    pale, one = (
        float(motion_losses(pick(found, kept), pick(batch, kept), weights)["ghost"].detach())
        for kept in (torch.tensor([0]), torch.tensor([1]))
    )
    assert (pale, one) == (1.0, 0.0)


def test_scenes_are_told_apart_and_what_shows_no_motion_is_unknown(tmp_path: Path) -> None:
    records = np.zeros(4, shot_type(64))
    records["timestep"], records["visible"] = 0.5, 255
    records["interval"] = [Interval.MOTION, Interval.HOLD, Interval.CUT, Interval.FADE]
    np.save(tmp_path / "train-00000.npy", records)
    assert SceneData(tmp_path, "train").fixed(range(4)).scene.tolist() == [UNKNOWN, 1, 2, 0]
    records["flow"] = 3.0
    np.save(tmp_path / "train-00000.npy", records)
    assert SceneData(tmp_path, "train").fixed(range(4)).scene.tolist() == [0, 1, 2, 0]


def test_shots_can_be_learnt_from(tmp_path: Path) -> None:
    save_shots(tmp_path / "train-00000.npy", range(2), 64)
    data = SceneData(tmp_path, "train")
    assert len(data) == 2 * (SHOT_FRAMES - 1)
    assert set(data.fixed(range(len(data))).scene.tolist()) <= {UNKNOWN, 0, 1, 2}


def test_a_batch_holds_made_cuts_and_never_begins_with_one(root: Path) -> None:
    data, plain = SceneData(root, "train"), FlowData(root, "train")
    batches = [data.batch(32, 4, np.random.default_rng(seed)) for seed in range(24)]
    cuts = torch.stack([batch.scene == SCENES.index(Interval.CUT) for batch in batches])
    assert bool(cuts.any())
    assert not bool(cuts[:, 0].any())
    for seed, batch in enumerate(batches):
        before = plain.batch(32, 4, np.random.default_rng(seed)).pictures
        changed = (batch.pictures != before).flatten(1).any(1)
        assert torch.equal(changed, cuts[seed])


def test_of_a_cut_only_that_it_is_one_counts(root: Path) -> None:
    batch = SceneData(root, "train").batch(64, 2, np.random.default_rng(0))
    network = Layered()
    parts = layered_losses(network, replace(batch, scene=torch.tensor([2, 2])))
    assert list(parts) == ["scene"]
    wild = replace(
        batch, scene=torch.tensor([0, 2]), middle=batch.middle * torch.tensor([1.0, 50.0])[:, None, None, None]
    )
    calm = replace(batch, scene=torch.tensor([0, 2]))
    one, other = (layered_losses(network, each)["charbonnier"] for each in (wild, calm))
    assert float(one.detach()) == float(other.detach())


def test_every_weight_is_reached_by_the_loss(root: Path) -> None:
    network, batch = _shaken(size=0.05), SceneData(root, "train").batch(64, 2, np.random.default_rng(1))
    network.requires_grad_(requires_grad=True)
    torch.stack(list(layered_losses(network, batch).values())).sum().backward()  # type: ignore[no-untyped-call]
    silent = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    # Confidence is flow-fast's own word, and is not asked for here.
    assert silent == []


def test_some_samples_of_a_batch_are_picked_with_all_that_is_known_of_them() -> None:
    pictures, middle, flow, visible = (torch.rand(3, count, 4, 4) for count in (7, 3, 4, 2))
    batch = SceneBatch(pictures, middle, flow, visible, torch.arange(3))
    picked = pick(batch, torch.tensor([2]))
    assert picked.scene.tolist() == [2]
    assert torch.equal(picked.flow, batch.flow[2:])


def test_validation_measures_and_shows_what_was_held_out(root: Path) -> None:
    network, batch = _shaken(), SceneData(root, "valid").fixed(range(3))
    figures = layered_check(network, batch)
    assert {"psnr", "composite", "blend", "motion"} <= figures.keys()
    assert layered_pictures(network, batch).shape == (3, 3, 96, 6 * 96)


def test_losses_that_are_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="'losses' must name motion, flow"):
        layered_weights({"beauty": 1.0})
    with pytest.raises(ValueError, match="'line' must be 0 or more"):
        layered_weights({"line": -1.0})


@pytest.mark.parametrize("name", ["layered-small", "layered-sides"])
def test_the_run_begins_with_what_was_learnt_before(name: str) -> None:
    run = load_run(RUNS / f"{name}.toml")
    learnt, own = load_file(RUNS.parents[1] / run.start), Layered().state_dict()
    assert all(own[name].shape == value.shape for name, value in learnt.items())


def test_a_gate_learns_what_is_rare_and_says_what_is_frequent_where_it_cannot_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scene_head, "STEPS", 300)
    torch.manual_seed(3)
    # A quarter of each class looks like nothing at all; the others differ in one of the six planes.
    scenes = torch.tensor([0] * 96 + [1] * 24 + [2] * 12)
    seen = torch.rand(len(scenes), 6, 2, 3) * 0.05
    told = torch.arange(len(scenes)) % 4 > 0
    seen[told, scenes[told]] += 1.0
    gate = Layered().scene
    assert (scene_head.tell(gate, seen, scenes) > 0).any(axis=0).sum() == 1
    scene_head.teach(gate, seen, scenes)
    assert scene_head.tell(gate, seen[told], scenes[told]).tolist() == [[72, 0, 0], [0, 18, 0], [0, 0, 9]]
    assert scene_head.tell(gate, seen[~told], scenes[~told]).tolist() == [[24, 0, 0], [6, 0, 0], [3, 0, 0]]


def test_a_gate_that_is_taught_alone_changes_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for split, seeds in (("train", range(4)), ("valid", range(100, 102))):
        save_shots(tmp_path / f"{split}-00000.npy", seeds, 64)
    before = {name: value.clone().contiguous() for name, value in _shaken(size=0.02).state_dict().items()}
    save_file(before, tmp_path / "before.safetensors", metadata={"steps": "7"})
    out = tmp_path / "after.safetensors"
    words = ["scene_head", str(tmp_path / "before.safetensors"), str(tmp_path), str(out), "--samples", "12"]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(scene_head, "STEPS", 2)
    scene_head.main()
    after = load_file(out)
    assert after.keys() == before.keys()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed == {name for name in before if name.startswith("scene.")}
    assert read_weights(out)[1] == "export/train.py, export/runs/before.toml, 7 steps, then export/scene_head.py,"
    said = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in said] == ["learnt from", "held out"]
    # All that was drawn was judged, but what shows no motion for sure.
    assert 6 <= np.sum(json.loads(said[0][said[0].index(": ") + 2 :])) <= 12
