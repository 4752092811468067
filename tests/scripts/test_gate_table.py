"""The comparison's own arithmetic, and that every judge can be asked."""

import json
from pathlib import Path

import numpy as np
import pytest

from export.cels.coding import Coding, save_film
from scripts import gate_table
from tests.test_gate import REAL_CUTS


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One film of two held pictures with a cut between them."""
    rng = np.random.default_rng(7)
    pictures = [np.repeat(np.repeat(rng.integers(0, 256, (9, 16, 3), np.uint8), 20, 0), 20, 1) for _ in range(2)]
    path = tmp_path_factory.mktemp("films") / "tiny-0001.json"
    save_film(path.with_suffix(".mkv"), iter([pictures[0]] * 8 + [pictures[1]] * 8), (320, 180), Coding())
    path.write_text(json.dumps({"classes": ["hold"] * 7 + ["cut"] + ["hold"] * 7}), encoding="utf-8")
    return path


def test_the_real_cuts_are_those_of_the_tests() -> None:
    assert gate_table.REAL_CUTS == REAL_CUTS


def test_what_counts_for_nobody_is_neither_right_nor_wrong() -> None:
    count = gate_table.Count()
    count.add([1, 2, 3], {1, 5}, {3})
    assert (count.right, count.wrong, count.missed) == (1, 1, 1)
    assert count.describe() == "0.500 | 0.500 | 0.5000"


def test_every_judge_finds_a_plain_cut_and_is_remembered(labels: Path) -> None:
    for name in gate_table.JUDGES:
        score = gate_table.score_generated(name, [labels], again=False)
        assert (score.cuts.right, score.cuts.wrong, score.cuts.missed) == (1, 0, 0), name
    said = json.loads(labels.with_suffix(".verdicts.json").read_text(encoding="utf-8"))
    assert set(said) == set(gate_table.JUDGES)
    assert gate_table.score_generated("ours", [labels], again=False).holds.describe() == "1.000 | 1.000 | 1.0000"
