"""What every test may use, and the check that none is missing.

`pytest --complete`, which `.ci/run` asks for, also fails when a test was skipped or a module ran fewer tests than
`tests/expected.txt` says: a test that has vanished is a failure too.
"""

import ctypes
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsainimotion.models.tuning import OFF_VARIABLE

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = Path(__file__).with_name("expected.txt")
SHORTFALLS = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_clips() -> Path:
    """The folder of real film beside the checkout."""
    folder = ROOT.parent / "shared" / "clips"
    if not folder.is_dir():
        pytest.skip(f"the folder of real film is not there: {folder}")
    return folder


@pytest.fixture(scope="session")
def example_clip() -> Path:
    """The video that comes with the repository."""
    return ROOT / "examples" / "clip.mkv"


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the tests' own; the only fixture of a whole run that sets it, since modules run in any order."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VSAINIMOTION_CACHE", str(folder))
        yield folder


@pytest.fixture
def tuning_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty cache where measurements of this machine are kept, and believed."""
    monkeypatch.setenv("VSAINIMOTION_CACHE", str(tmp_path))
    monkeypatch.delenv(OFF_VARIABLE, raising=False)
    return tmp_path / "tuning"


@pytest.fixture(autouse=True)
def signal_stack() -> Iterator[None]:
    """Fails the test that leaves signals another stack to run on: the next tests would die of it, see `native`."""
    before = read_signal_stack()
    yield
    assert read_signal_stack() == before


def read_signal_stack() -> bytes:
    """Where this thread's signals run."""
    stack = ctypes.create_string_buffer(64)
    if sys.platform != "win32":
        ctypes.CDLL(None).sigaltstack(None, stack)
    return stack.raw


def pytest_configure() -> None:
    # A shell starts what runs in the background with SIGINT ignored, nohup with SIGHUP, and programs that tests start
    # would inherit that.
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    os.environ[OFF_VARIABLE] = "off"  # tests do not follow what somebody measured on this machine


def pytest_runtest_setup() -> None:
    # vstools gives the main program of `python -c`, as a worker of pytest-xdist is one, a file that is not there, and
    # the processes that it spawns would look for that.
    main = sys.modules["__main__"]
    if Path(getattr(main, "__file__", None) or "").name == "<string>":
        del main.__file__


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("vsainimotion")
    group.addoption(
        "--complete", action="store_true", help="fail on a skipped test, and on fewer than expected.txt says"
    )
    group.addoption("--expect", action="store_true", help="write tests/expected.txt from this run")


def load_expected() -> dict[str, int]:
    """Reads how many tests each module has at least."""
    lines = EXPECTED.read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return {name: int(count) for count, name in rows}


def plan_shortfalls(expected: dict[str, int], passed: dict[str, int], skipped: dict[str, int]) -> list[str]:
    """Says in a sentence each what a complete run should have had and had not.

    Args:
        expected: The least number of passing tests of each module.
        passed: How many passed.
        skipped: How many were skipped.
    """
    short = [
        f"{name}: {passed.get(name, 0)} passed, tests/expected.txt says at least {least}"
        for name, least in sorted(expected.items())
        if passed.get(name, 0) < least
    ]
    new = sorted(passed.keys() - expected.keys())
    unlisted = [f"{name}: not in tests/expected.txt; run ./test --expect" for name in new]
    skips = [f"{name}: {count} skipped; a complete run skips nothing" for name, count in sorted(skipped.items())]
    return short + unlisted + skips


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if hasattr(session.config, "workerinput"):
        return  # one of several workers of pytest-xdist: the process that started them counts
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    assert terminal is not None, "-p no:terminal leaves nothing to count"
    passed, skipped = (
        Counter(r.nodeid.split("::")[0] for r in terminal.stats.get(k, [])) for k in ("passed", "skipped")
    )
    if session.config.option.expect and exitstatus == pytest.ExitCode.OK:
        save_expected(passed)
    if session.config.option.complete:
        shortfalls = plan_shortfalls(load_expected(), passed, skipped)
        session.config.stash[SHORTFALLS] = shortfalls
        if shortfalls:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            terminal.stats["incomplete"] = shortfalls  # a word of its own in the closing line


def save_expected(passed: dict[str, int]) -> None:
    """Writes the list anew; modules that this run did not touch keep their line."""
    kept = {name: count for name, count in load_expected().items() if (ROOT / name).exists()}
    rows = [f"{count:4} {name}" for name, count in sorted((kept | passed).items())]
    head = (
        "# The least number of tests that pass in each module; `./test --expect` writes it, .ci/run fails below it.\n"
    )
    EXPECTED.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    shortfalls = config.stash.get(SHORTFALLS, [])
    if shortfalls:
        terminalreporter.section("incomplete")
        for line in shortfalls:
            terminalreporter.line(line)
