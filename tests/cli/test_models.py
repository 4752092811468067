"""`ainimotion models`: list, fetch, add and remove networks."""

import json
import shutil
from pathlib import Path

import pytest

from vsainimotion.cli import main
from vsainimotion.models import find_card

NETWORKS = Path(__file__).parent.parent / "models" / "networks"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the user's networks."""
    path = tmp_path / "models"
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(path))
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["models", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_an_added_network_is_listed_with_what_its_file_says(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, err = run(
        capsys, "add", str(NETWORKS / "deep.onnx"), "--kind", "luma", "--size-multiple", "2", "--licence", "MIT"
    )
    assert (code, out, err) == (0, f"deep: added as {folder / 'deep.onnx'}\n", "")
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert "deep  upscale, luma, 2x, 2.2 k weights, MIT\n    Added by the user.\n" in out
    card = find_card("deep")
    assert (card.opset, card.precision, card.parameters, card.timesteps) == (17, "fp32", 2214, "none")


def test_list_as_json_has_every_field_and_what_is_wrong(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert run(capsys, "add", str(NETWORKS / "flow-linear.onnx"), "--kind", "flow", "--name", "mine")[0] == 0
    (folder / "mine.onnx").write_bytes(b"damaged")
    code, out, _ = run(capsys, "list", "--json")
    table = {row["name"]: row for row in json.loads(out)}
    assert code == 0
    assert (table["mine"]["kind"], table["mine"]["planes"], table["mine"]["timesteps"]) == ("flow", 7, "any")
    assert "is not the network that card 'mine' describes" in table["mine"]["problem"]
    assert all(row["problem"] is None for name, row in table.items() if name != "mine")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["deep.onnx", "--kind", "rgb"], 4, "a rgb network has 3 input planes, '"),
        (["deep.onnx", "--kind", "luma", "--scale", "4"], 4, "made 128x128 of 64x64, where its card says scale 4"),
        (["deep.onnx", "--kind", "luma", "--scale", "9"], 2, "'scale' must be 1 to 8"),
        (["deep.onnx", "--kind", "luma", "--name", "Bad Name"], 2, "'name' must be lower-case letters"),
        (["deep.toml", "--kind", "luma"], 4, "deep.toml' is not a readable ONNX network"),
        (["none.onnx", "--kind", "luma"], 4, "No such file or directory"),
        (["deep.onnx"], 2, "Missing option '--kind'"),
        (["flow-linear.onnx", "--kind", "frame"], 4, "returns 6 planes, where a frame network has 3"),
    ],
)
def test_a_network_that_is_not_what_was_said_is_not_added(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], code: int, message: str
) -> None:
    found, out, err = run(capsys, "add", str(NETWORKS / arguments[0]), *arguments[1:])
    assert (found, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1
    assert not folder.exists() or list(folder.iterdir()) == []


def test_remove_takes_the_files_away(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    run(capsys, "add", str(NETWORKS / "deep.onnx"), "--kind", "luma")
    assert run(capsys, "remove", "deep")[:2] == (0, f"deep: removed from {folder}\n")
    assert list(folder.iterdir()) == []
    code, _, err = run(capsys, "remove", "deep")
    assert code == 2
    assert "there is no network 'deep'" in err


def test_fetch_prints_where_the_file_is(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "elsewhere.onnx"
    shutil.copy(NETWORKS / "deep.onnx", source)
    folder.mkdir()
    text = (NETWORKS / "deep.toml").read_text(encoding="utf-8")
    (folder / "deep.toml").write_text(f'{text}url = "{source.as_uri()}"\n', encoding="utf-8")
    assert "Get it with: ainimotion models fetch deep" in run(capsys, "list")[1]
    assert run(capsys, "fetch", "deep") == (0, f"{folder / 'deep.onnx'}\n", "")
    assert run(capsys, "fetch", "deep") == (0, f"{folder / 'deep.onnx'}\n", "")
    assert "models fetch" not in run(capsys, "list")[1]
