from __future__ import annotations

import hashlib
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import vapoursynth as vs
from numpy.typing import NDArray
from safetensors.torch import save_file

from export.cels import Scene, Sketch, random_scene, render
from export.cels.generate import Mix, everywhere
from export.cels.rig import Joint, Sway, parameters
from export.cels.stills import picture, still
from export.cels.textures import Texture
from export.halving import halve
from export.networks import NETWORKS
from export.networks.layers import fetch
from export.networks.luma import double
from export.openvino_run import run_openvino
from export.parity import compare_loosely, run_half
from export.picture_losses import luma
from export.tasks import TASKS, psnr
from export.to_onnx import (
    OPSET,
    PARITY,
    Card,
    export,
    export_onnx,
    load_network,
    parity,
    read_weights,
    run_onnxruntime,
    run_torch,
)
from export.worn import WEAR, Wear, worn

#: Pairs whose small picture nothing, or one codec at a rate of bad web releases, has touched.
CLEAN = replace(WEAR, clean=1.0, tiled=0.0)
DAMAGED = replace(CLEAN, clean=0.0, rates={"x264": (28, 28)})
MODELS = Path(__file__).parents[2] / "vsainimotion" / "models"

#: Operators of our networks that TensorRT's published ONNX table lists (onnx-tensorrt, docs/operators.md).
TENSORRT = {
    "Abs", "Add", "AveragePool", "Cast", "Clip", "Concat", "Constant", "Conv", "ConvTranspose", "DepthToSpace", "Div",
    "Expand", "Gather", "GridSample", "LeakyRelu", "MaxPool", "Mul", "Neg", "Pad", "Pow", "Range",
    "Reciprocal", "ReduceMax", "ReduceMean", "ReduceSum", "Reshape", "Resize", "Shape",
    "Sigmoid", "Slice", "Softmax", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "Sub", "Transpose", "Unsqueeze",
}  # fmt: skip

pytestmark = [
    # Raised inside torch's exporter by its own use of its own interfaces.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


#: These are compact and layered-small with other weights and more of them, and an export takes ten seconds.
EXPORTED = [
    # A hundred seconds of a busy core: it has many times the operators of the others.
    pytest.param(name, marks=pytest.mark.slow) if name == "layered-small" else name
    for name in sorted(set(NETWORKS) - {"layered-large"})
]


@pytest.fixture(scope="module", params=EXPORTED)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Export a network whose weights have been shaken, so that every path in it counts."""
    name, folder = str(request.param), tmp_path_factory.mktemp("onnx")
    torch.manual_seed(1)
    network = TASKS[name].network()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)
    weights = {key: value.contiguous() for key, value in network.state_dict().items()}
    save_file(weights, folder / "weights.safetensors", metadata={"steps": "3"})
    export(name, folder / "weights.safetensors", folder)
    return name, folder


def _planes(name: str, rows: int, columns: int, seed: int = 0) -> NDArray[np.float32]:
    multiple = max(16, NETWORKS[name].size_multiple)
    shape = (1, NETWORKS[name].planes, rows * multiple, columns * multiple)
    planes = np.random.default_rng(seed).random(shape, dtype=np.float32)
    if NETWORKS[name].task == "interpolate":
        planes[:, 6] = 0.25
    return planes


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (5, 3), (9, 16)])
def test_runtimes_agree_with_torch_at_any_size(exported: tuple[str, Path], rows: int, columns: int) -> None:
    name, folder = exported
    network = load_network(name, read_weights(folder / "weights.safetensors")[0])
    differences = parity(network, folder / f"{name}.onnx", _planes(name, rows, columns))
    assert max(differences.values()) <= PARITY


def test_only_operators_that_tensorrt_lists(exported: tuple[str, Path]) -> None:
    name, folder = exported
    model = onnx.load(folder / f"{name}.onnx")
    assert {node.op_type for node in model.graph.node} <= TENSORRT
    assert model.opset_import[0].version == OPSET


def test_a_flow_network_ends_without_a_warp(exported: tuple[str, Path]) -> None:
    name, folder = exported
    model = onnx.load(folder / f"{name}.onnx")
    makers = {output: node for node in model.graph.node for output in node.output}
    waiting, after = [model.graph.output[0].name], set()
    while waiting:
        node = makers.get(waiting.pop())
        if node is not None and node.op_type not in ("DepthToSpace", "Resize"):
            after.add(node.op_type)
            waiting += node.input
    # A frame network makes the picture itself, of what it samples.
    assert "GridSample" not in after or NETWORKS[name].kind == "frame"
    assert "ConvTranspose" not in {node.op_type for node in model.graph.node} or NETWORKS[name].kind == "rgb"


def _card_fields() -> set[str]:
    return {field.name for field in fields(Card)}


def _check_card(card: dict[str, object], folder: Path) -> None:
    assert set(card) | {"base", "motion"} == _card_fields()
    assert card["sha256"] == hashlib.sha256((folder / str(card["file"])).read_bytes()).hexdigest()
    assert card["task"] in ("interpolate", "upscale")
    assert card["kind"] in ("flow", "fusion", "frame", "luma", "rgb")
    assert card["timesteps"] in (("any", "half") if card["task"] == "interpolate" else ("none",))
    assert all(card[name] for name in ("description", "licence", "origin", "parameters", "precision"))


def test_the_card_is_complete(exported: tuple[str, Path]) -> None:
    name, folder = exported
    card = tomllib.loads((folder / f"{name}.toml").read_text())
    _check_card(card, folder)
    assert "runs/weights.toml, 3 steps" in card["origin"]


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_network_has_its_card(path: Path) -> None:
    card = tomllib.loads(path.read_text())
    assert card["name"] == path.stem
    if card["name"] in NETWORKS:
        _check_card(card, MODELS)


def _vapoursynth(plugin: str, path: Path, planes: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Run a network as the product does: planes in as clips, each output plane back as a clip."""
    height, width = planes.shape[2:]
    core = vs.core
    blank = core.std.BlankClip(None, width, height, vs.GRAYS, 1, keep=True)

    def clip(plane: NDArray[np.float32]) -> vs.VideoNode:
        def paint(n: int, f: vs.VideoFrame) -> vs.VideoFrame:  # noqa: ARG001 - the plugin's signature
            frame = f.copy()
            np.copyto(np.asarray(frame[0]), plane)
            return frame

        return core.std.ModifyFrame(blank, blank, paint)

    inputs = [clip(plane) for plane in planes[0]]
    # OpenVINO computes in bf16 where the processor can, unless it is told not to.
    exact = {"ov": {"config": lambda: {"INFERENCE_PRECISION_HINT": "f32"}}, "ort": {}}
    model = getattr(core, plugin).Model
    found = model(inputs, network_path=str(path), flexible_output_prop="plane", **exact[plugin])
    count = found["num_planes"]
    outputs = [core.std.PropToClip(found["clip"], prop=f"plane{index}") for index in range(count)]
    return [np.asarray(output.get_frame(0)[0]).copy() for output in outputs]


@pytest.mark.parametrize("plugin", ["ov", "ort"])
def test_the_plugins_compute_the_same(exported: tuple[str, Path], plugin: str) -> None:
    name, folder = exported
    network = load_network(name, read_weights(folder / "weights.safetensors")[0])
    planes = _planes(name, 3, 4)
    wanted = run_torch(network, planes)
    found = _vapoursynth(plugin, folder / f"{name}.onnx", planes)
    assert len(found) == wanted.shape[1]
    assert np.abs(np.stack(found) - wanted[0]).max() <= PARITY


def test_half_precision_loses_nothing_that_shows(exported: tuple[str, Path]) -> None:
    name, folder = exported
    planes = _planes(name, 3, 4)
    wanted = run_onnxruntime(folder / f"{name}.onnx", planes)
    proofs = list(compare_loosely("fp16", NETWORKS[name].kind, run_half(folder / f"{name}.onnx", planes), wanted))
    assert proofs
    assert all(proof.holds for proof in proofs), proofs


class _Fetch(torch.nn.Module):
    """Fetches a picture along a flow of which one is 20 pixels."""

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        return fetch(planes[:, :3], 20.0 * planes[:, 3:5])


@pytest.mark.parametrize("named", [True, False])
def test_places_are_exact_in_half_precision(tmp_path: Path, *, named: bool) -> None:
    description = replace(NETWORKS["compact"], planes=5, size_multiple=2)
    export_onnx(_Fetch(), description, tmp_path / "fetch.onnx")
    if not named:
        model = onnx.load(tmp_path / "fetch.onnx")
        for node in model.graph.node:
            node.name = ""
        onnx.save(model, tmp_path / "fetch.onnx")
    # Stripes as fine as they come: half a pixel off, they would be grey.
    stripes = np.broadcast_to(np.arange(1024) // 2 % 2, (3, 16, 1024))
    flow = np.stack([np.full((16, 1024), 0.3125), np.zeros((16, 1024))])
    planes = np.concatenate([stripes, flow])[None].astype(np.float32)
    wanted = run_onnxruntime(tmp_path / "fetch.onnx", planes)
    assert np.abs(run_half(tmp_path / "fetch.onnx", planes) - wanted).max() < 0.01


@pytest.mark.parametrize(("off", "holds"), [(0.02, True), (0.2, False)])
def test_a_flow_that_is_off_is_past_its_limit(off: float, *, holds: bool) -> None:
    wanted = np.zeros((1, 6, 8, 8), np.float32)
    made = wanted.copy()
    made[:, :4] = off
    assert [proof.holds for proof in compare_loosely("x", "flow", made, wanted)] == [holds, True]
    assert [proof.holds for proof in compare_loosely("x", "luma", wanted + off / 10, wanted)] == [holds]


def test_a_checkpoint_serves_in_place_of_weights(tmp_path: Path) -> None:
    network = TASKS["luma-fast"].network()
    torch.save({"step": 12, "average": network.state_dict()}, tmp_path / "checkpoint.pt")
    weights, made = read_weights(tmp_path / "checkpoint.pt")
    assert made == f"export/train.py, export/runs/{tmp_path.name}.toml, 12 steps"
    assert set(weights) == set(network.state_dict())


@pytest.mark.skipif(not (MODELS / "flow-fast.onnx").exists(), reason="flow-fast is not shipped")
def test_the_shipped_flow_network_leaves_equal_pictures_alone() -> None:
    planes = []
    for seed in (2, 5, 9):
        picture = render(random_scene(seed), 1, 0.5, (96, 96)).transpose(2, 0, 1).astype(np.float32) / 255
        planes.append(np.concatenate([picture, picture, np.full((1, 96, 96), 0.5, np.float32)])[None])
    for each in planes:
        flow = run_openvino(MODELS / "flow-fast.onnx", each)[0, :4]
        assert (flow == 0).mean() > 0.97


@pytest.mark.skipif(not (MODELS / "flow-fast.onnx").exists(), reason="flow-fast is not shipped")
@pytest.mark.parametrize("speed", [(6.0, 0.0), (0.0, 6.0), (-14.0, 0.0)])
def test_the_shipped_flow_network_follows_a_pan(speed: tuple[float, float]) -> None:
    wall = Sketch().fill(everywhere(), Texture(0, 0.8))
    pan = Joint(motion=Sway(drift=parameters(*speed)))
    scene = Scene(width=128, height=96, pieces=[wall.piece(pan, everywhere())])
    pair = [render(scene, frame, 0.0, (128, 96)).transpose(2, 0, 1).astype(np.float32) / 255 for frame in (0, 1)]
    planes = np.concatenate([*pair, np.full((1, 96, 128), 0.5, np.float32)])[None]
    flow = run_openvino(MODELS / "flow-fast.onnx", planes)[0, :4, 16:-16, 16:-16]
    half = np.array(speed) / 2
    assert np.allclose(np.median(flow, axis=(1, 2)), (*-half, *half), atol=0.5)


def _shipped(name: str, small: torch.Tensor) -> NDArray[np.float32]:
    """Return a picture at twice the size by a shipped network, the kernel it is added to included."""
    found = run_onnxruntime(MODELS / f"{name}.onnx", small.numpy())[0, 0]
    base = 0 if NETWORKS[name].base is None else double(small)[0, 0].numpy()
    return np.asarray(found + base, dtype=np.float32)


@pytest.mark.parametrize(("name", "least"), [("luma-fast", 1.1), ("luma", 1.3)])
def test_the_shipped_luma_networks_do_not_shift_and_beat_spline36(name: str, least: float) -> None:
    gains = []
    for seed in (2_000_000_001, 2_000_000_004):
        large = torch.from_numpy(still(seed, 128).astype(np.float32) / 255)[None, None]
        small = halve(large)
        wanted, plain = large[0, 0].numpy(), double(small)[0, 0].numpy()
        found = _shipped(name, small)
        # A shifted result would fit better when it is moved back.
        errors = {
            (y, x): float(np.square(np.roll(found, (y, x), (0, 1)) - wanted)[4:-4, 4:-4].mean())
            for y in (-1, 0, 1) for x in (-1, 0, 1)
        }  # fmt: skip
        assert min(errors, key=errors.__getitem__) == (0, 0)
        sides = [abs(errors[0, 1] - errors[0, -1]) / errors[0, 1], abs(errors[1, 0] - errors[-1, 0]) / errors[1, 0]]
        assert max(sides) < 0.2
        gains.append(np.square(plain - wanted).mean() / np.square(found - wanted).mean())
    assert min(gains) > least


@pytest.mark.parametrize("name", ["luma-fast", "luma"])
def test_the_shipped_luma_networks_keep_a_level(name: str) -> None:
    for level in (0.0, 0.1, 0.5, 0.9, 1.0):
        flat = torch.full((1, 1, 24, 24), level)
        assert np.abs(_shipped(name, flat) - level).max() < 1 / 255


def _restored(small: torch.Tensor) -> torch.Tensor:
    """Return (1, 3, H, W) at twice the size by the shipped restoring network."""
    found = run_onnxruntime(MODELS / "compact.onnx", small.numpy())
    return torch.from_numpy(found) + double(small)


def test_the_shipped_restoring_network_keeps_colours() -> None:
    for colour in ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.9, 0.2, 0.1), (0.1, 0.4, 0.8)):
        flat = torch.tensor(colour)[None, :, None, None].expand(1, 3, 48, 48).contiguous()
        assert float((_restored(flat) - torch.tensor(colour)[None, :, None, None]).abs().max()) < 1.5 / 255


@pytest.mark.parametrize(("wear", "least_db"), [(CLEAN, 2.0), (DAMAGED, 0.6)], ids=["clean", "damaged"])
def test_the_shipped_restoring_network_mends_and_leaves_what_is_clean_clean(wear: Wear, least_db: float) -> None:
    stills = np.stack([picture(seed, 256, Mix(plain=1.0)) for seed in range(2_000_000_001, 2_000_000_007)])
    gains = []
    for pair in worn(stills, np.random.default_rng(3), wear):
        small, large = (
            torch.from_numpy(pair[name]).permute(2, 0, 1)[None].float() / 255 for name in ("small", "large")
        )
        gains.append(psnr(luma(_restored(small)), luma(large)) - psnr(luma(double(small)), luma(large)))
    assert np.mean(gains) > least_db
    assert min(gains) > 0
