"""Makes the checkout's own Python environment where it is missing or stale, and runs a command in it.

    python scripts/environment.py core|dev COMMAND [ARGUMENT...]

`core` is what the product needs; `dev` adds the tests, the type checker and the training workshop. Both come from the
lock files, hashes checked, into `.venv` (or the folder that AINIMOTION_VENV names), and stay there for the next run.

What makes this safe: a command holds a shared lock on the environment for as long as it runs, and only the holder of
the exclusive lock changes it. The state file is removed before a change and written after it, so a set-up that was
interrupted starts again from an empty folder. Run by `scripts/in-venv`, with nothing but the standard library.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"core": "requirements.lock", "dev": "requirements-dev.lock"}
INCLUDES = {"core": ("core",), "dev": ("core", "dev")}
"""What each set brings: the development lock pins everything that the core lock pins, to the same versions."""
NOTICES = {
    "core": "about 200 MB to download, a minute on most lines",
    "dev": "with torch for the training tests: about 3 GB to download, some minutes",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """One virtual environment and what is known to be whole in it."""

    folder: Path

    @property
    def state_file(self) -> Path:
        """Where the fingerprints of the installed sets are kept."""
        return self.folder / "vsainimotion-state.json"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "bin" / "python"

    def load_state(self) -> dict[str, str]:
        """Reads the fingerprints; empty where nothing is whole."""
        try:
            state = json.loads(self.state_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) and os.access(self.python, os.X_OK) else {}

    def save_state(self, state: dict[str, str]) -> None:
        """Writes the fingerprints in one step."""
        beside = self.state_file.with_suffix(".new")
        beside.write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
        beside.replace(self.state_file)


def plan_state(name: str, environment: Environment) -> dict[str, str]:
    """Says what must be true of an environment before a command of a set may run in it.

    Args:
        name: `core` or `dev`.
        environment: The environment; a moved one is stale, as its programs name their interpreter by its full path.

    Returns:
        A fingerprint for the place, the project's own metadata and each lock file.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    metadata = json.dumps([project["build-system"], project["project"]], sort_keys=True).encode()
    state = {"place": str(environment.folder), "project": hashlib.sha256(metadata).hexdigest()}
    return state | {part: _lock_fingerprint(part) for part in INCLUDES[name]}


def _lock_fingerprint(name: str) -> str:
    return hashlib.sha256((ROOT / LOCKS[name]).read_bytes()).hexdigest()


def is_whole(state: dict[str, str], wanted: dict[str, str]) -> bool:
    """Answers whether everything that is wanted is installed."""
    return all(state.get(key) == value for key, value in wanted.items())


def build_environment(name: str, environment: Environment, wanted: dict[str, str]) -> None:
    """Installs what is missing; the caller holds the exclusive lock.

    An environment of unknown state is made again from an empty folder. A known one is changed in place.

    Raises:
        FileExistsError: The folder holds something that is no environment, and would be lost.
        subprocess.CalledProcessError: venv or pip failed; what it said is on stderr.
    """
    state = environment.load_state()
    fresh = state.get("place") != wanted["place"]
    if fresh and not (environment.folder / "pyvenv.cfg").exists() and any(_entries(environment.folder)):
        raise FileExistsError(f"{environment.folder} is neither empty nor a Python environment; it is left as it is")
    environment.state_file.unlink(missing_ok=True)
    if fresh:
        _run(_base_python(), "-m", "venv", "--clear", environment.folder)
        state = {"place": wanted["place"]}
    if not is_whole(state, {part: wanted[part] for part in INCLUDES[name]}):
        _pip(environment, "install", "--require-hashes", "--only-binary=:all:", "-r", ROOT / LOCKS[name])
        state = _still_true(state) | {part: wanted[part] for part in INCLUDES[name]}
    if state.get("project") != wanted["project"]:
        # The packages are whole by now, whatever becomes of our own: no need to fetch them again.
        environment.save_state({key: value for key, value in state.items() if key != "project"})
        _pip(environment, "install", "--no-deps", "--no-build-isolation", "--editable", ROOT)
        state["project"] = wanted["project"]
    environment.save_state(state)


def _still_true(state: dict[str, str]) -> dict[str, str]:
    """Leaves out the sets whose lock file has changed: bringing another set in may have moved their packages."""
    return {key: value for key, value in state.items() if key not in LOCKS or value == _lock_fingerprint(key)}


def _base_python() -> Path:
    """The interpreter behind the one that runs this, which may be that of the environment which is to be made again."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix) / "bin" / version
    return Path(sys.executable) if sys.prefix == sys.base_prefix or not base.exists() else base


def _entries(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def _pip(environment: Environment, command: str, *arguments: str | Path) -> None:
    quiet = ("--quiet", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile")
    _run(environment.python, "-m", "pip", command, *quiet, *arguments)


def _run(*command: str | Path) -> None:
    # The child inherits the lock: should this program be killed, nobody takes the folder while pip still writes to it.
    subprocess.run([str(part) for part in command], check=True, stdout=sys.stderr, close_fds=False)


def open_environment(name: str, environment: Environment) -> None:
    """Brings the environment to a set's state and takes the shared lock that the command keeps while it runs."""
    environment.folder.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(f"{environment.folder}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    os.set_inheritable(lock, True)
    wanted = plan_state(name, environment)
    fcntl.flock(lock, fcntl.LOCK_SH)
    while not is_whole(environment.load_state(), wanted):
        _lock_exclusively(lock)
        if not is_whole(environment.load_state(), wanted):
            started = time.monotonic()
            known = environment.load_state()
            amount = "only parts of it change" if known.get("place") == wanted["place"] else NOTICES[name]
            _say(f"setting up {environment.folder} ({amount}) ...")
            build_environment(name, environment, wanted)
            _say(f"set up in {time.monotonic() - started:.0f} s; it stays there for the next run")
        # Going back to the shared lock lets go of the exclusive one first, so the state is looked at again.
        fcntl.flock(lock, fcntl.LOCK_SH)


def _lock_exclusively(lock: int) -> None:
    fcntl.flock(lock, fcntl.LOCK_UN)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _say("waiting for another command that uses the environment (AINIMOTION_VENV=folder makes a second one) ...")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _say(text: str) -> None:
    print(f"vsainimotion: {text}", file=sys.stderr, flush=True)


def main() -> NoReturn:
    """Sets up and becomes the command; exits with 3 where the set-up failed."""
    name, program, *arguments = sys.argv[1:]
    folder = Path(os.environ.get("AINIMOTION_VENV") or ROOT / ".venv")
    environment = Environment(folder=folder.resolve())
    try:
        open_environment(name, environment)
    except subprocess.CalledProcessError as error:
        _say(
            f"the set-up stopped: {' '.join(error.cmd[:4])} ... ended with {error.returncode}. Run this again to retry"
        )
        sys.exit(3)
    except OSError as error:
        _say(f"the set-up stopped: {error}. AINIMOTION_VENV=folder puts the environment elsewhere")
        sys.exit(3)
    for variable in ("PYTHONHOME", "PYTHONPATH"):
        os.environ.pop(variable, None)
    os.environ["VIRTUAL_ENV"] = str(environment.folder)
    os.environ["PATH"] = f"{environment.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    if not (environment.folder / "bin" / program).exists():
        _say(f"the {name} environment has no program {program}")
        sys.exit(2)
    os.execv(environment.folder / "bin" / program, [program, *arguments])  # noqa: S606 - no shell is what we want here


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
    sys.exit(130)
