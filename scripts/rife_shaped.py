"""A network of the shape of RIFE 4.6 with random weights: the full-frame peer that the benchmark measures against.

It has the layers, sizes and warps of IFNet as RIFE 4.6 publishes them, so that it costs what that network costs; its
weights are noise, so its pictures mean nothing. Needs onnx, from the development environment.

Reference: Huang et al., Real-Time Intermediate Flow Estimation for Video Frame Interpolation, arXiv:2011.06294.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

NAME = "RIFE-4.6-shaped, random weights"
MULTIPLE_PX = 32
"""Width and height must be multiples of this: the coarsest block works at 1/8 and strides by 4."""

_BLOCKS = ((192, 8), (128, 4), (96, 2), (64, 1))
"""Channels of each block and the scale at which it looks, coarse to fine."""
_RESIDUAL_LAYERS = 8
_OPSET = 17

Array = npt.NDArray[np.float32] | npt.NDArray[np.int64]


class _Graph:
    """Collects nodes and weights; every method returns the name of the tensor it makes."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}
        self._random = np.random.default_rng(46)
        across = np.linspace(-1, 1, width, dtype=np.float32)
        down = np.linspace(-1, 1, height, dtype=np.float32)
        self._base = self.constant(np.stack(np.meshgrid(across, down))[None].astype(np.float32))

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: int | float | str | list[int]) -> str:
        """Adds one operator with one output."""
        name = name or f"t{len(self.nodes)}"
        node = helper.make_node(operator, list(inputs), [name])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return name

    def constant(self, value: Array) -> str:
        """Keeps an array as a weight."""
        name = f"w{len(self.weights)}"
        self.weights[name] = numpy_helper.from_array(value, name)
        return name

    def noise(self, *shape: int) -> str:
        """A weight of small random numbers."""
        fan_in = int(np.prod(shape[1:])) or 1
        return self.constant((self._random.standard_normal(shape) * (0.5 / fan_in) ** 0.5).astype(np.float32))

    def scalar(self, value: float) -> str:
        """A single number."""
        return self.constant(np.array(value, np.float32))

    def convolution(self, source: str, channels: tuple[int, int], *, stride: int) -> str:
        """A 3x3 convolution, from and to a number of channels."""
        inward, outward = channels
        weights = (self.noise(outward, inward, 3, 3), self.noise(outward))
        return self.add("Conv", source, *weights, pads=[1, 1, 1, 1], strides=[stride, stride])

    def leaky(self, source: str) -> str:
        """The network's activation."""
        return self.add("LeakyRelu", source, alpha=0.2)

    def resize(self, source: str, factor: float) -> str:
        """Bilinear scaling of height and width."""
        if factor == 1:
            return source
        scales = self.constant(np.array([1, 1, factor, factor], np.float32))
        return self.add("Resize", source, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")

    def planes(self, source: str, start: int, stop: int) -> str:
        """Channels `start` to `stop`."""
        edges = (self.constant(np.array([value], np.int64)) for value in (start, stop, 1))
        return self.add("Slice", source, *edges)

    def join(self, *sources: str) -> str:
        """Puts channels one after another."""
        return self.add("Concat", *sources, axis=1)

    def warp(self, image: str, flow: str) -> str:
        """Fetches an image's pixels along a flow in pixels, (N, 2, H, W)."""
        size = np.array([2 / (self.width - 1), 2 / (self.height - 1)], np.float32).reshape(1, 2, 1, 1)
        grid = self.add("Add", self.add("Mul", flow, self.constant(size)), self._base)
        grid = self.add("Transpose", grid, perm=[0, 2, 3, 1])
        return self.add("GridSample", image, grid, mode="bilinear", padding_mode="border", align_corners=1)


def _block(graph: _Graph, source: str, inward: int, channels: int) -> str:
    """One IFBlock at its own scale: (N, inward, h, w) to (N, 5, h, w), four flow planes and a mask."""
    x = graph.leaky(graph.convolution(source, (inward, channels // 2), stride=2))
    x = graph.leaky(graph.convolution(x, (channels // 2, channels), stride=2))
    for _ in range(_RESIDUAL_LAYERS):
        inner = graph.convolution(x, (channels, channels), stride=1)
        scaled = graph.add("Mul", inner, graph.noise(1, channels, 1, 1))
        x = graph.leaky(graph.add("Add", scaled, x))
    weights = (graph.noise(channels, 24, 4, 4), graph.noise(24))
    x = graph.add("ConvTranspose", x, *weights, pads=[1, 1, 1, 1], strides=[2, 2])
    return graph.planes(graph.add("DepthToSpace", x, blocksize=2, mode="CRD"), 0, 5)


def build_network(width: int, height: int) -> onnx.ModelProto:
    """Builds the network for one size.

    Args:
        width: Width in pixels, a multiple of `MULTIPLE_PX`.
        height: Height in pixels, likewise.

    Returns:
        A model with one input `input`, (1, 7, H, W) float32: RGB of a, RGB of b in [0, 1] and the timestep; and one
        output, (1, 3, H, W) float32.
    """
    graph = _Graph(width, height)
    first, second = graph.planes("input", 0, 3), graph.planes("input", 3, 6)
    timestep = graph.planes("input", 6, 7)
    warped = (first, second)
    flow = mask = ""
    for channels, scale in _BLOCKS:
        if flow:
            small = graph.resize(graph.join(*warped, timestep, mask), 1 / scale)
            small_flow = graph.add("Div", graph.resize(flow, 1 / scale), graph.scalar(scale))
            update = _block(graph, graph.join(small, small_flow), 12, channels)
        else:
            update = _block(graph, graph.resize("input", 1 / scale), 7, channels)
        update = graph.resize(update, scale)
        moved = graph.add("Mul", graph.planes(update, 0, 4), graph.scalar(scale))
        flow = graph.add("Add", flow, moved) if flow else moved
        seen = graph.planes(update, 4, 5)
        mask = graph.add("Add", mask, seen) if mask else seen
        warped = (graph.warp(first, graph.planes(flow, 0, 2)), graph.warp(second, graph.planes(flow, 2, 4)))
    share = graph.add("Sigmoid", mask)
    rest = graph.add("Sub", graph.scalar(1), share)
    graph.add("Add", graph.add("Mul", warped[0], share), graph.add("Mul", warped[1], rest), name="output")
    outer = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, planes, height, width])
        for name, planes in (("input", 7), ("output", 3))
    ]
    body = helper.make_graph(graph.nodes, NAME, outer[:1], outer[1:], list(graph.weights.values()))
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def save_network(width: int, height: int, folder: Path) -> Path:
    """Writes the network for one size, unless it is there from an earlier run.

    Args:
        width: Width in pixels, a multiple of `MULTIPLE_PX`.
        height: Height in pixels, likewise.
        folder: Where to keep it.

    Returns:
        The .onnx file.
    """
    path = folder / f"rife-4.6-shaped-random-{width}x{height}.onnx"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        onnx.save(build_network(width, height), beside)
        beside.replace(path)
    return path
