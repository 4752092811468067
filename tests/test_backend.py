"""What runs networks: which is chosen, what it answers, and only when it is asked."""

import gc
from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs
from numpy.typing import NDArray

from tests.conftest import read_signal_stack
from vsainimotion.backend import choose_backend, probe_backend, run_network
from vsainimotion.errors import ArgumentError, InputError, MissingError, UnknownNameError
from vsainimotion.models import Card, load_card
from vsainimotion.models.runtimes import BACKENDS

NETWORKS = Path(__file__).parent / "models" / "networks"
CPU = ("openvino", "onnxruntime")


def card(name: str) -> Card:
    return load_card(NETWORKS / f"{name}.toml")


def pattern(width: int, height: int, *, length: int = 2, fmt: int = vs.GRAYS) -> vs.VideoNode:
    """A clip without symmetry: no two of its pixels near each other are alike."""
    blank = vs.core.std.BlankClip(width=width, height=height, format=vs.GRAYS, length=length)
    planes = [blank.akarin.Expr(f"X 7 * Y 13 * + N 31 * + {k} 57 * + 256 % 255 /") for k in range(3)]
    return planes[0] if fmt == vs.GRAYS else vs.core.std.ShufflePlanes(planes, [0, 0, 0], vs.RGB)


def plane(clip: vs.VideoNode, index: int = 0, frame: int = 0) -> NDArray[np.float32]:
    with clip.get_frame(frame) as got:
        return np.array(got[index], dtype=np.float32)


def bilinear_with_black_border(source: NDArray[np.float32]) -> NDArray[np.float32]:
    """Twice the size, centred, with zeros outside: what the fixture network computes."""
    padded = np.pad(source, 1).astype(np.float64)
    rows = np.empty((2 * source.shape[0], padded.shape[1]))
    rows[0::2] = 0.25 * padded[:-2] + 0.75 * padded[1:-1]
    rows[1::2] = 0.75 * padded[1:-1] + 0.25 * padded[2:]
    out = np.empty((rows.shape[0], 2 * source.shape[1]))
    out[:, 0::2] = 0.25 * rows[:, :-2] + 0.75 * rows[:, 1:-1]
    out[:, 1::2] = 0.75 * rows[:, 1:-1] + 0.25 * rows[:, 2:]
    return out.astype(np.float32)


@pytest.mark.parametrize("name", CPU)
def test_a_luma_network_computes_what_arithmetic_says(name: str) -> None:
    clip = pattern(33, 17)
    large = run_network([clip], card("bilinear-1"), choose_backend(name))
    assert (large.width, large.height, large.num_frames) == (66, 34, 2)
    wanted = bilinear_with_black_border(plane(clip, frame=1))
    np.testing.assert_allclose(plane(large, frame=1), wanted, rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", CPU)
def test_an_rgb_network_keeps_its_planes_apart_and_in_order(name: str) -> None:
    clip = pattern(20, 12, fmt=vs.RGBS)
    large = run_network([clip], card("bilinear-3"), choose_backend(name))
    for index in range(3):
        wanted = bilinear_with_black_border(plane(clip, index))
        np.testing.assert_allclose(plane(large, index), wanted, rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", CPU)
def test_a_flow_network_returns_each_plane_as_a_clip(name: str) -> None:
    rgb = pattern(20, 12, fmt=vs.RGBS)
    other = rgb.std.FlipHorizontal()
    time = vs.core.std.BlankClip(width=20, height=12, format=vs.GRAYS, length=2, color=0.25)
    planes = run_network([rgb, other, time], card("flow-linear"), choose_backend(name), flexible=True)
    assert len(planes) == 6
    for index, got in enumerate(planes):
        source = plane(rgb, index) if index < 3 else plane(other, index - 3)
        # OpenVINO may run a flow network in bfloat16, which has 8 bits: 1/256 of the largest value.
        np.testing.assert_allclose(plane(got), source * (index + 1) + 0.25, rtol=2**-7, atol=2**-9)


@pytest.mark.parametrize("tilesize", [40, (64, 200), (214, 34)])
@pytest.mark.parametrize("name", CPU)
def test_tiles_leave_no_seam(name: str, tilesize: int | tuple[int, int]) -> None:
    clip, choice, deep = pattern(213, 101), choose_backend(name), card("deep")
    whole = plane(run_network([clip], deep, choice))
    tiled = plane(run_network([clip], deep, choice, tilesize=tilesize))
    assert whole.std() > 0.05
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-5)


def test_without_overlap_the_seams_are_there_so_the_test_above_can_fail() -> None:
    clip, choice, deep = pattern(213, 101), choose_backend("openvino"), card("deep")
    whole = plane(run_network([clip], deep, choice))
    tiled = plane(run_network([clip], deep, choice, tilesize=40, overlap=0))
    assert np.abs(tiled - whole).max() > 0.1


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (5, 4), (7, 2)])
def test_odd_and_tiny_sizes_are_padded_and_cropped_back(size: tuple[int, int]) -> None:
    clip = pattern(*size)
    deep = run_network([clip], card("deep"), choose_backend("openvino"))
    assert (deep.width, deep.height) == (2 * size[0], 2 * size[1])
    assert np.isfinite(plane(deep)).all()
    exact = run_network([clip], card("bilinear-1"), choose_backend("openvino"))
    np.testing.assert_allclose(plane(exact), bilinear_with_black_border(plane(clip)), rtol=0, atol=2e-6)


def test_the_padding_mirrors_the_picture() -> None:
    clip = pattern(5, 4)
    mirrored = vs.core.std.StackHorizontal([clip, clip.std.CropAbs(width=1, height=4, left=4)])
    choice, deep = choose_backend("openvino"), card("deep")
    wanted = plane(run_network([mirrored], deep, choice))[:, :10]
    np.testing.assert_allclose(plane(run_network([clip], deep, choice)), wanted, rtol=0, atol=1e-6)


def test_properties_of_the_first_clip_are_kept() -> None:
    clip = pattern(8, 8).std.SetFrameProps(Mine=7, _Range=1)
    with run_network([clip], card("bilinear-1"), choose_backend("openvino")).get_frame(0) as frame:
        assert frame.props["Mine"] == 7
        assert frame.props["_Range"] == 1


def test_a_frame_that_nobody_asks_for_is_never_computed() -> None:
    asked: list[int] = []

    def count(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        asked.append(n)
        return f

    clip = pattern(8, 8, length=12)
    counted = clip.std.ModifyFrame(clip, count)
    large = run_network([counted], card("bilinear-1"), choose_backend("openvino"))
    plain = clip.resize.Bilinear(width=16, height=16)
    chosen = vs.core.akarin.Select([plain, large], [clip], "N 4 % 0 = 1 0 ?")
    for frame in chosen.frames(close=True):
        assert frame.width == 16
    assert sorted(asked) == [0, 4, 8]


@pytest.mark.parametrize(
    ("clips", "name", "rule"),
    [
        ([], "deep", "got none"),
        ([pattern(8, 8, fmt=vs.RGBS)], "deep", "with 1 planes in all for network 'deep' .got 8x8 RGBS"),
        ([pattern(8, 8).resize.Point(format=vs.GRAY8)], "deep", "got 8x8 Gray8"),
        ([pattern(8, 8), pattern(8, 9), pattern(8, 8)], "bilinear-3", "of one size and length"),
        ([pattern(8, 8), pattern(8, 8, length=3), pattern(8, 8)], "bilinear-3", "of one size and length"),
    ],
)
def test_clips_that_do_not_suit_the_network_are_refused(clips: list[vs.VideoNode], name: str, rule: str) -> None:
    with pytest.raises(ArgumentError, match=rule):
        run_network(clips, card(name), choose_backend("openvino"))


def test_a_card_with_the_wrong_scale_is_refused() -> None:
    values = {field: getattr(card("bilinear-1"), field) for field in Card.__dataclass_fields__}
    wrong = Card(**(values | {"scale": 4}))
    with pytest.raises(InputError, match="made 16x16 of 8x8, where its card says scale 4"):
        run_network([pattern(8, 8)], wrong, choose_backend("openvino"))


def test_a_file_that_the_backend_cannot_read_is_an_input_error(tmp_path: Path) -> None:
    import hashlib

    data = b"no network at all"
    (tmp_path / "deep.onnx").write_bytes(data)
    values = {field: getattr(card("deep"), field) for field in Card.__dataclass_fields__}
    broken = Card(**(values | {"folder": tmp_path, "sha256": hashlib.sha256(data).hexdigest()}))
    with pytest.raises(InputError, match="openvino cannot run network 'deep'"):
        run_network([pattern(8, 8)], broken, choose_backend("openvino"))


def test_auto_takes_the_first_that_works_and_says_why_not_the_others() -> None:
    choice = choose_backend("auto")
    working = [name for name in BACKENDS if probe_backend(name) is None]
    assert choice.name == working[0]
    assert choice.why.startswith(f"{choice.name}: {BACKENDS[choice.name].runs_on}; the first that works")
    for name in list(BACKENDS)[: list(BACKENDS).index(choice.name)]:
        assert f"; {name} {probe_backend(name)}" in choice.why
    assert choose_backend(None) == choice


@pytest.mark.parametrize("name", CPU)
def test_the_backends_of_the_core_installation_work(name: str) -> None:
    assert probe_backend(name) is None
    assert choose_backend(name).why == f"{name}: {BACKENDS[name].runs_on}, as asked"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("tensorrt", r"pip install 'vsainimotion\[tensorrt\]'"),
        ("cuda", r"pip install 'vsainimotion\[cuda\]'"),
        ("ncnn", r"pip install 'vsainimotion\[ncnn\]'"),
    ],
)
def test_a_backend_that_is_missing_says_what_brings_it(name: str, line: str) -> None:
    if probe_backend(name) is None:
        pytest.skip(f"{name} works here")
    with pytest.raises(MissingError, match=rf"backend '{name}' .* is .*What it needs comes with: {line}$"):
        choose_backend(name)


def test_an_unknown_backend_lists_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"no backend 'vulkan'\. Backends: auto, tensorrt, cuda, openvino"):
        choose_backend("vulkan")


def test_networks_freed_in_the_order_they_were_opened_leave_signals_their_stack() -> None:
    before = read_signal_stack()
    clip = vs.core.std.BlankClip(width=64, height=32, format=vs.GRAYS, length=1)
    opened = [run_network([clip], card("bilinear-1"), choose_backend("openvino")) for _ in range(2)]
    assert read_signal_stack() == before
    while opened:
        opened.pop(0)
        gc.collect()
    assert read_signal_stack() == before


def test_an_object_of_vs_jetpack_is_taken_as_it_is() -> None:
    from vsscale.mlrt.backend.ov import OV_CPU

    mine = OV_CPU(fp16=False, num_streams=1, num_threads=1)
    choice = choose_backend(mine)
    assert (choice.name, choice.backend) == ("custom", mine)
    clip = pattern(33, 17)
    large = run_network([clip], card("bilinear-1"), choice)
    np.testing.assert_allclose(plane(large), bilinear_with_black_border(plane(clip)), rtol=0, atol=2e-6)


def test_what_is_neither_a_name_nor_an_object_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"'backend' must be one of tensorrt.*\(got 3\)"):
        choose_backend(3)  # type: ignore[arg-type]


def test_a_pictures_own_values_are_never_computed_in_bfloat16() -> None:
    """bfloat16 would put 0.50098 at 0.5 or 0.5039; the network returns 0.75 of it and 0.25 of it, summed."""
    clip = vs.core.std.BlankClip(width=16, height=16, format=vs.GRAYS, length=1, color=513 / 1024)
    inner = plane(run_network([clip], card("bilinear-1"), choose_backend("openvino")))[8, 8]
    assert abs(float(inner) - 513 / 1024) < 1e-6
