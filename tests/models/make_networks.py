"""Makes the small networks that the tests run, with known answers. Needs onnx and numpy; the tests need neither onnx.

Run from the repository root: `python tests/models/make_networks.py`. It writes tests/models/networks/*.onnx with their
cards, and vsainimotion/models/probe.onnx. Weights come from a fixed seed or from arithmetic, so that a second run
writes the same bytes.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
NETWORKS = HERE / "networks"
PROBE = HERE.parent.parent / "vsainimotion" / "models" / "probe.onnx"
OPSET = 17


def save(
    path: Path,
    planes: int,
    outputs: int,
    nodes: list[onnx.NodeProto],
    weights: dict[str, np.typing.NDArray[np.float32]],
) -> None:
    """Writes a network with one dynamic input `input` and one output `output`."""

    def value(name: str, channels: int, height: str, width: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, height, width])

    graph = helper.make_graph(
        nodes,
        path.stem,
        [value("input", planes, "h", "w")],
        [value("output", outputs, "H", "W")],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="vsainimotion-tests")
    model.ir_version = 8
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def conv(
    source: str, target: str, weight: str, *, bias: str | None = None, size: int = 3, step: int = 1
) -> onnx.NodeProto:
    """A convolution padded to keep the size (over its step)."""
    inputs = [source, weight] + ([bias] if bias else [])
    pad = [size // 2] * 4
    return helper.make_node("Conv", inputs, [target], kernel_shape=[size, size], pads=pad, strides=[step, step])


def shuffle(source: str, target: str, scale: int) -> onnx.NodeProto:
    """Channels become pixels."""
    return helper.make_node("DepthToSpace", [source], [target], blocksize=scale, mode="CRD")


def bilinear_taps() -> np.typing.NDArray[np.float32]:
    """The four 3x3 kernels of a centred 2x bilinear enlargement, (4, 1, 3, 3)."""
    near, far = 0.75, 0.25
    rows = np.array([[far, near, 0.0], [0.0, near, far]], dtype=np.float32)
    return np.array([np.outer(rows[y], rows[x]) for y in (0, 1) for x in (0, 1)], dtype=np.float32)[:, None]


def make_probe() -> None:
    """One plane: 0.5 x + 0.125, exact in every float type."""
    weights = {"w": np.full((1, 1, 1, 1), 0.5, np.float32), "b": np.array([0.125], np.float32)}
    save(PROBE, 1, 1, [conv("input", "output", "w", bias="b", size=1)], weights)


def make_bilinear(planes: int) -> None:
    """Twice the size, each plane on its own: the centred bilinear enlargement, with black outside the picture."""
    taps = np.zeros((4 * planes, planes, 3, 3), np.float32)
    for plane in range(planes):
        taps[4 * plane : 4 * plane + 4, plane : plane + 1] = bilinear_taps()
    nodes = [conv("input", "mixed", "w"), shuffle("mixed", "output", 2)]
    save(NETWORKS / f"bilinear-{planes}.onnx", planes, planes, nodes, {"w": taps})


def make_deep() -> None:
    """One plane at twice the size through five 3x3 convolutions with a stride of 2 among them: even sizes only."""
    rng = np.random.default_rng(1)
    channels = 6

    def kernel(out: int, into: int) -> np.typing.NDArray[np.float32]:
        drawn = rng.standard_normal((out, into, 3, 3), dtype=np.float32)
        return np.asarray(drawn / np.sqrt(9 * into), np.float32)

    weights = {"w0": kernel(channels, 1), "w1": kernel(channels, channels), "w2": kernel(channels, channels)}
    weights |= {"w3": kernel(4 * channels, channels), "w4": kernel(4, channels)}
    nodes = [
        conv("input", "a", "w0"),
        helper.make_node("Relu", ["a"], ["b"]),
        conv("b", "c", "w1", step=2),
        helper.make_node("Relu", ["c"], ["d"]),
        conv("d", "e", "w2"),
        conv("e", "f", "w3"),
        shuffle("f", "g", 2),
        conv("g", "h", "w4"),
        shuffle("h", "output", 2),
    ]
    save(NETWORKS / "deep.onnx", 1, 1, nodes, weights)


def make_difference() -> None:
    """One plane at twice the size that returns a difference only: one tenth of the plane, in pixels of 2x2."""
    taps = np.zeros((4, 1, 3, 3), np.float32)
    taps[:, 0, 1, 1] = 0.1
    nodes = [conv("input", "mixed", "w"), shuffle("mixed", "output", 2)]
    save(NETWORKS / "difference.onnx", 1, 1, nodes, {"w": taps})


def make_flow() -> None:
    """Seven planes to six: plane k of the output is plane k of the input times k + 1, and the timestep on top."""
    weight = np.zeros((6, 7, 1, 1), np.float32)
    for plane in range(6):
        weight[plane, plane] = plane + 1
        weight[plane, 6] = 1
    save(NETWORKS / "flow-linear.onnx", 7, 6, [conv("input", "output", "w", size=1)], {"w": weight})


def make_pan() -> None:
    """Seven planes to six: the exact flow of a picture that moves to the left by 4 pixels of the grid a frame."""
    weight = np.zeros((6, 7, 1, 1), np.float32)
    weight[[0, 2, 4], 6, 0, 0] = 4, 4, -1
    bias = np.array([0, 0, -4, 0, 1, 0.75], np.float32)
    nodes = [conv("input", "output", "w", bias="b", size=1)]
    save(NETWORKS / "flow-pan.onnx", 7, 6, nodes, {"w": weight, "b": bias})


def make_fusion(name: str, weights: list[float], confidence: float) -> None:
    """Thirteen planes to seven: the same weights of the six opinions everywhere."""
    bias = np.array([*weights, confidence], np.float32)
    nodes = [conv("input", "output", "w", bias="b", size=1)]
    save(NETWORKS / f"{name}.onnx", 13, 7, nodes, {"w": np.zeros((7, 13, 1, 1), np.float32), "b": bias})


def make_average() -> None:
    """Seven planes to three: the mean of both neighbours, whatever the timestep."""
    weight = np.zeros((3, 7, 1, 1), np.float32)
    for plane in range(3):
        weight[plane, [plane, plane + 3]] = 0.5
    save(NETWORKS / "frame-average.onnx", 7, 3, [conv("input", "output", "w", size=1)], {"w": weight})


def card(name: str, kind: str, overlap: int, **fields: object) -> None:
    """Writes the card beside a network."""
    task = "interpolate" if kind in ("flow", "fusion", "frame") else "upscale"
    planes = {"flow": 7, "fusion": 13, "frame": 7, "luma": 1, "rgb": 3}[kind]
    data = (NETWORKS / f"{name}.onnx").read_bytes()
    model = onnx.load_from_string(data)
    parameters = sum(int(np.prod(weight.dims)) for weight in model.graph.initializer)
    table = {
        "name": name, "task": task, "kind": kind, "file": f"{name}.onnx", "sha256": hashlib.sha256(data).hexdigest(),
        "planes": planes, "overlap": overlap, "licence": "MIT", "origin": "tests/models/make_networks.py",
        "opset": OPSET, "precision": "fp32", "parameters": parameters, "description": "For the tests.", **fields,
    }  # fmt: skip
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
    (NETWORKS / f"{name}.toml").write_text(text, encoding="utf-8")


def main() -> None:
    """Writes every network."""
    NETWORKS.mkdir(exist_ok=True)
    make_probe()
    make_bilinear(1)
    make_bilinear(3)
    make_deep()
    make_difference()
    make_flow()
    make_pan()
    make_average()
    make_fusion("fusion-after", [0, 1, 0, 0, 0, 0], 0.25)
    make_fusion("fusion-network", [0, 0, 0.5, 0.5, 0, 0], 0.5)
    make_fusion("fusion-blocks", [0, 0, 0, 0, 0.5, 0.5], 0.5)
    card("bilinear-1", "luma", 1, scale=2)
    card("bilinear-3", "rgb", 1, scale=2)
    # Reach in input pixels: 1 + 1, then 2 for each of the two at half resolution, then 1; rounded up to the stride.
    card("deep", "luma", 8, scale=2, size_multiple=2, size_minimum=[4, 4])
    card("difference", "luma", 1, scale=2, base="bilinear")
    card("flow-linear", "flow", 0, timesteps="any", analysis_height=136)
    card("flow-pan", "flow", 0, timesteps="any", analysis_height=136, size_multiple=8, size_minimum=[16, 16])
    card("frame-average", "frame", 0, timesteps="any")
    for name in ("fusion-after", "fusion-network", "fusion-blocks"):
        card(name, "fusion", 0, timesteps="any", analysis_height=136, size_multiple=8, motion="flow-pan")


if __name__ == "__main__":
    main()
