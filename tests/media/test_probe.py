"""What is in a film."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.films import FONT, X264, MakeFilm, picture, tone
from vsainimotion.errors import ArgumentError, InputError
from vsainimotion.media.probe import probe

NOBODY = 65534
"""A user without rights."""


def test_everything_in_a_rich_film_is_seen(rich: Path) -> None:
    info = probe(rich)
    assert [stream.kind for stream in info.streams] == [
        "video", "audio", "audio", "subtitle", "subtitle", "attachment"
    ]  # fmt: skip
    assert [stream.language for stream in info.streams] == [None, "jpn", "eng", "ger", "fre", None]
    assert info.streams[1].dispositions == ("default",)
    assert info.streams[2].dispositions == ("dub",)
    assert info.streams[3].dispositions == ("forced",)
    assert info.streams[2].tags["title"] == "Dub"
    assert info.streams[5].tags["filename"] == "Font.ttf"
    assert info.streams[5].detail["bytes"] == len(FONT)
    assert (info.chapters, info.tags["title"], info.tags["ARTIST"]) == (2, "A Film", "Somebody")


def test_the_picture_is_measured_exactly(rich: Path) -> None:
    video = probe(rich).video
    assert (video.width, video.height, video.pixel_format, video.bits) == (64, 48, "yuv420p", 8)
    assert (video.frames, video.rate.fps, video.rate.constant) == (72, Fraction(24000, 1001), True)
    assert video.duration == Fraction(72 * 1001, 24000)
    assert video.colour.names() == {
        "matrix": "bt709",
        "transfer": "bt709",
        "primaries": "bt709",
        "range": "limited",
        "chroma_location": "left",
    }


def test_a_cover_is_not_the_picture(make_film: MakeFilm) -> None:
    cover = make_film("cover.png", *picture(0.04), "-frames:v", "1")
    film = make_film(
        *("covered.mp4", "-i", str(cover), *picture(0.5), *tone(0.5), "-map", "0", "-map", "1", "-map", "2"),
        *("-c:v:0", "copy", "-disposition:v:0", "attached_pic", "-c:v:1", "libx264", "-c:a", "aac"),
    )
    info = probe(film)
    pictures = [stream.index for stream in info.streams if stream.is_picture]
    assert len(pictures) == 1
    assert info.video.index not in pictures
    assert info.video.frames == 12


def test_a_variable_rate_is_seen(make_film: MakeFilm) -> None:
    # Every tenth frame is dropped and the others keep their times.
    film = make_film(
        *("varies.mkv", *picture(4, rate="30"), "-vf", "select='not(eq(mod(n,10),7))'"),
        *(*X264, "-fps_mode", "passthrough"),
    )
    video = probe(film).video
    assert (video.rate.constant, video.rate.fps, video.frames) == (False, Fraction(30), 108)


def test_interlacing_rotation_aspect_and_alpha_are_seen(make_film: MakeFilm) -> None:
    fields = make_film(
        *("fields.mkv", *picture(0.5, rate="50"), "-vf", "interlace,fieldorder=tff,setsar=16/15"),
        *(*X264, "-flags", "+ilme+ildct"),
    )
    assert probe(fields).video.interlaced
    assert probe(fields).video.colour.sample_aspect == Fraction(16, 15)
    upright = make_film("upright.mp4", *picture(0.5), *X264)
    turned = make_film("turned.mp4", "-display_rotation", "90", "-i", str(upright), "-c", "copy")
    assert abs(probe(turned).video.rotation) == 90
    glass = make_film("glass.mkv", *picture(0.2), "-pix_fmt", "yuva420p", "-c:v", "ffv1")
    assert probe(glass).video.has_alpha
    assert not probe(upright).video.has_alpha


def test_hdr_metadata_is_seen(make_film: MakeFilm) -> None:
    settings = (
        "log-level=error:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:"
        "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    )
    film = make_film("hdr.mkv", *picture(0.2), "-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", settings)
    video = probe(film).video
    assert video.hdr == ("mastering display", "content light level")
    assert (video.colour.names()["transfer"], video.bits) == ("pq", 10)


def test_a_missing_file_and_a_folder_are_mistakes_of_usage(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="does not exist"):
        probe(tmp_path / "none.mkv")
    with pytest.raises(ArgumentError, match="is a folder, not a film"):
        probe(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mkv").touch()
    with pytest.raises(InputError, match="is empty"):
        probe(tmp_path / "empty.mkv")


@pytest.mark.parametrize("name", ["noise.mkv", "noise.mp4", "noise.bin"])
def test_noise_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(bytes((value * 7919) % 251 for value in range(9000)))
    with pytest.raises(InputError, match=r"cannot be read as a film|has no moving picture"):
        probe(tmp_path / name)


@pytest.mark.parametrize("name", ["words.txt", "words.nfo", "words.mkv", "words.srt"])
def test_text_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("1\n00:00:01,000 --> 00:00:02,000\nThe quick brown fox\n\n" * 50, "utf-8")
    with pytest.raises(InputError, match=r"is text, not a film|cannot be read as a film|has no moving picture"):
        probe(tmp_path / name)


def test_sound_alone_is_refused(make_film: MakeFilm) -> None:
    with pytest.raises(InputError, match="has no moving picture, only audio"):
        probe(make_film("sound.mka", *tone(0.5), "-c:a", "flac"))


def test_a_truncated_film_is_refused(rich: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(rich.read_bytes()[:20000])
    with pytest.raises(InputError, match=f"is truncated: at least {rich.stat().st_size - 20000} bytes are missing"):
        probe(cut)


def test_a_film_that_ends_before_its_head_says_is_refused(make_film: MakeFilm, tmp_path: Path) -> None:
    content = make_film("whole.mkv", *picture(6), *X264, "-g", "12").read_bytes()
    half = tmp_path / "half.mkv"
    half.write_bytes(content[: len(content) // 2].ljust(len(content), b"\0"))
    with pytest.raises(InputError, match=r"is damaged: it ends at [23]\.\d+ s, and its head says 6\.0\d+ s"):
        probe(half)


@contextmanager
def without_rights() -> Iterator[None]:
    """Drops root's right to read everything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_a_film_without_permission_is_refused(plain: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder, "secret.mkv")
        secret.write_bytes(plain.read_bytes())
        secret.chmod(0)
        for mode in (0o755, 0):
            Path(folder).chmod(mode)
            with without_rights(), pytest.raises(InputError, match="cannot be read"):
                probe(secret)
        Path(folder).chmod(0o755)


def test_a_name_that_is_not_utf8_is_refused(plain: Path, tmp_path: Path) -> None:
    strange = os.fsencode(tmp_path) + b"/\xff\xfe.mkv"
    Path(os.fsdecode(strange)).write_bytes(plain.read_bytes())
    with pytest.raises(InputError, match="is not a name in UTF-8"):
        probe(os.fsdecode(strange))
