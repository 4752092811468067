"""The benchmark's cache, and the statistics that it prints."""

import re
from pathlib import Path

import pytest

from scripts.benchmarks import cells
from scripts.benchmarks.cells import Cells, digest_code, digest_file, key
from scripts.benchmarks.samples import Difference, compare, mean, worst


def test_a_key_follows_the_values_and_not_their_order() -> None:
    assert key({"a": 1, "b": [2, 3]}) == key({"b": [2, 3], "a": 1})
    assert key({"a": 1}) != key({"a": 2}) != key({"b": 2})
    assert re.fullmatch("[0-9a-f]{64}", key({}))


def test_a_measurement_is_found_again_and_only_under_its_inputs(tmp_path: Path) -> None:
    cache = Cells(tmp_path / "new" / "folder")
    assert cache.load({"film": "x"}) is None
    cache.save({"film": "x"}, {"psnr": [30.5, 31.0]})
    assert cache.load({"film": "x"}) == {"psnr": [30.5, 31.0]}
    assert cache.load({"film": "y"}) is None
    assert [path.suffix for path in cache.folder.iterdir()] == [".json"]
    assert '"film": "x"' in cache.path({"film": "x"}).read_text()


def test_numbers_are_kept_to_six_digits_and_inputs_as_they_are(tmp_path: Path) -> None:
    cache = Cells(tmp_path)
    cache.save({"share": 0.123456789}, {"psnr": [36.561804712, 1e-9], "cost": {"ms": 1234567.8}, "frames": [3]})
    assert cache.load({"share": 0.123456789}) == {"psnr": [36.5618, 1e-9], "cost": {"ms": 1234570.0}, "frames": [3]}


def test_what_nothing_asks_for_is_forgotten(tmp_path: Path) -> None:
    Cells(tmp_path).save({"network": "old"}, {"psnr": [30.0]})
    Cells(tmp_path).save({"network": "new"}, {"psnr": [31.0]})
    cache = Cells(tmp_path)
    assert cache.load({"network": "new"})
    cache.save({"network": "newest"}, {"psnr": [32.0]})
    assert cache.prune() == 1
    assert cache.load({"network": "old"}) is None
    assert cache.load({"network": "new"})
    assert cache.load({"network": "newest"})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"numbers": 3}'])
def test_a_damaged_measurement_counts_as_not_made(text: str, tmp_path: Path) -> None:
    cache = Cells(tmp_path)
    cache.path({}).write_text(text)
    assert cache.load({}) is None


def write_package(folder: Path, **modules: str) -> None:
    (folder / "vsainimotion").mkdir(exist_ok=True)
    for name, text in modules.items():
        (folder / "vsainimotion" / f"{name}.py").write_text(text)
    digest_code.cache_clear()


def test_a_digest_of_code_follows_imports_and_forgives_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "ROOT", tmp_path)
    write_package(tmp_path, __init__="", a="from vsainimotion.b import x\n", b="x = 1\n", c="x = 1\n")
    first = digest_code("vsainimotion.a")
    write_package(tmp_path, a='"""Says more."""\nfrom vsainimotion.b import x  # why\n', c="x = 2\n")
    assert digest_code("vsainimotion.a") == first
    write_package(tmp_path, b="x = 2\n")
    assert digest_code("vsainimotion.a") != first
    digest_code.cache_clear()


def test_the_filters_digest_covers_what_they_are_made_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = digest_code("vsainimotion.interpolate")
    copy = tmp_path / "vsainimotion"
    for path in (cells.ROOT / "vsainimotion").rglob("*.py"):
        target = copy / path.relative_to(cells.ROOT / "vsainimotion")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    monkeypatch.setattr(cells, "ROOT", tmp_path)
    digest_code.cache_clear()
    assert digest_code("vsainimotion.interpolate") == before
    for name in ("warp.py", "models/card.py"):
        with (copy / name).open("a") as file:
            file.write("\nCHANGED = True\n")
        digest_code.cache_clear()
        changed = digest_code("vsainimotion.interpolate")
        assert changed != before
        before = changed
    digest_code.cache_clear()


def test_a_files_digest_is_its_contents(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert digest_file(path) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_worst_are_a_twentieth_and_one_at_least() -> None:
    values = [float(value) for value in range(40)]
    assert worst(values, 1) == 0.5
    assert worst(values, -1) == 38.5
    assert worst([3.0, 1.0], 1) == 1
    assert mean([1.0, 2.0, 6.0]) == 3


def test_a_constant_difference_is_sure() -> None:
    theirs = [float(value) for value in range(30)]
    gap = compare([value + 2 for value in theirs], theirs, related=True)
    assert gap == Difference(2, 2, 2)
    assert gap.is_sure


def test_a_difference_that_changes_its_sign_is_not_sure() -> None:
    gap = compare([1.0, -1.0] * 20, [0.0] * 40, related=False)
    assert gap.mean == 0
    assert gap.low < 0 < gap.high
    assert not gap.is_sure


def test_neighbours_that_are_alike_give_a_wider_interval() -> None:
    ours = [float(n // 10 % 2) for n in range(80)]
    alone, blocks = (compare(ours, [0.0] * 80, related=related) for related in (False, True))
    assert alone.mean == blocks.mean == 0.5
    assert blocks.high - blocks.low > 1.5 * (alone.high - alone.low)


def test_an_interval_is_the_same_every_time() -> None:
    ours = [0.1, 0.9, 0.4, 0.7, 0.2]
    assert compare(ours, [0.0] * 5, related=False) == compare(ours, [0.0] * 5, related=False)
