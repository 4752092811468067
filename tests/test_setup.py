"""The set-up behind the README's two commands: it finds a Python, makes an environment once, and survives interruption.

Most of these tests run the real programs on a checkout of their own, whose lock files are empty and whose package is
built by a backend that lies beside it: everything is as in ours, except that nothing is downloaded.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

BACKEND = '''
"""Builds an editable wheel of nothing, with the standard library alone."""
import zipfile

def _files(name):
    return {
        f"{name}-1.dist-info/METADATA": f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1\\n",
        f"{name}-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        f"{name}-1.dist-info/RECORD": "",
    }

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{wheel_directory}/tiny-1-py3-none-any.whl", "w") as wheel:
        for path, text in _files("tiny").items():
            wheel.writestr(path, text)
    return "tiny-1-py3-none-any.whl"
'''

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1"
"""

ASK = ("core", "python", "-c", "import sys; print(sys.prefix)")


def code_blocks(root: Path) -> list[list[str]]:
    text = (root / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [[line for line in block.splitlines() if line.strip()] for block in blocks]


def test_the_readme_opens_with_two_blocks_of_one_command_each(root: Path) -> None:
    first, second = code_blocks(root)[:2]
    assert len(first) == len(second) == 1
    assert first[0].startswith("./ainimotion enhance examples/clip.mkv ")
    assert second[0] == "./test"


def test_ci_runs_the_second_command_of_the_readme(root: Path) -> None:
    command = code_blocks(root)[1][0]
    lines = (root / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert sum(line.endswith(f" {command}") for line in lines) == 1


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_pins_by_hash_and_names_no_registry(root: Path, name: str) -> None:
    text = (root / name).read_text(encoding="utf-8")
    assert "://" not in text
    pins = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert pins
    assert all("==" in pin.split("\n")[0] and "--hash=sha256:" in pin for pin in pins)


def test_the_development_lock_pins_what_the_core_lock_pins(root: Path) -> None:
    core, dev = (
        set(re.findall(r"^[a-z0-9][^ ]*==[^ ]*", (root / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert core <= dev


def make_checkout(folder: Path, root: Path) -> Path:
    (folder / "scripts").mkdir(parents=True)
    for name in ("in-venv", "environment.py"):
        shutil.copy2(root / "scripts" / name, folder / "scripts" / name)
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    for name in ("requirements.lock", "requirements-dev.lock"):
        (folder / name).write_text("# nothing\n", encoding="utf-8")
    return folder


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Path:
    """A checkout in which nothing has been set up."""
    return make_checkout(tmp_path / "a checkout", root)


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """A checkout whose first two commands ran at the same time, and what they said."""

    checkout: Path
    results: list[tuple[int, str, str]]


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory, root: Path) -> SetUp:
    checkout = make_checkout(tmp_path_factory.mktemp("set up") / "a checkout", root)
    command = [str(checkout / "scripts" / "in-venv"), *ASK]
    both = [
        subprocess.Popen(command, env=environ(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300) for process in both]
    results = [(process.returncode, *pair) for process, pair in zip(both, said, strict=True)]
    return SetUp(checkout=checkout, results=results)


def base_python() -> Path:
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def environ(**changes: str) -> dict[str, str]:
    """A clean environment whose PATH finds bash and the base Python."""
    kept = {"PATH": f"{base_python().parent}:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    return kept | changes


def run(checkout: Path, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(checkout / "scripts" / "in-venv"), *command],
        capture_output=True,
        text=True,
        timeout=300,
        env=environ() if env is None else env,
    )


def test_two_at_once_make_one_environment_and_both_run_in_it(set_up: SetUp) -> None:
    assert [code for code, _, _ in set_up.results] == [0, 0], set_up.results
    assert {said for _, said, _ in set_up.results} == {f"{set_up.checkout / '.venv'}\n"}
    assert sum("setting up" in errors for _, _, errors in set_up.results) == 1


def test_the_next_command_finds_the_environment_and_says_nothing(set_up: SetUp) -> None:
    again = run(set_up.checkout, *ASK)
    assert (again.returncode, again.stdout, again.stderr) == (0, f"{set_up.checkout / '.venv'}\n", "")


def test_a_changed_lock_file_is_noticed_and_the_environment_kept(set_up: SetUp) -> None:
    (set_up.checkout / ".venv" / "mine").touch()
    (set_up.checkout / "requirements.lock").write_text("# still nothing\n", encoding="utf-8")
    again = run(set_up.checkout, *ASK)
    assert again.returncode == 0
    assert "setting up" in again.stderr
    assert (set_up.checkout / ".venv" / "mine").exists()


def test_a_moved_checkout_gets_a_new_environment(set_up: SetUp, tmp_path: Path) -> None:
    moved = shutil.copytree(set_up.checkout, tmp_path / "moved", symlinks=True)
    again = run(moved, *ASK)
    assert again.stdout == f"{moved / '.venv'}\n"


def test_an_interrupted_set_up_is_made_again_from_an_empty_folder(checkout: Path) -> None:
    process = subprocess.Popen([str(checkout / "scripts" / "in-venv"), *ASK], env=environ(), start_new_session=True)
    while not (checkout / ".venv" / "pyvenv.cfg").exists():
        assert process.poll() is None, "the set-up ended before it could be interrupted"
        time.sleep(0.01)
    os.killpg(process.pid, 9)
    process.wait(timeout=60)
    leftover = checkout / ".venv" / "leftover"
    leftover.touch()
    again = run(checkout, *ASK)
    assert again.returncode == 0, again.stderr
    assert not leftover.exists()


def test_a_folder_that_is_no_environment_is_left_as_it_is(checkout: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "film.mkv").touch()
    result = run(checkout, *ASK, env=environ(AINIMOTION_VENV=str(precious)))
    assert result.returncode == 3
    assert f"{precious} is neither empty nor a Python environment" in result.stderr
    assert sorted(path.name for path in precious.iterdir()) == ["film.mkv"]


def test_a_set_up_that_fails_says_so_and_runs_nothing(checkout: Path) -> None:
    (checkout / "requirements.lock").write_text("tiny-that-has-no-hash==1\n", encoding="utf-8")
    failed = run(checkout, *ASK, env=environ(PIP_NO_INDEX="1"))
    assert (failed.returncode, failed.stdout) == (3, "")
    assert "the set-up stopped" in failed.stderr
    assert not (checkout / ".venv" / "vsainimotion-state.json").exists()


def test_a_checkout_without_a_usable_python_says_what_it_needs(checkout: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "env", "dirname"):
        found = shutil.which(name, path="/usr/bin:/bin")
        assert found is not None
        (tools / name).symlink_to(found)
    # /usr/local/bin and Homebrew's folder are looked at by name; a usable Python there is found, and rightly so.
    result = run(checkout, *ASK, env=environ(PATH=str(tools), HOME=str(tmp_path)))
    if result.returncode == 0:
        assert re.search(r"setting up", result.stderr)
    else:
        assert result.returncode == 3
        assert "needs CPython 3.12 or newer (64 bit, with venv and ssl), and found none" in result.stderr
        assert "Install one" in result.stderr


def test_a_python_outside_the_path_is_found_where_version_managers_keep_it(checkout: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "env", "dirname"):
        (tools / name).symlink_to(shutil.which(name, path="/usr/bin:/bin") or "")
    for place in ("pyenv/versions/3.x/bin", ".pyenv/versions/3.x/bin", "uv/python/cpython-3.x/bin"):
        home = tmp_path / place.replace("/", "-")
        (home / place).mkdir(parents=True)
        (home / place / "python3").symlink_to(base_python())
        env = environ(PATH=str(tools), HOME=str(home), PYENV_ROOT=str(home / "pyenv"), XDG_DATA_HOME=str(home))
        result = run(checkout, *ASK, env=env)
        assert result.returncode == 0, result.stderr
        assert result.stdout == f"{checkout / '.venv'}\n"


def test_the_wheel_holds_the_package_and_nothing_else(root: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = wheel.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"vsainimotion"}
    shipped = [path for path in (root / "vsainimotion" / "models").iterdir() if path.suffix in {".onnx", ".toml"}]
    assert {f"vsainimotion/models/{path.name}" for path in shipped} | {"vsainimotion/py.typed"} <= set(names)


def test_a_program_that_the_environment_lacks_is_named(set_up: SetUp) -> None:
    result = run(set_up.checkout, "core", "nonsense")
    assert result.returncode == 2
    assert result.stderr == "vsainimotion: the core environment has no program nonsense\n"
