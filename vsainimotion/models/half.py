"""A network in half precision, as TensorRT 11 wants it: it takes the precision from the file, not from a flag."""

import shutil
import warnings
from pathlib import Path

from vsainimotion.errors import InputError, MissingError
from vsainimotion.models.header import read_header


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
    try:
        with warnings.catch_warnings():
            # Weights that underflow to zero in half precision are told of one by one; parity tests judge the sum.
            warnings.simplefilter("ignore", UserWarning)
            half = float16.convert_float_to_float16_model_path(str(network), keep_io_types=False)
        target.write_bytes(half.SerializeToString())
    except (ValueError, TypeError) as error:
        raise InputError(f"write_half: '{network}' cannot be made half precision ({error})") from error
    return target
