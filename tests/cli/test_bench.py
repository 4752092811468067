"""`ainimotion bench`: this machine's own table, and what it remembers."""

import json
from pathlib import Path

import pytest

from vsainimotion.bench import Cost, NetworkCost
from vsainimotion.cli import bench, main
from vsainimotion.models import find_card
from vsainimotion.models.runtimes import Tuning
from vsainimotion.models.tuning import Timing

ONE, TWO = Tuning(num_streams=1), Tuning(num_streams=2, bfloat16=True)


@pytest.fixture(autouse=True)
def networks(tuning_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 (it is the test's cache)
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(Path(__file__).parent.parent / "models" / "networks"))


def test_the_table_says_what_is_kept_and_what_was_tried_beside_it() -> None:
    timings = [Timing(setting=TWO, ms=30.04), Timing(setting=ONE, ms=41.0)]
    cost = NetworkCost(card=find_card("flow-fast"), size=(480, 272), chosen=TWO, timings=timings)
    lines = bench.render_text((1920, 1080), [Cost(name="gate", ms=2.34)], [cost]).splitlines()
    assert lines[1] == "1920x1080, YUV 4:2:0 in 8 bit, from memory: milliseconds a frame"
    assert lines[3:5] == [
        "gate                            2.3",
        "network flow-fast, 480x272     30.0  2 streams in bfloat16 (1 stream in float32 41.0)",
    ]


def test_a_measurement_is_printed_remembered_and_forgotten(
    capsys: pytest.CaptureFixture[str], tuning_home: Path
) -> None:
    assert main(["bench", "deep", "--size", "96x96", "--backend", "openvino", "--json"]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert found["stages"][0]["name"] == "gate"
    assert found["networks"][0]["network"] == "deep"
    assert captured.err == "measuring deep with openvino ...\n"
    assert len(list(tuning_home.glob("*.json"))) == 1
    assert main(["bench", "--forget"]) == 0
    assert capsys.readouterr().out == f"1 forgotten in {tuning_home}\n"
    assert list(tuning_home.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--size", "1920"], 2, "'--size' must be width x height, even and 96 to 16384 pixels"),
        (["--size", "95x96"], 2, "(got '95x96')"),
        (["--size", "97x96"], 2, "(got '97x96')"),
        (["nosuch"], 2, "there is no network 'nosuch'"),
        (["--backend", "nosuch"], 2, "there is no backend 'nosuch'"),
        (["--backend", "tensorrt"], 3, "backend 'tensorrt'"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    capsys: pytest.CaptureFixture[str], tuning_home: Path, arguments: list[str], code: int, message: str
) -> None:
    assert main(["bench", *arguments]) == code
    assert message in capsys.readouterr().err
    assert not tuning_home.exists()
