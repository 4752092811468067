"""The card of a network."""

from collections.abc import Callable
from pathlib import Path

import pytest

from vsainimotion.errors import ArgumentError, InputError
from vsainimotion.models import Card, load_card

NETWORKS = Path(__file__).parent / "networks"


def make_card(**fields: object) -> Card:
    values: dict[str, object] = {
        "name": "some-net",
        "task": "upscale",
        "kind": "luma",
        "file": "some-net.onnx",
        "sha256": "0" * 64,
        "scale": 2,
        "planes": 1,
        "overlap": 4,
        "licence": "MIT",
        "origin": "here",
        "opset": 17,
        "precision": "fp32",
        "parameters": 10,
        "description": "A network.",
    }
    build: Callable[..., Card] = Card
    return build(**(values | fields))


def test_a_card_reads_back_as_it_was_written(tmp_path: Path) -> None:
    card = make_card(size_minimum=(32, 16), base="bilinear", description='Says "ä" and \\ back.', url="https://x.org/a")
    path = tmp_path / "some-net.toml"
    path.write_text(card.dump(), encoding="utf-8")
    assert load_card(path) == card
    assert load_card(path).path == tmp_path / "some-net.onnx"


def test_the_fixture_of_every_kind_loads() -> None:
    cards = {path.stem: load_card(path) for path in NETWORKS.glob("*.toml")}
    kinds = {name: (card.kind, card.planes, card.outputs) for name, card in cards.items()}
    assert (
        kinds.items()
        >= {
            "bilinear-1": ("luma", 1, 1),
            "bilinear-3": ("rgb", 3, 3),
            "deep": ("luma", 1, 1),
            "difference": ("luma", 1, 1),
            "flow-linear": ("flow", 7, 6),
            "fusion-blocks": ("fusion", 13, 7),
        }.items()
    )


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("name", "Some Net", "'name' must be lower-case letters"),
        ("name", "../up", "'name' must be lower-case letters"),
        ("kind", "depth", "'kind' must be one of flow, fusion, frame, luma, rgb"),
        ("task", "interpolate", "'task' must be the task of its kind"),
        ("planes", 3, "'planes' must be the planes of its kind"),
        ("planes", "1", "'planes' must be a whole number"),
        ("scale", True, "'scale' must be a whole number"),
        ("scale", 9, "'scale' must be 1 to 8"),
        ("file", "../some-net.onnx", "'file' must be the bare name of an .onnx file"),
        ("file", "some-net.pth", "'file' must be the bare name of an .onnx file"),
        ("sha256", "0" * 63, "'sha256' must be 64"),
        ("motion", "flow-fast", "'motion' must be the name of a flow network for a fusion network"),
        ("size_multiple", 0, "'size_multiple' must be 1 to 256"),
        ("size_minimum", (0, 8), "'size_minimum' must be 1 to 1024"),
        ("size_minimum", 8, "'size_minimum' must be a pair"),
        ("overlap", -1, "'overlap' must be 0 to 512"),
        ("analysis_height", 270, "'analysis_height' must be 0, or at least 16 for a flow or fusion network"),
        ("timesteps", "any", "'timesteps' must be any or half for interpolation, and none for an upscaler"),
        ("base", "nearest", "'base' must be one of bilinear, bicubic, lanczos, spline36"),
        ("precision", "int8", "'precision' must be fp32 or fp16"),
        ("opset", 0, "'opset' must be at least 1"),
        ("url", "ftp://x.org", "'url' must be an https"),
        ("licence", "MIT\nGPL", "'licence' must be one printable line"),
    ],
)
def test_a_field_outside_its_range_is_named_with_its_rule(field: str, value: object, rule: str) -> None:
    with pytest.raises(ArgumentError, match=f"{rule}.*got"):
        make_card(**{field: value})


def test_only_motion_and_differences_bear_bfloat16() -> None:
    assert load_card(NETWORKS / "flow-linear.toml").is_bfloat16_safe
    assert make_card(base="bilinear").is_bfloat16_safe
    assert not make_card().is_bfloat16_safe


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some-net.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_card_that_lacks_a_field_says_which(tmp_path: Path) -> None:
    text = "".join(line for line in make_card().dump().splitlines(keepends=True) if not line.startswith("licence"))
    with pytest.raises(InputError, match=r"lacks the field licence$"):
        load_card(write(tmp_path, text))


def test_a_card_with_a_field_that_does_not_exist_says_which(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has the field colour, which no card has\. Fields: name, task"):
        load_card(write(tmp_path, make_card().dump() + 'colour = "red"\n'))


def test_a_card_with_a_wrong_value_is_an_input_error_that_names_the_file(tmp_path: Path) -> None:
    text = make_card().dump().replace("scale = 2", "scale = 0")
    with pytest.raises(InputError, match=r"some-net\.toml' is not a valid card .*'scale' must be"):
        load_card(write(tmp_path, text))


def test_a_card_under_another_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text(make_card().dump(), encoding="utf-8")
    with pytest.raises(InputError, match=r"must be called 'some-net\.toml'"):
        load_card(path)


@pytest.mark.parametrize("data", [b"name = ", b"\xff\xfe\x00"], ids=["broken", "not text"])
def test_a_file_that_is_not_toml_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "some-net.toml"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a readable TOML file"):
        load_card(path)


def test_a_missing_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a readable TOML file"):
        load_card(tmp_path / "none.toml")
