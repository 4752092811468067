"""Measuring this machine: in turn, each frame once, and without a change to any picture."""

from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from vsainimotion import bench
from vsainimotion.backend import choose_backend, run_network
from vsainimotion.errors import ArgumentError
from vsainimotion.models import Card, find_card, load_card
from vsainimotion.models.runtimes import BACKENDS, Tuning
from vsainimotion.models.tuning import find_tuning, read_conditions, recall

NETWORKS = Path(__file__).parent / "models" / "networks"


pytestmark = pytest.mark.usefixtures("tuning_home")


@pytest.fixture
def deep() -> Card:
    return load_card(NETWORKS / "deep.toml")


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_streams_change_no_pixel(backend: str) -> None:
    card, clip = find_card("flow-fast"), bench.serve_frames(vs.GRAYS, (64, 64))
    made = [
        run_network([clip] * 7, card, choose_backend(backend), flexible=True, tuning=Tuning(num_streams=streams))[0]
        for streams in (1, 3)
    ]
    for index in range(4):
        one, three = (np.array(clip.get_frame(index)[0]) for clip in made)
        np.testing.assert_array_equal(one, three)


def test_what_is_measured_is_remembered_and_used(deep: Card) -> None:
    choice = choose_backend("openvino")
    cost = bench.measure_network(deep, choice, (64, 64))
    kept = recall(read_conditions("openvino", "ov", deep.sha256, cost.size))
    assert kept is not None
    assert (kept.num_streams, kept.bfloat16) == (cost.chosen.num_streams, None)
    assert kept.timings == cost.timings
    assert all(timing.ms > 0 for timing in cost.timings)
    assert find_tuning(deep, BACKENDS["openvino"], cost.size).num_streams == cost.chosen.num_streams


def test_the_precision_is_remembered_only_where_it_is_asked_for(deep: Card) -> None:
    cost = bench.measure_network(deep, choose_backend("onnxruntime"), (64, 64), keep_precision=True)
    kept = recall(read_conditions("onnxruntime", "ort", deep.sha256, cost.size))
    assert kept is not None
    assert kept.bfloat16 is cost.chosen.bfloat16 is False


def test_a_flow_network_is_measured_on_its_small_copy_and_an_upscaler_on_its_tile() -> None:
    assert bench.plan_seen(find_card("flow-fast"), (1920, 1080)) == (480, 272)
    assert bench.plan_seen(find_card("luma-fast"), (1920, 1080)) == (970, 550)


def test_every_stage_that_needs_no_network_has_a_cost() -> None:
    costs = bench.measure_stages((128, 96))
    assert [cost.name for cost in costs] == ["gate", "warp and blend, bilinear", "warp and blend, catmull-rom"]
    assert all(cost.ms > 0 for cost in costs)


def test_clips_take_turns_and_no_frame_is_asked_for_twice() -> None:
    asked: list[tuple[str, int]] = []

    def watched(name: str) -> vs.VideoNode:
        clip = vs.core.std.BlankClip(width=16, height=16, length=100)

        def note(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
            asked.append((name, n))
            return f

        return clip.std.ModifyFrame(clip, note)

    least = bench.time_in_turn({"a": watched("a"), "b": watched("b")}, {"a": 2, "b": 3})
    assert set(least) == {"a", "b"}
    assert len(asked) == len(set(asked)) == (bench.ROUNDS + 1) * 5
    assert [name for name, _ in asked] == ["a", "a", "b", "b", "b"] * (bench.ROUNDS + 1)


def test_frames_come_from_memory_and_each_differs_from_the_next() -> None:
    clip = bench.serve_frames(vs.YUV420P8, (64, 48))
    first, second, again = (np.array(clip.get_frame(n)[0]) for n in (0, 1, 8))
    assert (first != second).mean() > 0.5
    np.testing.assert_array_equal(first, again)


def test_a_backend_without_a_choice_is_refused(deep: Card) -> None:
    custom = choose_backend(choose_backend("openvino").backend)
    with pytest.raises(ArgumentError, match=r"must be one that runs on the CPU: openvino, onnxruntime \(got 'custom'"):
        bench.measure_network(deep, custom, (64, 64))
