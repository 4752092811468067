"""Networks by name: found, checked, added, fetched and removed."""

import http.server
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from vsainimotion.errors import ArgumentError, InputError, MissingError, OutputError, UnknownNameError
from vsainimotion.models import (
    Card,
    add_model,
    fetch_model,
    find_card,
    list_cards,
    load_card,
    locate_network,
    remove_model,
    user_folder,
)
from vsainimotion.models.catalogue import SHIPPED

NETWORKS = Path(__file__).parent / "networks"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the user's networks."""
    path = tmp_path / "models"
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(path))
    return path


@pytest.fixture
def deep() -> Card:
    return load_card(NETWORKS / "deep.toml")


def test_every_shipped_network_is_the_one_on_its_card() -> None:
    for path in SHIPPED.glob("*.toml"):
        card = load_card(path)
        assert locate_network(card) == card.path


def test_the_user_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(tmp_path))
    assert user_folder() == tmp_path
    monkeypatch.delenv("VSAINIMOTION_MODELS")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert user_folder() == tmp_path / "data" / "vsainimotion" / "models"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_folder() == tmp_path / ".local" / "share" / "vsainimotion" / "models"


def test_an_added_network_is_found_listed_and_removed(folder: Path, deep: Card) -> None:
    before = [card.name for card in list_cards()]
    added = add_model(deep.path, deep)
    assert find_card("deep") == added
    assert locate_network(added) == folder / "deep.onnx"
    assert sorted([*before, "deep"]) == [card.name for card in list_cards()]
    assert remove_model("deep") == added
    assert list(folder.iterdir()) == []
    assert [card.name for card in list_cards()] == before


def test_a_name_is_given_once(folder: Path, deep: Card) -> None:
    add_model(deep.path, deep)
    with pytest.raises(ArgumentError, match="there is a network 'deep' already"):
        add_model(deep.path, deep)
    assert sorted(path.name for path in folder.iterdir()) == ["deep.onnx", "deep.toml"]


def test_an_unknown_name_lists_the_nearest(folder: Path, deep: Card) -> None:
    add_model(deep.path, deep)
    assert folder.is_dir()
    with pytest.raises(UnknownNameError, match=r"there is no network 'deeep'\. Did you mean deep\?"):
        find_card("deeep")


@pytest.mark.parametrize("name", ["../models/deep", "", "deep/../deep", "*"])
def test_a_name_cannot_lead_out_of_the_catalogue(folder: Path, deep: Card, name: str) -> None:
    add_model(deep.path, deep)
    assert folder.is_dir()
    with pytest.raises(UnknownNameError, match="there is no network"):
        find_card(name)


def test_a_file_that_is_not_the_one_on_the_card_is_refused(folder: Path, deep: Card) -> None:
    added = add_model(deep.path, deep)
    (folder / "deep.onnx").write_bytes(b"something else")
    with pytest.raises(InputError, match=rf"its sha256 is [0-9a-f]{{64}}, the card says {deep.sha256}"):
        locate_network(added)


def test_a_missing_file_says_how_to_get_it(folder: Path, deep: Card) -> None:
    added = add_model(deep.path, deep)
    (folder / "deep.onnx").unlink()
    with pytest.raises(MissingError, match=r"deep\.onnx', the file of network 'deep', is missing"):
        locate_network(added)


def test_a_missing_onnx_cannot_be_added(folder: Path, deep: Card, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.onnx' cannot be read \(No such file"):
        add_model(tmp_path / "none.onnx", deep)
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_an_output_error(folder: Path, deep: Card) -> None:
    folder.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match=r"deep\.onnx' cannot be written \(File exists\)"):
        add_model(deep.path, deep)


def test_a_damaged_card_of_the_users_is_left_out_with_a_warning(folder: Path, deep: Card) -> None:
    add_model(deep.path, deep)
    (folder / "broken.toml").write_text("name = ")
    with pytest.warns(UserWarning, match=r"left out: load_card: '.*broken\.toml' is not a readable TOML file"):
        names = [card.name for card in list_cards()]
    assert "deep" in names
    assert "broken" not in names


def test_a_shipped_network_cannot_be_removed() -> None:
    shipped = [path.stem for path in SHIPPED.glob("*.toml")]
    for name in shipped:
        with pytest.raises(ArgumentError, match="comes with the package and cannot be removed"):
            remove_model(name)
        assert find_card(name).path.is_file()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a folder that is served on this machine, and the folder."""
    served = tmp_path / "served"
    served.mkdir()
    handler = partial(QuietHandler, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}", served
        running.shutdown()
        thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


def write_remote_card(folder: Path, url: str) -> None:
    folder.mkdir()
    text = (NETWORKS / "deep.toml").read_text(encoding="utf-8")
    (folder / "deep.toml").write_text(f'{text}url = "{url}"\n', encoding="utf-8")


def test_fetch_downloads_checks_and_then_has_it(folder: Path, server: tuple[str, Path]) -> None:
    url, served = server
    shutil.copy(NETWORKS / "deep.onnx", served)
    write_remote_card(folder, f"{url}/deep.onnx")
    with pytest.raises(MissingError, match="Get it with: ainimotion models fetch deep"):
        locate_network(find_card("deep"))
    assert fetch_model("deep") == folder / "deep.onnx"
    assert (folder / "deep.onnx").read_bytes() == (NETWORKS / "deep.onnx").read_bytes()
    (served / "deep.onnx").unlink()
    assert fetch_model("deep") == folder / "deep.onnx"


def test_fetch_refuses_what_is_not_on_the_card_and_leaves_nothing(folder: Path, server: tuple[str, Path]) -> None:
    url, served = server
    (served / "deep.onnx").write_bytes(b"not the network")
    write_remote_card(folder, f"{url}/deep.onnx")
    with pytest.raises(InputError, match="is not the network that card 'deep' describes"):
        fetch_model("deep")
    assert [path.name for path in folder.iterdir()] == ["deep.toml"]


def test_fetch_of_an_address_that_is_not_there_says_so(folder: Path, server: tuple[str, Path]) -> None:
    url, _ = server
    write_remote_card(folder, f"{url}/deep.onnx")
    with pytest.raises(MissingError, match=r"deep\.onnx' could not be downloaded \(HTTP Error 404"):
        fetch_model("deep")
    assert [path.name for path in folder.iterdir()] == ["deep.toml"]


def test_fetch_replaces_a_damaged_file(folder: Path, server: tuple[str, Path]) -> None:
    url, served = server
    shutil.copy(NETWORKS / "deep.onnx", served)
    write_remote_card(folder, f"{url}/deep.onnx")
    (folder / "deep.onnx").write_bytes(b"damaged")
    fetch_model("deep")
    assert locate_network(find_card("deep")) == folder / "deep.onnx"


def test_fetch_without_an_address_says_what_is_missing(folder: Path, deep: Card) -> None:
    add_model(deep.path, deep)
    (folder / "deep.onnx").unlink()
    with pytest.raises(MissingError, match="Add it again with: ainimotion models add"):
        fetch_model("deep")
