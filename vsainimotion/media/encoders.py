"""The encoders as rows: what each is called in ffmpeg, its quality, its defaults for animation, what it can hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from vsainimotion.errors import UnknownNameError
from vsainimotion.media.colour import MasteringDisplay

type Metadata = tuple[MasteringDisplay | None, tuple[int, int] | None]

CHROMA_UNIT, LIGHT_UNIT = 50000, 10000
"""Steps of 0.00002 and of 0.0001 cd/m2, in which the HEVC standard counts mastering displays."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Encoder:
    """One encoder."""

    name: str
    codec: str
    """ffmpeg's name of the encoder."""
    stream: str
    """libav's name of what it writes: h264, hevc, av1, ffv1."""
    formats: tuple[str, ...]
    """VapourSynth formats that it takes."""
    quality: tuple[str, ...] = ()
    """ffmpeg options that take the quality; none for a lossless encoder."""
    default_quality: int = 0
    """Quality for animation; smaller is better."""
    best_worst: tuple[int, int] = (0, 51)
    """Smallest and largest quality."""
    arguments: tuple[str, ...] = ()
    """Further ffmpeg options: speed, and tuning for flat areas and lines."""
    default_depth: int | None = None
    """Bits to encode in when none are asked for; None keeps the source's."""
    parameters: str | None = None
    """The option that takes the library's own settings, a colon between each two."""
    metadata: Callable[[Metadata], list[str]] | None = None
    """Makes those settings from HDR metadata."""
    hardware: str | None = None
    """Whose device it needs."""
    before: tuple[str, ...] = ()
    """Options before the input: the device."""
    pixel_formats: Mapping[str, str] = field(default_factory=dict)
    """ffmpeg's pixel format for a VapourSynth format, where it is not the planar one of the same name."""
    filters: tuple[str, ...] = ()
    """Filters after the pixel format: the upload."""


def find_encoder(name: str) -> Encoder:
    """Returns the encoder of a name.

    Raises:
        UnknownNameError: There is no such encoder.
    """
    if name not in ENCODERS:
        raise UnknownNameError(f"encoder: there is no {name!r}. Choose one of {', '.join(ENCODERS)}")
    return ENCODERS[name]


def _whole_units(metadata: Metadata, display_name: str, light_name: str) -> list[str]:
    display, light = metadata
    settings = []
    if display:
        red, green, blue = (_pair(point, CHROMA_UNIT) for point in display.primaries)
        dark, bright = (round(value * LIGHT_UNIT) for value in display.luminance)
        white = _pair(display.white, CHROMA_UNIT)
        settings.append(f"{display_name}=G{green}B{blue}R{red}WP{white}L({bright},{dark})")
    if light:
        settings.append(f"{light_name}={light[0]},{light[1]}")
    return settings


def _pair(point: tuple[float, float], unit: int) -> str:
    return f"({round(point[0] * unit)},{round(point[1] * unit)})"


def _x264_metadata(metadata: Metadata) -> list[str]:
    return _whole_units(metadata, "mastering-display", "cll")


def _x265_metadata(metadata: Metadata) -> list[str]:
    return _whole_units(metadata, "master-display", "max-cll")


def _svt_metadata(metadata: Metadata) -> list[str]:
    display, light = metadata
    settings = []
    if display:
        red, green, blue, white = (f"({x:g},{y:g})" for x, y in (*display.primaries, display.white))
        dark, bright = display.luminance
        settings.append(f"mastering-display=G{green}B{blue}R{red}WP{white}L({bright:g},{dark:g})")
    if light:
        settings.append(f"content-light={light[0]},{light[1]}")
    return settings


def _formats(families: str, depths: tuple[int, ...]) -> tuple[str, ...]:
    """Lists format names: `GRAY`, `RGB` or a subsampling for each family, in each depth."""
    names = {"GRAY": "GRAY{0}", "RGB": "RGB{1}"}
    return tuple(
        names.get(family, f"YUV{family}P{{0}}").format(depth, 3 * depth)
        for family in families.split()
        for depth in depths
    )


SEMI_PLANAR: Mapping[str, str] = MappingProxyType({"YUV420P8": "nv12", "YUV420P10": "p010le"})
EIGHT = _formats("420", (8,))
EIGHT_TEN = _formats("420", (8, 10))

_SOFTWARE = (
    Encoder(
        name="x264",
        codec="libx264",
        stream="h264",
        formats=_formats("GRAY 420 422 444", (8, 10)),
        quality=("-crf",),
        default_quality=16,
        arguments=("-preset", "medium", "-tune", "animation"),
        parameters="-x264-params",
        metadata=_x264_metadata,
    ),
    Encoder(
        name="x265",
        codec="libx265",
        stream="hevc",
        formats=_formats("GRAY 420 422 444", (8, 10, 12)),
        quality=("-crf",),
        default_quality=18,
        arguments=("-preset", "medium", "-tune", "animation"),
        default_depth=10,
        parameters="-x265-params",
        metadata=_x265_metadata,
    ),
    Encoder(
        name="svt-av1",
        codec="libsvtav1",
        stream="av1",
        formats=EIGHT_TEN,
        quality=("-crf",),
        default_quality=22,
        best_worst=(0, 63),
        arguments=("-preset", "6", "-g", "240"),
        default_depth=10,
        parameters="-svtav1-params",
        metadata=_svt_metadata,
    ),
    Encoder(
        name="ffv1",
        codec="ffv1",
        stream="ffv1",
        formats=(
            *_formats("GRAY 420 422 444 RGB", (9, 10, 12, 14, 16)),
            *_formats("GRAY 410 411 420 422 440 444 RGB", (8,)),
            *_formats("440", (10, 12)),
        ),
        arguments=("-level", "3", "-coder", "1", "-context", "1", "-g", "1", "-slicecrc", "1"),
        pixel_formats={"RGB24": "bgr0"},
    ),
)


def _nvenc(name: str, stream: str, formats: tuple[str, ...]) -> Encoder:
    return Encoder(
        name=name,
        codec=name,
        stream=stream,
        formats=formats,
        quality=("-cq",),
        default_quality=24 if stream == "av1" else 18,
        best_worst=(1, 63 if stream == "av1" else 51),
        arguments=(
            *("-preset", "p6", "-tune", "hq", "-rc", "vbr", "-b:v", "0", "-multipass", "qres"),
            *("-spatial-aq", "1", "-temporal-aq", "1", "-rc-lookahead", "32"),
        ),
        default_depth=None if stream == "h264" else 10,
        hardware="NVIDIA",
        pixel_formats={"YUV420P10": "p010le"},
    )


def _qsv(name: str, stream: str, formats: tuple[str, ...]) -> Encoder:
    return Encoder(
        name=name,
        codec=name,
        stream=stream,
        formats=formats,
        quality=("-global_quality",),
        default_quality=18,
        best_worst=(1, 51),
        arguments=("-preset", "slower"),
        default_depth=None if stream == "h264" else 10,
        hardware="Intel",
        pixel_formats=SEMI_PLANAR,
    )


def _vaapi(name: str, stream: str, formats: tuple[str, ...]) -> Encoder:
    return Encoder(
        name=name,
        codec=name,
        stream=stream,
        formats=formats,
        quality=("-global_quality",),
        default_quality=80 if stream == "av1" else 18,
        best_worst=(1, 255 if stream == "av1" else 51),
        arguments=("-rc_mode", "CQP"),
        default_depth=None if stream == "h264" else 10,
        hardware="VAAPI",
        before=("-vaapi_device", "/dev/dri/renderD128"),
        pixel_formats=SEMI_PLANAR,
        filters=("hwupload",),
    )


def _amf(name: str, stream: str, formats: tuple[str, ...]) -> Encoder:
    return Encoder(
        name=name,
        codec=name,
        stream=stream,
        formats=formats,
        quality=("-qp_i", "-qp_p"),
        default_quality=80 if stream == "av1" else 18,
        best_worst=(0, 255 if stream == "av1" else 51),
        arguments=("-usage", "high_quality", "-quality", "quality", "-rc", "cqp"),
        default_depth=None if stream == "h264" else 10,
        hardware="AMD",
        pixel_formats=SEMI_PLANAR,
    )


_HARDWARE = tuple(
    row(f"{stream}_{family}", stream, formats)
    for family, row in {"nvenc": _nvenc, "qsv": _qsv, "vaapi": _vaapi, "amf": _amf}.items()
    for stream, formats in {"h264": EIGHT, "hevc": EIGHT_TEN, "av1": EIGHT_TEN}.items()
)

ENCODERS: Mapping[str, Encoder] = MappingProxyType({row.name: row for row in (*_SOFTWARE, *_HARDWARE)})
"""All encoders by name. The first is the default: H.264 plays everywhere, and at this quality its artefacts do not
show on lines and flat colour; x265 and AV1 are slower and smaller, and default to 10 bit, where gradients stay
smooth."""
