"""Reads what a card needs to know from an ONNX file, without the onnx package.

An ONNX file is one protocol-buffer message. Only the few fields that are used here are taken apart; field numbers are
those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vsainimotion.errors import InputError

_FLOAT_TYPES = {1: "fp32", 10: "fp16"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What an ONNX file says about itself."""

    opset: int
    """Version of the standard operators."""
    precision: str
    """Type of the input: `fp32` or `fp16`."""
    parameters: int
    """Number of values in all weights."""
    planes: int
    """Channels of the input."""
    outputs: int | None
    """Channels of the output; None where the file leaves them open."""


def read_header(path: Path) -> Header:
    """Reads the header of an ONNX file.

    Args:
        path: The file.

    Returns:
        Opset, precision, number of weights and channels.

    Raises:
        InputError: The file cannot be read, is not an ONNX file, or has not one (N, C, H, W) floating-point input.
    """
    try:
        model = list(_fields(path.read_bytes()))
        graph = list(_fields(_only(model, 7)))
        opset = max(_integer(_pairs(data), 2) for data in _all(model, 8) if not _text(_pairs(data), 1))
        weights = {_text(_pairs(data), 8): _count(_pairs(data)) for data in _all(graph, 5)}
        inputs = [data for data in _all(graph, 11) if _text(_pairs(data), 1) not in weights]
        element, shape = _tensor(inputs[0])
        outputs = _tensor(_all(graph, 12)[0])[1]
    except (OSError, ValueError, IndexError) as error:
        raise InputError(f"read_header: '{path}' is not a readable ONNX network ({error})") from error
    if len(inputs) != 1 or element not in _FLOAT_TYPES or len(shape) != 4 or not shape[1]:
        raise InputError(
            f"read_header: '{path}' must have one input of shape (N, C, H, W) in float32 or float16, with C fixed "
            f"(got {len(inputs)} inputs, the first of element type {element} and shape {shape})"
        )
    channels = outputs[1] if len(outputs) == 4 else None
    return Header(
        opset=opset,
        precision=_FLOAT_TYPES[element],
        parameters=sum(weights.values()),
        planes=shape[1],
        outputs=channels,
    )


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(10):
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise ValueError("a number is longer than ten bytes")


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(data, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire} does not exist")
        if at + length > len(data):
            raise ValueError("it ends too early")
        yield number, data[at : at + length]
        at += length


def _pairs(data: bytes) -> list[tuple[int, int | bytes]]:
    return list(_fields(data))


def _all(fields: list[tuple[int, int | bytes]], number: int) -> list[bytes]:
    return [value for found, value in fields if found == number and isinstance(value, bytes)]


def _only(fields: list[tuple[int, int | bytes]], number: int) -> bytes:
    values = _all(fields, number)
    if len(values) != 1:
        raise ValueError(f"field {number} is there {len(values)} times")
    return values[0]


def _integer(fields: list[tuple[int, int | bytes]], number: int) -> int:
    return next((value for found, value in fields if found == number and isinstance(value, int)), 0)


def _text(fields: list[tuple[int, int | bytes]], number: int) -> str:
    values = _all(fields, number)
    return values[0].decode() if values else ""


def _count(tensor: list[tuple[int, int | bytes]]) -> int:
    count = 1
    for number, value in tensor:
        if number == 1:  # dims: one varint each, or all of them packed into one field
            for size in [value] if isinstance(value, int) else _packed(value):
                count *= size
    return count


def _packed(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _tensor(value_info: bytes) -> tuple[int, list[int]]:
    tensor = _pairs(_only(_pairs(_only(_pairs(value_info), 2)), 1))
    shapes = _all(tensor, 2)
    dimensions = _all(_pairs(shapes[0]), 1) if shapes else []
    return _integer(tensor, 1), [_integer(_pairs(dimension), 1) for dimension in dimensions]
