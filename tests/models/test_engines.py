"""TensorRT engines: their keys, manifests and folder; everything up to the builder's call."""

import dataclasses
import json
from pathlib import Path

import pytest

from vsainimotion.errors import InputError, MissingError, UnknownNameError
from vsainimotion.models import load_card
from vsainimotion.models.engines import (
    EngineInputs,
    Machine,
    build_engine,
    check_tensorrt,
    clear_engines,
    engine_folder,
    find_engine,
    find_or_build_engine,
    list_engines,
    load_manifest,
    plan_engine,
    read_machine,
)
from vsainimotion.models.half import write_half
from vsainimotion.models.header import read_header
from vsainimotion.models.recipes import Recipe, build_recipe, load_recipes
from vsainimotion.native import is_plugin_loaded

NETWORKS = Path(__file__).parent / "networks"
NO_TENSORRT = pytest.mark.skipif(is_plugin_loaded("trt"), reason="TensorRT is installed")
INPUTS = EngineInputs(
    network="luma-fast",
    network_sha256="ab" * 32,
    precision="fp16",
    planes=1,
    size_minimum=(1920, 1080),
    size_best=(1920, 1080),
    size_maximum=(1920, 1080),
    optimization_level=3,
    machine=Machine(tensorrt="11.4.0", gpu="NVIDIA GeForce RTX 4090", driver="580.10"),
)


def write_engine(inputs: EngineInputs, *, size: int = 16) -> Path:
    """Puts a file of zeros with its manifest where an engine would be; nothing here runs it."""
    engine_folder().mkdir(parents=True, exist_ok=True)
    path = engine_folder() / f"{inputs.stem}.engine"
    path.write_bytes(bytes(size))
    manifest = dataclasses.asdict(inputs) | {"key": inputs.key}
    path.with_suffix(".json").write_text(json.dumps(manifest), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "engines"
    monkeypatch.setenv("VSAINIMOTION_ENGINES", str(path))
    return path


def test_the_key_is_the_digest_of_all_inputs() -> None:
    text = (
        '{"machine": {"driver": "580.10", "gpu": "NVIDIA GeForce RTX 4090", "tensorrt": "11.4.0"}, '
        '"network": "luma-fast", "network_sha256": "' + "ab" * 32 + '", "optimization_level": 3, "planes": 1, '
        '"precision": "fp16", "size_best": [1920, 1080], "size_maximum": [1920, 1080], "size_minimum": [1920, 1080]}'
    )
    assert json.loads(text) == json.loads(json.dumps(dataclasses.asdict(INPUTS)))
    assert INPUTS.key == KEY
    assert INPUTS.stem == f"luma-fast-1920x1080-{KEY[:24]}"


KEY = "5af25f24507a92a0c3c84f134f58301374695c79887048a125fc173118195b03"


@pytest.mark.parametrize(
    "change",
    [
        {"network_sha256": "cd" * 32},
        {"planes": 3},
        {"size_best": (1280, 720)},
        {"size_maximum": (3840, 2160)},
        {"optimization_level": 5},
        {"machine": Machine(tensorrt="11.4.1", gpu="NVIDIA GeForce RTX 4090", driver="580.10")},
        {"machine": Machine(tensorrt="11.4.0", gpu="NVIDIA GeForce RTX 4080", driver="580.10")},
        {"machine": Machine(tensorrt="11.4.0", gpu="NVIDIA GeForce RTX 4090", driver="580.11")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_makes_another_engine(change: dict[str, object]) -> None:
    write_engine(INPUTS)
    values = {field.name: getattr(INPUTS, field.name) for field in dataclasses.fields(INPUTS)}
    other = EngineInputs(**(values | change))
    assert other.key != INPUTS.key
    assert find_engine(other) is None
    assert find_engine(INPUTS) == engine_folder() / f"{INPUTS.stem}.engine"


def test_an_engine_without_its_manifest_was_not_finished_and_is_not_used() -> None:
    path = write_engine(INPUTS)
    path.with_suffix(".json").unlink()
    assert find_engine(INPUTS) is None
    assert list_engines() == []
    assert clear_engines() == 1


def test_engines_are_listed_by_their_manifests() -> None:
    path = write_engine(INPUTS, size=2**20)
    (engine,) = list_engines()
    assert (engine.path, engine.inputs, engine.size_mib) == (path, INPUTS, 1.0)


def test_a_manifest_that_was_changed_is_refused() -> None:
    manifest = write_engine(INPUTS).with_suffix(".json")
    manifest.write_text(manifest.read_text().replace("RTX 4090", "RTX 3060"), encoding="utf-8")
    with pytest.raises(InputError, match=r"was changed: its key is [0-9a-f]{64}, its contents give [0-9a-f]{64}"):
        load_manifest(manifest)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key": 1, "machine": {}}', '{"key": "", "machine": 3}'])
def test_a_file_that_is_no_manifest_is_refused(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.json' is not the manifest of an engine"):
        load_manifest(folder / "x.json")


def test_the_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VSAINIMOTION_ENGINES")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert engine_folder() == tmp_path / "vsainimotion" / "engines"


def test_an_engine_is_planned_for_what_the_network_sees_at_once() -> None:
    deep = load_card(NETWORKS / "deep.toml")
    inputs = plan_engine(deep, (640, 360), INPUTS.machine)
    assert (inputs.network, inputs.network_sha256, inputs.planes) == ("deep", deep.sha256, 1)
    assert inputs.size_minimum == inputs.size_best == inputs.size_maximum == (640, 360)


@NO_TENSORRT
def test_without_tensorrt_every_road_to_an_engine_says_what_brings_it(folder: Path) -> None:
    deep = load_card(NETWORKS / "deep.toml")
    line = r"TensorRT needs the VapourSynth plugin trt.* Install it with: pip install 'vsainimotion\[tensorrt\]'$"
    for function, call in (
        ("f", lambda: check_tensorrt("f")),
        ("read_machine", read_machine),
        ("read_machine", lambda: find_or_build_engine(deep, deep.path, (64, 64))),
        ("build_engine", lambda: build_engine(INPUTS, deep.path)),
    ):
        with pytest.raises(MissingError, match=f"^{function}: {line}"):
            call()
    assert not folder.exists()


def test_recipes_are_read_and_planned_as_a_job_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(NETWORKS))
    path = tmp_path / "recipes.toml"
    path.write_text('[[recipe]]\nnetwork = "deep"\nsize = [1919, 1080]\n', encoding="utf-8")
    (recipe,) = load_recipes(path)
    card, tile = recipe.plan()
    assert (card.name, tile) == ("deep", (1920, 1080))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "recipe = 3",
        "[[recipe]]\nnetwork = 'x'",
        "[[recipe]]\nnetwork = 'x'\nsize = 3",
        "[[recipe]]\nnetwork = 'x'\nsize = [0, 3]",
        "[[recipe]]\nnetwork = 4\nsize = [3, 3]",
        "]",
    ],
)
def test_a_file_that_is_none_of_recipes_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recipes.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"load_recipes: '.*recipes\.toml' (is not a file of recipes|has a recipe)"):
        load_recipes(path)


def test_a_recipe_for_a_network_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="there is no network 'none'"):
        build_recipe(Recipe(network="none", size=(64, 64)))


def test_half_precision_needs_its_packages_or_makes_the_file(tmp_path: Path) -> None:
    source, target = NETWORKS / "deep.onnx", tmp_path / "half.onnx"
    try:
        import onnxconverter_common  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(MissingError, match=r"make 'deep\.onnx' half precision\. Install it with: pip install"):
            write_half(source, target)
        assert not target.exists()
        return
    write_half(source, target)
    before, after = read_header(source), read_header(target)
    assert (after.precision, after.parameters, after.planes) == ("fp16", before.parameters, before.planes)
    again = write_half(target, tmp_path / "again.onnx")
    assert again.read_bytes() == target.read_bytes()
