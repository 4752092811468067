"""What an ONNX file says about itself."""

from pathlib import Path

import pytest

from vsainimotion.errors import InputError
from vsainimotion.models import Header, read_header

NETWORKS = Path(__file__).parent / "networks"


def test_the_header_has_opset_precision_weights_and_channels() -> None:
    assert read_header(NETWORKS / "deep.onnx") == Header(
        opset=17, precision="fp32", parameters=54 + 324 + 324 + 1296 + 216, planes=1, outputs=1
    )
    assert read_header(NETWORKS / "flow-linear.onnx") == Header(
        opset=17, precision="fp32", parameters=42, planes=7, outputs=6
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"hello, world, this is text", bytes(64), b"\xff" * 40, (NETWORKS / "deep.onnx").read_bytes()[:-100]],
    ids=["empty", "text", "zeros", "ones", "cut short"],
)
def test_a_file_that_is_no_network_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"x\.onnx' is not a readable ONNX network"):
        read_header(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_header(tmp_path / "none.onnx")
