"""Temporary files and outputs."""

import errno
import os
from pathlib import Path

import pytest

from vsainimotion.errors import ArgumentError, OutputError
from vsainimotion.media.workplace import check_folder, check_output, made_folder, move_in_place, temporary_files


def test_temporary_files_are_hidden_beside_the_output_and_removed(tmp_path: Path) -> None:
    out = tmp_path / "film.mkv"
    with temporary_files(out, ".mp4", ".mkv") as paths:
        for path in paths:
            path.touch()
        assert {path.parent for path in paths} == {tmp_path}
        assert all(path.name.startswith(".vsainimotion-") for path in paths)
        assert [path.suffix for path in paths] == [".mp4", ".mkv"]
    assert list(tmp_path.iterdir()) == []


def fail_with(error: type[BaseException], out: Path) -> None:
    """Fails while a temporary file is there."""
    with temporary_files(out, ".mp4") as (path,):
        path.touch()
        raise error


def test_they_are_removed_when_the_job_fails_or_is_stopped(tmp_path: Path) -> None:
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            fail_with(error, tmp_path / "film.mkv")
    assert list(tmp_path.iterdir()) == []


def test_a_finished_file_keeps_what_is_in_it_and_gets_usual_permissions(tmp_path: Path) -> None:
    out = tmp_path / "film.mkv"
    reference = tmp_path / "reference"
    reference.touch()
    with temporary_files(out, ".mkv") as (path,):
        path.write_bytes(b"film")
        move_in_place(path, out, overwrite=False)
    assert out.read_bytes() == b"film"
    assert out.stat().st_mode == reference.stat().st_mode


def test_an_output_is_never_replaced_unasked(tmp_path: Path) -> None:
    out, new = tmp_path / "film.mkv", tmp_path / "new.mkv"
    out.write_bytes(b"old")
    new.write_bytes(b"new")
    with pytest.raises(OutputError, match="has appeared while the job ran"):
        move_in_place(new, out, overwrite=False)
    assert out.read_bytes() == b"old"
    move_in_place(new, out, overwrite=True)
    assert out.read_bytes() == b"new"


def test_a_link_that_leads_nowhere_is_not_replaced_unasked(tmp_path: Path) -> None:
    out, new = tmp_path / "film.mkv", tmp_path / "new.mkv"
    out.symlink_to(tmp_path / "unplugged" / "film.mkv")
    new.write_bytes(b"new")
    with pytest.raises(OutputError, match="is there already"):
        check_output(out, new, overwrite=False)
    with pytest.raises(OutputError, match="has appeared while the job ran"):
        move_in_place(new, out, overwrite=False)
    assert out.is_symlink()
    check_output(out, new, overwrite=True)


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 300 + ".mkv")
    with pytest.raises(OutputError, match=r"^out: .* cannot be written \(File name too long\)"):
        check_output(long, tmp_path / "in.mkv", overwrite=False)
    with pytest.raises(OutputError, match=r"^report: .* cannot be written \(File name too long\)"):
        check_folder("report", long, [], overwrite=False)


def test_a_read_only_disc_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:  # mounting one takes root
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for name in ("touch", "unlink"):
        monkeypatch.setattr(Path, name, refuse)
    with pytest.raises(OutputError, match=r"cannot be written \(Read-only file system\)"):
        check_output(tmp_path / "out.mkv", tmp_path / "in.mkv", overwrite=False)


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="is a folder"):
        check_output(tmp_path, tmp_path / "in.mkv", overwrite=True)


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_output(tmp_path / "out.mkv", tmp_path / "in.mkv", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_made_for_nothing_is_gone_again(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too bad"), made_folder(tmp_path / "new"):
        raise ValueError("too bad")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_stays(tmp_path: Path) -> None:
    with made_folder(tmp_path / "new"):
        (tmp_path / "new" / "file").touch()
    with made_folder(tmp_path / "new"):
        pass
    assert (tmp_path / "new" / "file").exists()
