"""The benchmark's own arithmetic, and the peer network that it builds."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import vapoursynth as vs

from scripts import benchmark, rife_shaped
from scripts.benchmarks import turns
from scripts.benchmarks.turns import Row, Spent
from vsainimotion.native import signal_stack_kept


def row(name: str, *times: float, is_ours: bool = False, fps: float | None = None) -> Row:
    made = Row(
        name=name, group="A group", frames=2, measure=lambda: Spent(0.5, 0.5), is_ours=is_ours, real_time_fps=fps
    )
    made.times.extend(times)
    made.cpu_times.extend(2 * time for time in times)
    return made


def test_the_table_has_medians_and_ratios_to_our_row() -> None:
    table = turns.render_table([row("ours", 10, 30, 20, is_ours=True), row("theirs", 50, 40, 60)])
    assert table.splitlines() == [
        "**A group**",
        "",
        "| | ms/frame | min to max | CPU ms | ratio | times real time |",
        "|---|---:|---:|---:|---:|---:|",
        "| ours | 20.0 | 10.0 to 30.0 | 40.0 | 1.00 |  |",
        "| theirs | 50.0 | 40.0 to 60.0 | 100.0 | 2.50 |  |",
    ]


def test_a_group_without_a_row_of_ours_has_no_ratios() -> None:
    assert turns.render_table([row("theirs", 1, 2, 3)]).endswith("| theirs | 2.0 | 1.0 to 3.0 | 4.0 |  |  |\n")


def test_real_time_is_what_the_cores_reach_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert turns.render_table([row("ours", 10, is_ours=True, fps=25)]).endswith("| 20.0 | 1.00 | 4.00 |\n")


def test_rows_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def measure(name: str, seconds: float) -> Spent:
        order.append(name)
        return Spent(seconds, 2 * seconds)

    rows = [
        Row(name="a", group="", frames=2, measure=lambda: measure("a", 0.5)),
        Row(name="b", group="", frames=4, measure=lambda: measure("b", 0.5)),
    ]
    turns.measure_rows(rows, 2)
    assert order == ["a", "b"] * 3
    assert [entry.times for entry in rows] == [[250.0, 250.0], [125.0, 125.0]]
    assert [entry.cpu_times for entry in rows] == [[500.0, 500.0], [250.0, 250.0]]


def test_a_measurement_never_asks_for_the_same_frame_twice() -> None:
    clip = vs.core.std.BlankClip(width=16, height=16, length=8)
    asked: list[int] = []

    def note(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        asked.append(n)
        return f

    measure = turns.drain(clip.std.ModifyFrame(clip, note), 4)
    assert measure().wall_s >= 0
    assert measure().cpu_s >= 0
    assert sorted(asked) == list(range(8))


def test_a_missing_film_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert benchmark.main(["speed", "--source", str(tmp_path / "none.mkv")]) == 4
    assert "there is no film at" in capsys.readouterr().err


def test_the_peer_has_the_size_and_the_warps_of_its_model() -> None:
    model = rife_shaped.build_network(64, 32)
    weights = sum(int(np.prod(weight.dims)) for weight in model.graph.initializer)
    assert 5_200_000 < weights < 5_400_000
    operators = [node.op_type for node in model.graph.node]
    assert operators.count("GridSample") == 8
    assert operators.count("ConvTranspose") == 4
    assert operators.count("Conv") == 4 * (2 + 8)


def test_the_peer_runs_and_is_kept(tmp_path: Path) -> None:
    path = rife_shaped.save_network(64, 32, tmp_path)
    first = path.stat().st_mtime_ns
    assert rife_shaped.save_network(64, 32, tmp_path).stat().st_mtime_ns == first
    onnx.checker.check_model(onnx.load(path))
    rgb = vs.core.std.BlankClip(width=64, height=32, format=vs.RGBS, color=[0.2, 0.4, 0.6], length=1)
    half = vs.core.std.BlankClip(width=64, height=32, format=vs.GRAYS, color=0.5, length=1)
    with signal_stack_kept():
        made = vs.core.ov.Model([rgb, rgb, half], str(path), device="CPU")
    with made.get_frame(0) as frame:
        # Two equal flat pictures blend to themselves, wherever noise moves their pixels.
        assert [float(frame[plane][16, 32]) for plane in range(3)] == pytest.approx([0.2, 0.4, 0.6], abs=0.01)
