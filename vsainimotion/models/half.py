"""A network in half precision, as TensorRT 11 wants it: it takes the precision from the file, not from a flag."""

import shutil
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from vsainimotion.errors import InputError, MissingError
from vsainimotion.models.header import read_header

_FLOAT32, _FLOAT16 = 1, 10  # TensorProto.DataType
_OF_PLACES = (
    *("Add", "Cast", "Concat", "Div", "Gather", "Mul", "Neg", "Range", "Reshape", "Slice", "Split", "Squeeze", "Sub"),
    *("Transpose", "Unsqueeze"),
)
"""What turns displacements into the places that GridSample wants."""


def write_half(network: Path, target: Path) -> Path:
    """Writes a network with float16 weights, input and output.

    Where GridSample looks is worked out in float32: between -1 and 1, halves are a quarter of a pixel apart in a
    picture of 960. A file that is in half precision already is copied. Otherwise onnx and onnxconverter-common are
    needed, which come with the extra `tensorrt`.

    Args:
        network: ONNX file in float32 or float16.
        target: Where to write; its folder exists.

    Returns:
        `target`.

    Raises:
        InputError: The file is not an ONNX network.
        MissingError: The conversion's packages are not installed.
    """
    if read_header(network).precision == "fp16":
        shutil.copyfile(network, target)
        return target
    try:
        from onnxconverter_common import float16
    except ModuleNotFoundError as error:
        raise MissingError(
            f"write_half: needs {error.name} to make '{network.name}' half precision. "
            "Install it with: pip install 'vsainimotion[tensorrt]'"
        ) from error
    model = float16.onnx_proto.ModelProto.FromString(network.read_bytes())
    places = _find_places(model)
    _unshare_weights(model, set(float16.DEFAULT_OP_BLOCK_LIST), places)
    casts = {node.output[0] for node in model.graph.node if node.op_type == "Cast" and node.name not in places}
    try:
        with warnings.catch_warnings():
            # Weights that underflow to zero in half precision are told of one by one; parity tests judge the sum.
            warnings.simplefilter("ignore", UserWarning)
            half = float16.convert_float_to_float16(model, keep_io_types=False, node_block_list=sorted(places))
    except (ValueError, TypeError) as error:
        raise InputError(f"write_half: '{network}' cannot be made half precision ({error})") from error
    _mend_casts(half, casts)
    _join_places(half)
    target.write_bytes(half.SerializeToString())
    return target


def _find_places(model: Any) -> set[str]:  # noqa: ANN401 a message of a package without types
    """Returns the names of GridSample's nodes and of those that work out where they look, back to the last layer."""
    for node in model.graph.node:
        node.name = node.name or f"node of {node.output[0]}"  # ONNX asks for none, the converter knows no other way
    makers = {name: node for node in model.graph.node for name in node.output}
    found = {node.name: node for node in model.graph.node if node.op_type == "GridSample"}
    waiting = [node.input[1] for node in found.values()]
    while waiting:
        node = makers.get(waiting.pop())
        if node is not None and node.op_type in _OF_PLACES and node.name not in found:
            found[node.name] = node
            waiting += node.input
    return set(found)


def _unshare_weights(model: Any, single_only: set[str], places: set[str]) -> None:  # noqa: ANN401 as above
    """Gives each operator that only knows float32, or works out places, constants of its own.

    onnxconverter-common 1.16 keeps a constant in float32 for every user if one of them needs it so, and the graph is
    then refused for mixed types.
    """
    constants = {constant.name: constant for constant in model.graph.initializer}
    users = Counter(name for node in model.graph.node for name in node.input)
    for node in model.graph.node:
        if node.op_type in single_only or node.name in places:
            for index, name in enumerate(node.input):
                if name in constants and users[name] > 1:
                    copy = model.graph.initializer.add()
                    copy.CopyFrom(constants[name])
                    copy.name = node.input[index] = f"{name}/{node.output[0]}"


def _mend_casts(half: Any, casts: set[str]) -> None:  # noqa: ANN401 as above
    """Lets the network's own casts to float32 end in float16.

    onnxconverter-common 1.16 counts what they return as float16 but leaves them as they are. The casts that it puts
    round operators that only know float32 keep their type.
    """
    for node in half.graph.node:
        if node.op_type == "Cast" and node.output[0] in casts:
            for attribute in node.attribute:
                if attribute.name == "to" and attribute.i == _FLOAT32:
                    attribute.i = _FLOAT16


def _join_places(half: Any) -> None:  # noqa: ANN401 as above
    """Takes out the casts to float16 and back between two nodes in float32, which would round what they hand on."""
    makers: dict[str, Any] = {name: node for node in half.graph.node for name in node.output}
    for node in half.graph.node:
        for index, name in enumerate(node.input):
            rounded = _given(makers.get(name), _FLOAT32)
            if exact := _given(makers.get(rounded), _FLOAT16):
                node.input[index] = exact
    for kind in (_FLOAT32, _FLOAT16):
        used = {name for node in half.graph.node for name in node.input} | {value.name for value in half.graph.output}
        for node in [node for node in half.graph.node if _given(node, kind) and node.output[0] not in used]:
            half.graph.node.remove(node)


def _given(node: Any, kind: int) -> str:  # noqa: ANN401 as above
    """Returns what a cast to a type is given; nothing for any other node."""
    is_cast = node is not None and node.op_type == "Cast" and node.attribute[0].i == kind
    return str(node.input[0]) if is_cast else ""
