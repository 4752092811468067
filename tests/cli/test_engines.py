"""`ainimotion engines`: build, list and clear TensorRT engines."""

import json
from pathlib import Path

import pytest

from tests.models.test_engines import INPUTS, write_engine
from vsainimotion.cli import main
from vsainimotion.models.engines import PIP_LINE
from vsainimotion.native import is_plugin_loaded

NETWORKS = Path(__file__).parent.parent / "models" / "networks"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for engines, and a catalogue with the fixture networks."""
    path = tmp_path / "engines"
    monkeypatch.setenv("VSAINIMOTION_ENGINES", str(path))
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(NETWORKS))
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["engines", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.skipif(is_plugin_loaded("trt"), reason="TensorRT is installed")
def test_building_without_tensorrt_says_what_brings_it(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, err = run(capsys, "build", "deep", "--size", "1920x1080")
    assert (code, out) == (3, "")
    assert "TensorRT needs the VapourSynth plugin trt" in err
    assert err.endswith(f"Install it with: {PIP_LINE}\n")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "name networks with --size WxH, or a file with --recipes"),
        (["deep"], 2, "name networks with --size WxH"),
        (["deep", "--size", "1920"], 2, "'--size' must be width x height, as in 1920x1080 (got '1920')"),
        (["deep", "--size", "0x1080"], 2, "'--size' must be width x height"),
        (["deeep", "--size", "64x64"], 2, "there is no network 'deeep'. Did you mean deep"),
        (["--recipes", "none.toml"], 4, "'none.toml' is not a file of recipes"),
    ],
)
def test_what_cannot_be_built_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    found, out, err = run(capsys, "build", *arguments)
    assert (found, out) == (code, "")
    assert message in err


def test_engines_are_listed_with_what_they_were_built_for_and_cleared(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert run(capsys, "list") == (0, f"No engine in {folder}\n", "")
    write_engine(INPUTS, size=3 * 2**20)
    assert run(capsys, "list")[1] == (
        "luma-fast  1920x1080, fp16, 3.0 MiB, TensorRT 11.4.0, NVIDIA GeForce RTX 4090, driver 580.10\n"
    )
    (row,) = json.loads(run(capsys, "list", "--json")[1])
    assert (row["network"], row["size_best"], row["machine"]["tensorrt"]) == ("luma-fast", [1920, 1080], "11.4.0")
    assert run(capsys, "clear") == (0, f"1 engine removed from {folder}\n", "")
    assert list(folder.iterdir()) == []
