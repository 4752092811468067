"""How a network is run on this machine: what is planned, what is tried, chosen, remembered and forgotten."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from vsainimotion.models import Card, load_card
from vsainimotion.models.runtimes import BACKENDS, Tuning
from vsainimotion.models.tuning import (
    OFF_VARIABLE,
    Conditions,
    Remembered,
    Timing,
    choose_setting,
    find_tuning,
    forget,
    plan_settings,
    plan_tuning,
    read_conditions,
    recall,
    remember,
    tuning_folder,
)

NETWORKS = Path(__file__).parent / "networks"
ONE, TWO, FOUR = (Tuning(num_streams=number) for number in (1, 2, 4))
HALF = Tuning(num_streams=2, bfloat16=True)
CONDITIONS = Conditions(
    backend="openvino",
    runtime="openvino_version 2026.4.1, version v17.1",
    processor="AMD EPYC",
    cores=2,
    threads=2,
    network_sha256="ab" * 32,
    tile=(480, 272),
)
KEPT = Remembered(num_streams=4, bfloat16=None, timings=[Timing(setting=TWO, ms=50.0), Timing(setting=FOUR, ms=40.0)])


pytestmark = pytest.mark.usefixtures("tuning_home")


@pytest.fixture
def flow() -> Card:
    return load_card(NETWORKS / "flow-pan.toml")


def test_every_number_of_streams_that_the_cores_bear_is_tried_after_the_planned_one() -> None:
    assert plan_settings(TWO, 4, can_bfloat16=False) == [TWO, ONE, Tuning(num_streams=3), FOUR]
    assert plan_settings(ONE, 1, can_bfloat16=False) == [ONE]


def test_both_precisions_are_tried_where_the_processor_and_the_network_bear_them() -> None:
    one_half = Tuning(num_streams=1, bfloat16=True)
    assert plan_settings(HALF, 2, can_bfloat16=True) == [HALF, one_half, ONE, TWO]


@pytest.mark.parametrize(
    ("two", "one", "four", "chosen"),
    [
        (50.0, 60.0, 70.0, TWO),
        (50.0, 48.0, 60.0, TWO),  # by 4 %: not worth leaving what is planned
        (50.0, 60.0, 47.0, FOUR),
        (50.0, 41.0, 40.0, ONE),  # as good as the fastest, with fewer streams
    ],
)
def test_the_planned_setting_stays_unless_another_is_clearly_faster(
    two: float, one: float, four: float, chosen: Tuning
) -> None:
    timings = [Timing(setting=setting, ms=ms) for setting, ms in ((TWO, two), (ONE, one), (FOUR, four))]
    assert choose_setting(timings, TWO) == chosen


def test_the_key_is_the_digest_of_everything_that_a_measurement_depends_on() -> None:
    changes = {
        "backend": "onnxruntime", "runtime": "v18", "processor": "other", "cores": 4, "threads": 4,
        "network_sha256": "cd" * 32, "tile": (512, 288),
    }  # fmt: skip
    keys = {replace(CONDITIONS, **{name: value}).key for name, value in changes.items()}  # type: ignore[arg-type] # by name
    assert len(keys | {CONDITIONS.key}) == len(changes) + 1


def test_what_is_remembered_is_recalled_for_the_same_conditions_only(tuning_home: Path) -> None:
    path = remember(CONDITIONS, KEPT)
    assert path.parent == tuning_home == tuning_folder()
    assert [file.name for file in tuning_home.iterdir()] == [f"{CONDITIONS.key[:24]}.json"]
    assert recall(CONDITIONS) == KEPT
    assert recall(replace(CONDITIONS, threads=4)) is None


def test_the_file_says_what_it_was_measured_under() -> None:
    record = json.loads(remember(CONDITIONS, KEPT).read_text(encoding="utf-8"))
    assert record["key"] == CONDITIONS.key
    assert record["conditions"]["processor"] == "AMD EPYC"
    assert record["timings"][1] == {"setting": {"bfloat16": False, "num_streams": 4}, "ms": 40.0}


@pytest.mark.parametrize(
    "change", [{"key": "0" * 64}, {"num_streams": 0}, {"num_streams": "4"}, {"bfloat16": 1}, {"timings": [{}]}]
)
def test_a_file_that_is_not_whole_or_not_ours_is_as_none(change: dict[str, object]) -> None:
    path = remember(CONDITIONS, KEPT)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    assert recall(CONDITIONS) is None
    path.write_text("{", encoding="utf-8")
    assert recall(CONDITIONS) is None


def test_a_variable_turns_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    remember(CONDITIONS, KEPT)
    monkeypatch.setenv(OFF_VARIABLE, "off")
    assert recall(CONDITIONS) is None


def test_everything_is_forgotten_at_once(tuning_home: Path) -> None:
    remember(CONDITIONS, KEPT)
    remember(replace(CONDITIONS, cores=8), KEPT)
    assert forget() == 2
    assert list(tuning_home.iterdir()) == []


def test_a_network_is_run_as_planned_until_something_is_remembered_for_it(flow: Card) -> None:
    row, tile = BACKENDS["openvino"], (480, 272)
    planned = plan_tuning(flow, row, tile)
    assert find_tuning(flow, row, tile) == planned
    conditions = read_conditions(row.name, row.namespace, flow.sha256, tile)
    remember(conditions, Remembered(num_streams=7, bfloat16=None, timings=[]))
    assert find_tuning(flow, row, tile) == Tuning(num_streams=7, bfloat16=planned.bfloat16)
    assert find_tuning(flow, row, (512, 288)) == plan_tuning(flow, row, (512, 288))
    remember(conditions, Remembered(num_streams=7, bfloat16=not planned.bfloat16, timings=[]))
    assert find_tuning(flow, row, tile) == Tuning(num_streams=7, bfloat16=not planned.bfloat16)


def test_a_gpu_is_run_as_planned_and_its_plugin_is_not_asked(flow: Card) -> None:
    assert find_tuning(flow, BACKENDS["tensorrt"], (480, 272)) == Tuning(num_streams=2, bfloat16=flow.is_bfloat16_safe)


def test_the_conditions_name_the_runtime_inside_the_plugin() -> None:
    conditions = read_conditions("openvino", "ov", "ab" * 32, (64, 64))
    assert "openvino_version" in conditions.runtime
    assert conditions.cores >= 1
