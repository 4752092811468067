from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from export.batches import FlowData, Shards
from export.cels.stills import save_pictures, save_stills
from export.cels.triplets import save_shard
from export.config import Run, load_run
from export.networks.flow import warp
from export.tasks import TASKS, averaged, parameter_count
from export.train import Trainer, learning_rate, train

DATA = {"flow": "cels", "compact": "pictures"}
RUNS = Path(__file__).parents[2] / "export" / "runs"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workshop")
    for name, save in (("cels", save_shard), ("stills", save_stills), ("pictures", save_pictures)):
        (folder / name).mkdir()
        save(folder / name / "train-00000.npy", range(2), 96)
        save(folder / name / "valid-00000.npy", range(100, 101), 96)
    return folder


def _run(task: str, out: str) -> Run:
    data = next((folder for start, folder in DATA.items() if task.startswith(start)), "stills")
    return Run(
        name=task, task=task, data=data, out=out, steps=6, learning_rate=1e-3, crops=((32, 2, 1.0), (48, 1, 1.0)),
        warmup_steps=2, log_steps=2, check_steps=3, bf16=task == "flow-fast",
    )  # fmt: skip


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_resumed_run_ends_with_the_same_weights(root: Path, task: str) -> None:
    whole = train(_run(task, f"{task}-whole"), root=root)
    run = _run(task, f"{task}-parts")
    train(run, root=root, stop_step=3)
    resumed = train(run, root=root)
    assert whole.step == resumed.step == 6
    for name, value in whole.average.items():
        assert torch.equal(value, resumed.average[name]), name


def test_a_run_leaves_weights_and_a_log(root: Path) -> None:
    run = _run("luma-fast", "logged")
    train(run, root=root)
    lines = [json.loads(line) for line in (root / "logged" / "luma-fast.log.jsonl").read_text().splitlines()]
    assert [line.get("event", line.get("step")) for line in lines] == ["start", 2, "check", 4, 6, "check", "stop"]
    assert (root / "logged" / "luma-fast.safetensors").exists()
    assert not list((root / "logged").glob("*.part"))


def test_a_run_can_begin_with_the_weights_of_another(root: Path) -> None:
    first = train(_run("luma-fast", "first"), root=root)
    begun = Trainer.start(replace(_run("luma-fast", "second"), start="first/luma-fast.safetensors"), root)
    assert begun.step == 0
    assert all(torch.equal(value, first.average[name]) for name, value in begun.average.items())


def test_training_lowers_the_loss(root: Path) -> None:
    run = replace(_run("luma-fast", "longer"), steps=150, check_steps=150, learning_rate=4e-3, crops=((24, 16, 1.0),))
    trainer = train(run, root=root)
    task = TASKS["luma-fast"]
    with torch.no_grad():
        found = task.check(
            averaged(task.network(), trainer.average), task.data(root / "stills", "train").fixed(range(2))
        )
    assert found["psnr"] > found["spline36"] + 0.05


def test_the_rate_rises_and_falls_to_its_share() -> None:
    run = replace(_run("flow-fast", "x"), steps=100, warmup_steps=10, final_rate=0.1)
    assert learning_rate(run, 0) == pytest.approx(1e-4)
    assert learning_rate(run, 10) == pytest.approx(1e-3)
    assert learning_rate(run, 55) == pytest.approx(0.55e-3)
    assert learning_rate(run, 100) == pytest.approx(1e-4)


@pytest.mark.parametrize("path", sorted(RUNS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_run_in_the_repository_is_valid(path: Path) -> None:
    run = load_run(path)
    assert run.name == path.stem
    assert run.task in TASKS


def test_a_run_with_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('name = "x"\nlearning = 3\n')
    with pytest.raises(ValueError, match="does not describe a run"):
        load_run(file)


def test_a_run_of_no_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="'steps' must be 1 or more"):
        replace(_run("flow-fast", "x"), steps=0)


def test_networks_are_as_small_as_they_should_be() -> None:
    assert parameter_count(TASKS["flow-fast"].network()) < 320_000
    assert parameter_count(TASKS["luma-fast"].network()) < 5_000


def test_missing_shards_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="render_cels"):
        Shards(tmp_path, "train")


def test_a_crop_of_the_data_still_agrees_with_its_flow(root: Path) -> None:
    data = FlowData(root / "cels", "train")
    rng = np.random.default_rng(2)
    for index in range(len(data)):
        pictures, middle, flow, visible = data.sample(index, 48, rng)
        made = warp(pictures[None, :3], flow[None, :2])[0]
        seen = visible[:1] > 0.99
        error, unmoved = (((x - middle).abs() * seen).mean() for x in (made, pictures[:3]))
        assert float(error) <= float(unmoved) + 0.01
