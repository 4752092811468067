"""The place of a job: temporary files beside the output, moved in place when they are whole, removed when not."""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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
    folder, is_there = out.parent, _is_there(out, "out")
    if is_there and out.is_dir():
        raise ArgumentError(f"out: {str(out)!r} is a folder. Give the name of a file in it")
    if not folder.is_dir():
        raise OutputError(f"out: the folder {str(folder)!r} does not exist. Make it first")
    if out.exists() and out.samefile(source):
        raise ArgumentError(f"out: {str(out)!r} is the film itself. Write to another name")
    if is_there and not overwrite:
        raise OutputError(f"out: {str(out)!r} is there already. Choose another name, or add --overwrite")
    _check_writable(folder, "out")


def check_folder(name: str, folder: Path, files: Sequence[str], *, overwrite: bool) -> None:
    """Checks that files can be written into a folder, which will be made if it is not there.

    What else lies in the folder stays as it is.

    Args:
        name: What a message calls the folder.
        folder: The folder; the one around it must exist.
        files: Names of the files.
        overwrite: Whether files of those names may be replaced.

    Raises:
        ArgumentError: The folder is a file.
        OutputError: It cannot be written, or such a file is there already.
    """
    around = folder.absolute().parent
    if _is_there(folder, name) and not folder.is_dir():
        raise ArgumentError(f"{name}: {str(folder)!r} is a file. Give the name of a folder")
    if not around.is_dir():
        raise OutputError(f"{name}: the folder {str(around)!r} does not exist. Make it first")
    there = [file for file in files if os.path.lexists(folder / file)]
    if there and not overwrite:
        raise OutputError(
            f"{name}: {' and '.join(there)} {'are' if len(there) > 1 else 'is'} in {str(folder)!r} already. "
            "Choose another folder, or add --overwrite"
        )
    _check_writable(folder if folder.is_dir() else around, name)


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Makes a folder if it is not there, and takes it away again if nothing came to lie in it."""
    folder.mkdir(exist_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):  # it is not empty, as it should be
            folder.rmdir()


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
            with suppress(OSError):  # a disc that has gone must not hide why
                path.unlink(missing_ok=True)


def move_in_place(finished: Path, out: Path, *, overwrite: bool) -> None:
    """Gives a finished file its name, in one step.

    Raises:
        OutputError: A file of that name has appeared, or the name cannot be taken.
    """
    if _is_there(out, "out") and not overwrite:
        raise OutputError(f"out: {str(out)!r} has appeared while the job ran. Choose another name, or add --overwrite")
    try:
        finished.replace(out)
    except OSError as error:
        raise OutputError(f"out: {str(out)!r} cannot be written ({error.strerror}). Choose another name") from error


def _is_there(path: Path, name: str) -> bool:
    """Answers whether something has a name, be it a link that leads nowhere, and refuses what cannot be one."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise OutputError(f"{name}: {str(path)!r} cannot be written ({error.strerror}). Choose another name") from error
    return True


def _check_writable(folder: Path, name: str) -> None:
    """Writes and removes a file: permissions alone do not tell (read-only mounts, network shares, full discs)."""
    trial = folder / f"{PREFIX}{secrets.token_hex(6)}-trial"
    try:
        trial.touch()
        trial.unlink()
    except OSError as error:
        with suppress(OSError):  # a read-only disc refuses even that
            trial.unlink(missing_ok=True)
        raise OutputError(
            f"{name}: the folder {str(folder)!r} cannot be written ({error.strerror}). Choose another folder"
        ) from error
