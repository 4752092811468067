"""The program that builds engines ahead of time, as a person would run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vsainimotion.models.recipes import load_recipes
from vsainimotion.native import is_plugin_loaded

ROOT = Path(__file__).resolve().parent.parent.parent
NETWORKS = ROOT / "tests" / "models" / "networks"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "engines" / "build.py"), *arguments]
    merged = os.environ | {"PYTHONPATH": str(ROOT), "VSAINIMOTION_MODELS": str(NETWORKS)} | environment
    return subprocess.run(command, capture_output=True, text=True, check=False, env=merged)


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    path = tmp_path / "recipes.toml"
    text = '[[recipe]]\nnetwork = "{}"\nsize = {}\n'
    path.write_text(text.format("deep", [1279, 720]) + text.format("flow-linear", [480, 272]), encoding="utf-8")
    return path


def test_the_plan_needs_no_gpu(recipes: Path) -> None:
    done = run("--recipes", str(recipes), "--plan")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "deep  fp16, 1 planes, 1280x720 for a clip of 1279x720",
        "flow-linear  fp16, 7 planes, 480x272 for a clip of 480x272",
    ]


@pytest.mark.skipif(is_plugin_loaded("trt"), reason="TensorRT is installed")
def test_building_without_tensorrt_exits_with_3_and_the_pip_line(recipes: Path, tmp_path: Path) -> None:
    done = run("--recipes", str(recipes), VSAINIMOTION_ENGINES=str(tmp_path / "engines"))
    assert done.returncode == 3
    assert done.stderr.rstrip().endswith("Install it with: pip install 'vsainimotion[tensorrt]'")
    assert not (tmp_path / "engines").exists()


def test_the_recipes_of_the_repository_can_be_read() -> None:
    assert [recipe.size for recipe in load_recipes(ROOT / "engines" / "recipes.toml")] != []
