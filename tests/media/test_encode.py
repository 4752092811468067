"""Encoders: formats, commands, tags and refusals."""

from fractions import Fraction
from pathlib import Path

import pytest

from vsainimotion.errors import ArgumentError, MissingError, UnknownNameError
from vsainimotion.media.colour import Colour, MasteringDisplay
from vsainimotion.media.encode import (
    EncodeOptions,
    check_encoder,
    choose_format,
    encode_command,
    pipe_container,
    planar_name,
)
from vsainimotion.media.encoders import ENCODERS
from vsainimotion.media.ffmpeg import list_encoders
from vsainimotion.media.vspipe import ScriptInfo

HDR = Colour(
    matrix=9,
    transfer=16,
    primaries=9,
    limited=True,
    chroma_location=2,
    sample_aspect=Fraction(4, 3),
    mastering=MasteringDisplay(
        primaries=((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)), white=(0.3127, 0.329), luminance=(0.005, 1000.0)
    ),
    light_level=(1000, 400),
)


def rendered(format_name: str) -> ScriptInfo:
    return ScriptInfo(width=64, height=48, frames=12, fps=Fraction(24000, 1001), format=format_name)


def command(options: EncodeOptions, format_name: str = "YUV420P10", colour: Colour = HDR) -> list[str]:
    return encode_command(Path("/bin/ffmpeg"), options, rendered(format_name), colour, Path("/out/x.mp4"))


def refuse(ffmpeg: Path, name: str) -> str | None:
    """Returns why an encoder is refused, or None if it works here."""
    try:
        check_encoder(ffmpeg, name)
    except MissingError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("encoder", "depth", "source", "wanted"),
    [
        ("x264", None, "YUV420P8", "YUV420P8"),
        ("x264", None, "YUV420P16", "YUV420P10"),
        ("x264", None, "YUV422P10", "YUV422P10"),
        ("x264", None, "YUV440P8", "YUV444P8"),
        ("x264", None, "YUV410P8", "YUV420P8"),
        ("x264", 10, "YUV420P8", "YUV420P10"),
        ("x264", 8, "YUV420P10", "YUV420P8"),
        ("x264", None, "RGB24", "YUV444P8"),
        ("x264", None, "RGBS", "YUV444P10"),
        ("x264", None, "GRAY16", "GRAY10"),
        ("x265", None, "YUV420P8", "YUV420P10"),
        ("x265", 8, "YUV444P8", "YUV444P8"),
        ("svt-av1", None, "YUV444P8", "YUV420P10"),
        ("svt-av1", None, "GRAY8", "YUV420P10"),
        ("ffv1", None, "RGB24", "RGB24"),
        ("ffv1", None, "RGB48", "RGB48"),
        ("ffv1", None, "YUV440P8", "YUV440P8"),
        ("ffv1", None, "GRAY16", "GRAY16"),
        ("ffv1", None, "YUV422P14", "YUV422P14"),
        ("h264_nvenc", None, "YUV444P10", "YUV420P8"),
        ("hevc_vaapi", None, "YUV420P8", "YUV420P10"),
    ],
)
def test_the_format_is_the_sources_or_the_nearest_that_the_encoder_has(
    encoder: str, depth: int | None, source: str, wanted: str
) -> None:
    assert choose_format(EncodeOptions(encoder=encoder, bit_depth=depth), source) == wanted


def test_a_depth_that_the_encoder_lacks_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"h264_nvenc has no 10 bit \(got --bit-depth 10\)\. It has 8"):
        choose_format(EncodeOptions(encoder="h264_nvenc", bit_depth=10), "YUV420P8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crf": 52}, r"'crf' must be 0 to 51 for x264 \(got 52\)"),
        ({"encoder": "svt-av1", "crf": 64}, r"'crf' must be 0 to 63 for svt-av1"),
        ({"encoder": "ffv1", "crf": 10}, "ffv1 is lossless"),
        ({"encoder": "hevc_nvenc", "crf": 18.5}, r"'crf' must be whole for hevc_nvenc \(got 18.5\)"),
        ({"bit_depth": 12}, r"'bit_depth' must be 8 or 10 \(got 12\)"),
        ({"arguments": "-x 'open"}, "must be quoted as in a shell"),
    ],
)
def test_options_outside_an_encoders_row_are_refused(options: dict[str, float | str], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        EncodeOptions(**options)  # type: ignore[arg-type] # a table of options


def test_an_unknown_encoder_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"there is no 'x266'\. Choose one of x264, x265, svt-av1, ffv1"):
        EncodeOptions(encoder="x266")


def test_the_command_tags_colour_and_aspect_and_ends_with_the_users_options() -> None:
    parts = command(EncodeOptions(crf=17.5, arguments="-preset 'very slow' -g 24"))
    assert parts[parts.index("-filter:v") + 1] == (
        "setparams=colorspace=9:color_trc=16:color_primaries=9:range=1:chroma_location=3,setsar=4/3,format=yuv420p10le"
    )
    assert parts[parts.index("-crf") + 1] == "17.5"
    assert parts[parts.index("-g") - 1 :] == ["very slow", "-g", "24", "-f", "mp4", "file:/out/x.mp4"]


def test_what_the_film_does_not_say_is_not_tagged() -> None:
    parts = command(EncodeOptions(), "YUV420P8", Colour())
    assert parts[parts.index("-filter:v") + 1] == "setparams=chroma_location=0,setsar=1/1,format=yuv420p"


def test_hdr_metadata_goes_into_each_librarys_own_settings() -> None:
    def settings(encoder: str, option: str) -> str:
        parts = command(EncodeOptions(encoder=encoder))
        return parts[parts.index(option) + 1]

    whole = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    assert settings("x265", "-x265-params") == f"master-display={whole}:max-cll=1000,400"
    assert settings("x264", "-x264-params") == f"mastering-display={whole}:cll=1000,400"
    assert settings("svt-av1", "-svtav1-params") == (
        "mastering-display=G(0.265,0.69)B(0.15,0.06)R(0.68,0.32)WP(0.3127,0.329)L(1000,0.005):content-light=1000,400"
    )


def test_the_users_library_settings_are_joined_with_ours() -> None:
    parts = command(EncodeOptions(encoder="x265", arguments="-x265-params aq-mode=3"))
    assert parts.count("-x265-params") == 1
    assert parts[parts.index("-x265-params") + 1].endswith(":max-cll=1000,400:aq-mode=3")


def test_a_vaapi_command_opens_the_device_and_uploads() -> None:
    parts = command(EncodeOptions(encoder="hevc_vaapi"), "YUV420P10", Colour())
    assert parts.index("-vaapi_device") < parts.index("-i")
    assert parts[parts.index("-filter:v") + 1] == "setparams=chroma_location=0,setsar=1/1,format=p010le,hwupload"


@pytest.mark.parametrize(
    ("name", "planar", "container"),
    [
        ("YUV420P8", "yuv420p", "y4m"),
        ("YUV444P16", "yuv444p16le", "y4m"),
        ("GRAY8", "gray", "y4m"),
        ("RGB24", "gbrp", "mkv"),
        ("RGB30", "gbrp10le", "mkv"),
        ("YUV440P8", "yuv440p", "mkv"),
    ],
)
def test_formats_have_ffmpegs_names_and_a_pipe_that_holds_them(name: str, planar: str, container: str) -> None:
    assert planar_name(name) == planar
    assert pipe_container(name) == container


def test_the_ffmpeg_that_comes_with_the_package_has_every_row(ffmpeg: Path) -> None:
    assert {row.codec for row in ENCODERS.values()} <= list_encoders(ffmpeg)


def test_a_hardware_encoder_that_this_machine_lacks_is_refused_with_what_is_there(ffmpeg: Path) -> None:
    # No machine has the devices of all four makers, so some rows are refused everywhere.
    refusals = [refusal for name, row in ENCODERS.items() if row.hardware and (refusal := refuse(ffmpeg, name))]
    assert refusals
    assert all("These do: x264, x265, svt-av1, ffv1" in refusal for refusal in refusals)


def test_an_ffmpeg_without_the_encoder_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\necho " V....D libx264              libx264 H.264"\n', "utf-8")
    program.chmod(0o755)
    with pytest.raises(MissingError, match=r"x265 does not work here \(ffmpeg was built without it\)\. These do: x264"):
        check_encoder(program, "x265")
