"""The catalogue: the networks that are shipped and those that the user added, found by name."""

import difflib
import functools
import hashlib
import http.client
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vsainimotion.errors import ArgumentError, InputError, MissingError, OutputError, UnknownNameError, VsaiError
from vsainimotion.models.card import Card, load_card

FOLDER_VARIABLE = "VSAINIMOTION_MODELS"
"""The environment variable that names the folder of the networks that the user added."""

SHIPPED = Path(__file__).parent
"""Folder of the networks that come with the package."""


def user_folder() -> Path:
    """Returns the folder of the networks that the user added; it may not exist yet.

    The environment variable `VSAINIMOTION_MODELS` names it; without it, it is `vsainimotion/models` in the platform's
    folder for application data (`XDG_DATA_HOME` or `~/.local/share`, `~/Library/Application Support`, `LOCALAPPDATA`).
    """
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    home = Path.home()
    if sys.platform == "win32":
        data = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        data = home / "Library" / "Application Support"
    else:
        data = os.environ.get("XDG_DATA_HOME") or home / ".local" / "share"
    return Path(data) / "vsainimotion" / "models"


def list_cards() -> list[Card]:
    """Returns the cards of all networks, by name.

    A card of the user's that cannot be read is left out with a warning that says why; a shipped one is an error.

    Raises:
        InputError: A shipped card is damaged.
    """
    cards = {path.stem: load_card(path) for path in SHIPPED.glob("*.toml")}
    for path in sorted(user_folder().glob("*.toml")):
        try:
            cards.setdefault(path.stem, load_card(path))
        except InputError as error:
            warnings.warn(f"list_cards: left out: {error}", stacklevel=2)
    return [cards[name] for name in sorted(cards)]


def find_card(name: str) -> Card:
    """Finds a network by name.

    Args:
        name: The card's name, such as `luma-fast`.

    Returns:
        The card. Its ONNX file is not looked at; see `locate_network`.

    Raises:
        UnknownNameError: There is no such network; the message lists the nearest names.
        InputError: The card is damaged.
    """
    for folder in (SHIPPED, user_folder()):
        # A name is looked up in the listing, so that one such as "../x" cannot leave the folder.
        for path in folder.glob("*.toml"):
            if path.stem == name:
                return load_card(path)
    names = sorted(path.stem for folder in (SHIPPED, user_folder()) for path in folder.glob("*.toml"))
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names
    known = f"Did you mean {' or '.join(near)}?" if near else "No network is installed."
    raise UnknownNameError(f"find_card: there is no network '{name}'. {known} See: ainimotion models list")


def locate_network(card: Card) -> Path:
    """Finds the ONNX file of a card and checks that it is the one the card describes.

    The digest is computed once in a process for each state of the file.

    Args:
        card: The card.

    Returns:
        The file: beside the card, or fetched into the user's folder.

    Raises:
        MissingError: The file is not there; the message says how to get it.
        InputError: The file is another one than the card describes.
    """
    for path in (card.path, user_folder() / card.file):
        if path.is_file():
            check_network_file(card, path)
            return path.absolute()
    how = (
        f"Get it with: ainimotion models fetch {card.name}" if card.url else "Add it again with: ainimotion models add"
    )
    raise MissingError(f"locate_network: '{card.path}', the file of network '{card.name}', is missing. {how}")


def check_network_file(card: Card, path: Path) -> None:
    """Checks that a file has the digest on the card.

    Raises:
        InputError: It has another one.
    """
    state = path.stat()
    digest = _digest(path, state.st_mtime_ns, state.st_size)
    if digest != card.sha256:
        raise InputError(
            f"check_network_file: '{path}' is not the network that card '{card.name}' describes: its sha256 is "
            f"{digest}, the card says {card.sha256}. Fetch or add it again"
        )


@functools.cache
def _digest(path: Path, _mtime_ns: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def add_model(onnx: Path, card: Card) -> Card:
    """Adds a network to the user's folder.

    Args:
        onnx: The ONNX file; it is copied.
        card: Its card; `folder`, `file` and `sha256` are replaced by what is true after the copy.

    Returns:
        The card as it was written.

    Raises:
        ArgumentError: A network of that name is there already.
        InputError: The ONNX file cannot be read.
        OutputError: The folder cannot be written.
    """
    if any(other.name == card.name for other in list_cards()):
        raise ArgumentError(f"add_model: there is a network '{card.name}' already. Choose another name, or remove it")
    try:
        data = onnx.read_bytes()
    except OSError as error:
        raise InputError(f"add_model: '{onnx}' cannot be read ({error.strerror})") from error
    fields = {name: getattr(card, name) for name in Card.__dataclass_fields__}
    fields |= {"folder": user_folder(), "file": f"{card.name}.onnx", "sha256": hashlib.sha256(data).hexdigest()}
    added = Card(**fields)
    with _written(added.path) as part:
        part.write_bytes(data)
    with _written(added.folder / f"{added.name}.toml") as part:
        part.write_text(added.dump(), encoding="utf-8")
    return added


def remove_model(name: str) -> Card:
    """Removes a network that the user added, its card first.

    Raises:
        UnknownNameError: There is no such network.
        ArgumentError: The network is one of those that are shipped.
        OutputError: The files cannot be removed.
    """
    card = find_card(name)
    if card.folder == SHIPPED:
        raise ArgumentError(f"remove_model: '{name}' comes with the package and cannot be removed")
    try:
        (card.folder / f"{name}.toml").unlink()
        card.path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"remove_model: '{error.filename}' cannot be removed ({error.strerror})") from error
    return card


def fetch_model(name: str) -> Path:
    """Downloads the ONNX file of a network whose card has an address, if it is not here yet.

    The file is written beside its place, checked against the card's digest and renamed into place.

    Args:
        name: The card's name.

    Returns:
        The file.

    Raises:
        UnknownNameError: There is no such network.
        MissingError: The file is not here and the card has no address, or the download failed.
        InputError: What came is not what the card describes.
        OutputError: The folder cannot be written.
    """
    card = find_card(name)
    try:
        return locate_network(card)
    except VsaiError:
        if card.url is None:
            raise
    target = user_folder() / card.file
    with _written(target) as part:
        _download(card.url, part)
        check_network_file(card, part)
    return target.absolute()


def _download(url: str, part: Path) -> None:
    try:
        # The scheme is checked by the card, the content by its digest.
        with urllib.request.urlopen(url, timeout=60) as answer, part.open("wb") as file:  # noqa: S310
            shutil.copyfileobj(answer, file)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise MissingError(
            f"fetch_model: '{url}' could not be downloaded ({error}). Check the network and try again"
        ) from error


@contextmanager
def _written(target: Path) -> Iterator[Path]:
    """Gives a path beside a target to write to, and renames it into place if nothing went wrong."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as folder:
            part = Path(folder) / target.name
            yield part
            part.replace(target)
    except OSError as error:
        if isinstance(error, VsaiError):
            raise
        raise OutputError(f"models: '{target}' cannot be written ({error.strerror or error})") from error
