"""What a network weighs: its parameters, its megabytes, and its arithmetic for a picture, counted from its file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import vapoursynth as vs

from vsainimotion.models import Card, locate_network
from vsainimotion.motion import analysis_copy

core = vs.core

FULL = (1920, 1080)
HALF = (960, 540)
_PROBE_PX = 128
"""Side of the picture on which a network's arithmetic is counted; it grows with the area."""
_ELEMENT_TYPES = {1: np.float32, 10: np.float16}
"""ONNX's numbers for the types of our networks' inputs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Weight:
    """What is known of a network without running it for long."""

    parameters: int
    gflop: float
    """Multiplications and additions of its convolutions and matrix products for one picture, in 10^9."""
    size: tuple[int, int]
    """What it reads for that picture: width and height."""
    mb: float
    """Its file, in 10^6 bytes."""


def weigh(card: Card) -> Weight:
    """Weighs a network of the catalogue at 1080p: one middle frame, or 960x540 to 1920x1080."""
    if card.kind in ("flow", "fusion"):
        copy = analysis_copy(core.std.BlankClip(None, *FULL, vs.YUV420P8, length=1), card)
        size = (copy.width, copy.height)
    else:
        size = FULL if card.task == "interpolate" else HALF
    size = (_round_up(size[0], card.size_multiple), _round_up(size[1], card.size_multiple))
    path = locate_network(card)
    probe = _round_up(max(_PROBE_PX, *card.size_minimum), card.size_multiple)
    gflop = count_operations(path, (1, card.planes, probe, probe)) / probe**2 * size[0] * size[1] / 1e9
    return Weight(parameters=card.parameters, gflop=gflop, size=size, mb=path.stat().st_size / 1e6)


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def count_operations(path: Path, shape: tuple[int, ...]) -> int:
    """Counts the multiplications and additions of a network's convolutions and matrix products.

    The network runs once on zeros, so that shapes which it computes for itself are known, too. Sampling, resizing and
    everything that is done once for a value are not counted.

    Args:
        path: The ONNX file.
        shape: (N, C, H, W) of its one input.
    """
    model = onnx.load(path)
    nodes = [node for node in model.graph.node if node.op_type in _COUNTED]
    known = {output.name for output in model.graph.output}
    asked = dict.fromkeys(name for node in nodes for name in (node.output[0], node.input[0]))
    inside = [name for name in asked if name not in known and name != model.graph.input[0].name]
    for name in inside:
        model.graph.output.add().name = name
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    given = model.graph.input[0]
    zeros = np.zeros(shape, _ELEMENT_TYPES[given.type.tensor_type.elem_type])
    names = [output.name for output in session.get_outputs()]
    shapes = {name: value.shape for name, value in zip(names, session.run(names, {given.name: zeros}), strict=True)}
    shapes[given.name] = shape
    weights = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    return sum(2 * _COUNTED[node.op_type](node, shapes, weights) for node in nodes)


type _Shapes = Mapping[str, Sequence[int]]


def _count_convolution(node: onnx.NodeProto, shapes: _Shapes, weights: _Shapes) -> int:
    kernel = weights[node.input[1]]
    return int(np.prod(shapes[node.output[0]]) * np.prod(kernel[1:]))


def _count_transposed(node: onnx.NodeProto, shapes: _Shapes, weights: _Shapes) -> int:
    kernel = weights[node.input[1]]
    return int(np.prod(shapes[node.input[0]]) * np.prod(kernel[1:]))


def _count_product(node: onnx.NodeProto, shapes: _Shapes, _weights: _Shapes) -> int:
    return int(np.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1])


_COUNTED: Mapping[str, Callable[[onnx.NodeProto, _Shapes, _Shapes], int]] = {
    "Conv": _count_convolution,
    "ConvTranspose": _count_transposed,
    "MatMul": _count_product,
    "Gemm": _count_product,
}
"""Multiply-adds of a node, by its operator."""


def weigh_ncnn(stem: Path, size: tuple[int, int]) -> Weight:
    """Weighs a network in ncnn's form, for one picture of `size`.

    Its text lists layers with their blobs, weights (6) and strides (3). How large each blob is follows from the strides
    on the way to it; margins that a network adds for itself are not counted.

    Args:
        stem: Its two files, without `.param` and `.bin`.
        size: Width and height of the picture.
    """
    scales, weights, products = {"": 1.0}, 0, 0.0
    for line in stem.with_suffix(".param").read_text(encoding="utf-8").splitlines()[2:]:
        kind, _, inputs, outputs, *rest = line.split()
        blobs, options = rest[: int(inputs) + int(outputs)], rest[int(inputs) + int(outputs) :]
        option = dict(text.split("=", 1) for text in options)
        before = scales[blobs[0] if int(inputs) else ""]
        after = before * (_NCNN_SCALES[kind](option) if kind in _NCNN_SCALES else 1)
        scales |= dict.fromkeys(blobs[int(inputs) :], after)
        count = int(option.get("6", 0)) if kind in ("Convolution", "Deconvolution") else 0
        weights += count
        products += count * (after if kind == "Convolution" else before) ** 2
    gflop = 2 * products * size[0] * size[1] / 1e9
    return Weight(parameters=weights, gflop=gflop, size=size, mb=stem.with_suffix(".bin").stat().st_size / 1e6)


_NCNN_SCALES: Mapping[str, Callable[[Mapping[str, str]], float]] = {
    "Convolution": lambda option: 1 / int(option.get("3", 1)),
    "Deconvolution": lambda option: int(option.get("3", 1)),
    "PixelShuffle": lambda option: int(option["0"]),
    "Interp": lambda option: float(option["1"]),
}
"""By the kind of layer: how much larger its output is than its input."""
