"""Truncated files."""

from pathlib import Path

import pytest

from tests.media.films import X264, MakeFilm, picture
from vsainimotion.media.structure import missing_bytes

NAMES = {".mkv": "matroska,webm", ".avi": "avi", ".mp4": "mov,mp4,m4a,3gp,3g2,mj2", ".mov": "mov,mp4,m4a,3gp,3g2,mj2"}


@pytest.mark.parametrize("suffix", NAMES)
def test_the_missing_bytes_of_a_cut_file_are_counted(make_film: MakeFilm, tmp_path: Path, suffix: str) -> None:
    film = make_film(f"whole{suffix}", *picture(1), *X264)
    content = film.read_bytes()
    assert missing_bytes(film, NAMES[suffix]) == 0
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(content[:-100])
    assert missing_bytes(cut, NAMES[suffix]) == 100


def test_a_live_recording_that_does_not_say_its_length_is_whole(make_film: MakeFilm) -> None:
    film = make_film("live.mkv", *picture(1), *X264, "-f", "matroska", "-live", "1")
    assert missing_bytes(film, "matroska,webm") == 0


def test_an_avi_of_several_chunks_is_whole_with_the_last_of_them(make_film: MakeFilm, tmp_path: Path) -> None:
    second = b"RIFF" + (5).to_bytes(4, "little") + b"AVIX!"
    path = tmp_path / "large.avi"
    path.write_bytes(make_film("first.avi", *picture(1), *X264).read_bytes() + second)
    assert missing_bytes(path, "avi") == 0
    path.write_bytes(path.read_bytes()[:-2])
    assert missing_bytes(path, "avi") == 2


def test_an_avi_that_was_never_finished_is_not_judged(tmp_path: Path) -> None:
    path = tmp_path / "open.avi"
    path.write_bytes(b"RIFF" + bytes(4) + b"AVI " + bytes(100))
    assert missing_bytes(path, "avi") == 0


def test_a_format_without_an_outer_length_is_not_judged(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film("whole.ts", *picture(1), *X264)
    cut = tmp_path / "cut.ts"
    cut.write_bytes(film.read_bytes()[:-1000])
    assert missing_bytes(cut, "mpegts") == 0


@pytest.mark.parametrize("content", [b"", b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\x81", b"\0\0\0\1ftyp", b"\0" * 40])
def test_a_head_alone_raises_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "head"
    path.write_bytes(content)
    for name in ("matroska", "mp4", "avi"):
        assert missing_bytes(path, name) >= 0
