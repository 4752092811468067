"""`ainimotion info`."""

import json
from pathlib import Path

import pytest

from tests.media.films import MakeFilm, picture
from vsainimotion.cli import main


def test_a_person_reads_streams_rate_and_colour(capsys: pytest.CaptureFixture[str], rich: Path) -> None:
    assert main(["info", str(rich)]) == 0
    text = capsys.readouterr().out
    for line in (
        "picture 0: h264, 64x48, yuv420p, 8 bit",
        "rate    24000/1001 fps (23.976), constant, 72 frames, 3.003 s",
        "colour  matrix bt709, transfer bt709, primaries bt709, range limited, chroma_location left",
        "audio 1: aac, jpn, 48000, mono, default, ",
        "audio 2: flac, eng, 48000, mono, Dub, dub, ",
        "subtitle 3: ssa, ger, forced, 0.200 to 2.500 s",
        "Font.ttf",
        "tag     title: A Film",
        "2 chapters",
    ):
        assert line in text


def test_json_has_the_same_facts_exactly(capsys: pytest.CaptureFixture[str], rich: Path) -> None:
    assert main(["info", str(rich), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["video"]["fps"] == "24000/1001"
    assert data["video"]["duration"] == "3003/1000"
    assert data["video"]["constant"] is True
    assert data["video"]["frames"] == 72
    assert data["video"]["colour"]["matrix"] == "bt709"
    assert [stream["kind"] for stream in data["streams"]] == [
        "video", "audio", "audio", "subtitle", "subtitle", "attachment"
    ]  # fmt: skip
    assert data["streams"][4]["start"] == "1/10"
    assert data["chapters"] == 2


def test_a_rate_that_varies_is_told_with_its_bounds(capsys: pytest.CaptureFixture[str], make_film: MakeFilm) -> None:
    film = make_film(
        *("varies.mkv", *picture(4, rate="30"), "-vf", "select='not(eq(mod(n,10),7))'", "-c:v", "libx264"),
        *("-fps_mode", "passthrough"),
    )
    assert main(["info", str(film)]) == 0
    assert "varies from 14.925 to 30.303 fps, 108 frames, 4.000 s; read at 30 fps" in capsys.readouterr().out


def test_motion_tells_holds_and_cuts(capsys: pytest.CaptureFixture[str], make_film: MakeFilm) -> None:
    # Two still drawings of twelve frames each.
    film = make_film(
        *("stills.mkv", "-f", "lavfi", "-i", "smptebars=size=320x240:rate=24:duration=0.5"),
        *("-f", "lavfi", "-i", "mandelbrot=size=320x240:rate=24:end_pts=1,trim=end_frame=1,loop=11:1"),
        *("-filter_complex", "[0][1]concat", "-c:v", "ffv1", "-pix_fmt", "yuv420p"),
    )
    assert main(["info", str(film), "--motion", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["motion"] == {"motion": 0, "hold": 22, "cut": 1, "fade": 0, "cuts": [11]}
    assert main(["info", str(film), "--motion"]) == 0
    text = capsys.readouterr().out
    assert "motion  motion 0 (0%), hold 22 (96%), cut 1 (4%), fade 0 (0%)" in text
    assert "cuts    at 0.500 s" in text
