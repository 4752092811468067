"""Small films that the tests make with the real ffmpeg, and what reads them back."""

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest

from vsainimotion.media.ffmpeg import find_ffmpeg

type MakeFilm = Callable[..., Path]

SIZE, RATE = "64x48", "24000/1001"

SCRIPT = """[Script Info]
ScriptType: v4.00+
PlayResX: 64
PlayResY: 48

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Alignment
Style: Default,Test Font,10,&H00FFFFFF,2

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.20,0:00:01.00,Default,,0,0,0,,first {\\i1}line{\\i0}
Dialogue: 0,0:00:01.50,0:00:02.50,Default,,0,0,0,,second line
"""

SUBRIP = """1
00:00:00,100 --> 00:00:01,200
hello

2
00:00:01,400 --> 00:00:02,900
world
"""

CHAPTERS = """;FFMETADATA1
title=A Film
ARTIST=Somebody
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1000
title=Opening
[CHAPTER]
TIMEBASE=1/1000
START=1000
END=3000
title=Rest
"""

FONT = bytes(range(256)) * 12
"""Stands for a font: what is attached must come out the same, whatever it is."""


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    """The ffmpeg that the package uses."""
    return find_ffmpeg()


@pytest.fixture(scope="session")
def make_film(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeFilm:
    """Makes a film by ffmpeg arguments, under a name of its own folder."""

    def make(name: str, *arguments: str) -> Path:
        path = tmp_path_factory.mktemp("films") / name
        command = [str(ffmpeg), "-v", "error", "-nostdin", "-y", *arguments, f"file:{path}"]
        result = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        assert result.returncode == 0, result.stderr
        return path

    return make


def picture(seconds: float, *, size: str = SIZE, rate: str = RATE) -> tuple[str, ...]:
    """Ffmpeg arguments for a moving picture."""
    return ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}")


def tone(seconds: float, pitch: int = 440) -> tuple[str, ...]:
    """Ffmpeg arguments for a sound."""
    return ("-f", "lavfi", "-i", f"sine=frequency={pitch}:sample_rate=48000:duration={seconds}")


X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "30")


@pytest.fixture(scope="session")
def plain(make_film: MakeFilm) -> Path:
    """12 frames, 24000/1001, without anything else."""
    return make_film("plain.mkv", *picture(0.5), *X264)


@pytest.fixture(scope="session")
def rich(make_film: MakeFilm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """72 frames with two sounds, two kinds of subtitles, a font, chapters, tags, languages and dispositions."""
    folder = tmp_path_factory.mktemp("parts")
    parts = {"a.ass": SCRIPT, "b.srt": SUBRIP, "c.txt": CHAPTERS}
    for name, text in parts.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "Font.ttf").write_bytes(FONT)
    inputs = [part for name in parts for part in ("-i", str(folder / name))]
    return make_film(
        "rich.mkv",
        *(*picture(3), *tone(3), *tone(3, 880), *inputs),
        *("-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map", "4", "-map_metadata", "5", "-map_chapters", "5"),
        *X264,
        *("-c:a:0", "aac", "-c:a:1", "flac", "-c:s", "copy"),
        *("-metadata:s:v:0", "title=The Picture", "-metadata:s:a:0", "language=jpn", "-metadata:s:a:1", "language=eng"),
        *("-metadata:s:a:1", "title=Dub", "-metadata:s:s:0", "language=ger", "-metadata:s:s:1", "language=fre"),
        *(
            "-disposition:a:0",
            "default",
            "-disposition:a:1",
            "dub",
            "-disposition:s:0",
            "forced",
            "-disposition:s:1",
            "0",
        ),
        *("-attach", str(folder / "Font.ttf"), "-metadata:s:t", "mimetype=application/x-truetype-font"),
        *(
            "-colorspace",
            "bt709",
            "-vf",
            "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=limited",
        ),
    )


def times(path: Path, index: int) -> list[Fraction]:
    """Presentation times of a stream's packets in seconds, in order."""
    with av.open(str(path)) as container:
        stream = container.streams[index]
        base = Fraction(stream.time_base.numerator, stream.time_base.denominator)
        return sorted(packet.pts * base for packet in container.demux(stream) if packet.size and packet.pts is not None)


def payloads(path: Path, index: int) -> list[bytes]:
    """What a stream's packets hold, in order."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams[index]) if packet.size]


def frame_count(path: Path) -> int:
    """How many frames of the first video stream decode."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
