"""The place of a job: temporary files beside the output, moved in place when they are whole, removed when not."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vsainimotion.errors import ArgumentError, OutputError

PREFIX = ".vsainimotion-"
"""How the names of temporary files begin: hidden, and recognisable if a machine loses power."""


def check_output(out: Path, source: Path, *, overwrite: bool) -> None:
    """Checks that an output can be written where it was asked for.

    Args:
        out: The output.
        source: The film it is made from.
        overwrite: Whether a file of that name may be replaced.

    Raises:
        ArgumentError: The output is the film itself (also by a link), or is a folder.
        OutputError: It is there already, or its folder is missing or cannot be written.
    """
    folder = out.parent
    if out.is_dir():
        raise ArgumentError(f"out: {str(out)!r} is a folder. Give the name of a file in it")
    if not folder.is_dir():
        raise OutputError(f"out: the folder {str(folder)!r} does not exist. Make it first")
    if out.exists() and out.samefile(source):
        raise ArgumentError(f"out: {str(out)!r} is the film itself. Write to another name")
    if out.exists() and not overwrite:
        raise OutputError(f"out: {str(out)!r} is there already. Choose another name, or add --overwrite")
    _check_writable(folder)


@contextmanager
def temporary_files(out: Path, *suffixes: str) -> Iterator[tuple[Path, ...]]:
    """Names temporary files beside an output and removes on leaving those that are left.

    Args:
        out: The output.
        *suffixes: Ending of each file.
    """
    token = secrets.token_hex(6)
    paths = tuple(out.parent / f"{PREFIX}{token}-{number}{suffix}" for number, suffix in enumerate(suffixes))
    try:
        yield paths
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def move_in_place(finished: Path, out: Path, *, overwrite: bool) -> None:
    """Gives a finished file its name, in one step.

    Raises:
        OutputError: A file of that name has appeared, or the name cannot be taken.
    """
    if out.exists() and not overwrite:
        raise OutputError(f"out: {str(out)!r} has appeared while the job ran. Choose another name, or add --overwrite")
    try:
        finished.replace(out)
    except OSError as error:
        raise OutputError(f"out: {str(out)!r} cannot be written ({error.strerror}). Choose another name") from error


def _check_writable(folder: Path) -> None:
    """Writes and removes a file: permissions alone do not tell (read-only mounts, network shares, full discs)."""
    trial = folder / f"{PREFIX}{secrets.token_hex(6)}-trial"
    try:
        trial.touch()
        trial.unlink()
    except OSError as error:
        trial.unlink(missing_ok=True)
        raise OutputError(
            f"out: the folder {str(folder)!r} cannot be written ({error.strerror}). Choose another folder"
        ) from error
