"""A network in half precision, as TensorRT 11 wants it: it takes the precision from the file, not from a flag."""

import shutil
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from vsainimotion.errors import InputError, MissingError
from vsainimotion.models.header import read_header

_FLOAT32, _FLOAT16 = 1, 10  # TensorProto.DataType


def write_half(network: Path, target: Path) -> Path:
    """Writes a network with float16 weights, input and output.

    A file that is in half precision already is copied. Otherwise onnx and onnxconverter-common are needed, which come
    with the extra `tensorrt`.

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
    _unshare_weights(model, set(float16.DEFAULT_OP_BLOCK_LIST))
    casts = {node.output[0] for node in model.graph.node if node.op_type == "Cast"}
    try:
        with warnings.catch_warnings():
            # Weights that underflow to zero in half precision are told of one by one; parity tests judge the sum.
            warnings.simplefilter("ignore", UserWarning)
            half = float16.convert_float_to_float16(model, keep_io_types=False)
    except (ValueError, TypeError) as error:
        raise InputError(f"write_half: '{network}' cannot be made half precision ({error})") from error
    _mend_casts(half, casts)
    target.write_bytes(half.SerializeToString())
    return target


def _unshare_weights(model: Any, single_only: set[str]) -> None:  # noqa: ANN401 a message of a package without types
    """Gives each operator that only knows float32 constants of its own.

    onnxconverter-common 1.16 keeps a constant in float32 for every user if one of them needs it so, and the graph is
    then refused for mixed types.
    """
    constants = {constant.name: constant for constant in model.graph.initializer}
    users = Counter(name for node in model.graph.node for name in node.input)
    for node in model.graph.node:
        if node.op_type in single_only:
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
