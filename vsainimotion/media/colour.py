"""Colour, aspect and HDR facts of a film, read from frame properties and told to ffmpeg.

The numbers are those of ITU-T H.273, which VapourSynth, ffmpeg and the encoders share; two differ and are translated
here: the range and the chroma location.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

type Property = int | float | str | Sequence[int] | Sequence[float]

UNSPECIFIED = 2

MATRICES: Mapping[int, str] = MappingProxyType(
    {0: "rgb", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
     10: "bt2020c", 14: "ictcp"}
)  # fmt: skip
TRANSFERS: Mapping[int, str] = MappingProxyType(
    {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 11: "iec61966-2-4",
     13: "srgb", 14: "bt2020-10", 15: "bt2020-12", 16: "pq", 17: "smpte428", 18: "hlg"}
)  # fmt: skip
PRIMARIES: Mapping[int, str] = MappingProxyType(
    {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
     11: "dci-p3", 12: "display-p3", 22: "ebu3213"}
)  # fmt: skip
RANGES: Mapping[int, str] = MappingProxyType({1: "limited", 2: "full"})
CHROMA_LOCATIONS: Mapping[int, str] = MappingProxyType(
    {1: "left", 2: "center", 3: "topleft", 4: "top", 5: "bottomleft", 6: "bottom"}
)

HDR_TRANSFERS = frozenset({16, 18})
"""PQ and HLG."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MasteringDisplay:
    """The display on which an HDR film was graded (SMPTE ST 2086)."""

    primaries: tuple[tuple[float, float], ...]
    """Chromaticity x, y of red, green and blue."""
    white: tuple[float, float]
    """Chromaticity x, y of the white point."""
    luminance: tuple[float, float]
    """Smallest and largest luminance, in cd/m2."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Colour:
    """How the samples of a picture are to be shown. A number of 2 or None means that the film does not say."""

    matrix: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    primaries: int = UNSPECIFIED
    limited: bool | None = None
    """Whether the range is limited; False is full range."""
    chroma_location: int | None = None
    """0 left, 1 center, 2 top left, 3 top, 4 bottom left, 5 bottom: VapourSynth's numbers."""
    sample_aspect: Fraction = Fraction(1)
    """Width of a sample divided by its height."""
    mastering: MasteringDisplay | None = None
    light_level: tuple[int, int] | None = None
    """Largest and largest average content light level, in cd/m2."""

    def filters(self) -> list[str]:
        """Returns the ffmpeg filters that tag frames so; y4m carries none of it."""
        codes = {"colorspace": self.matrix, "color_trc": self.transfer, "color_primaries": self.primaries}
        tags = [f"{name}={code}" for name, code in codes.items() if code != UNSPECIFIED]
        if self.limited is not None:
            tags.append(f"range={1 if self.limited else 2}")
        # ffmpeg's reader of y4m takes 4:2:0 without a location for centred: what is not known is said to be so.
        tags.append(f"chroma_location={0 if self.chroma_location is None else self.chroma_location + 1}")
        aspect = f"setsar={self.sample_aspect.numerator}/{self.sample_aspect.denominator}"
        return ["setparams=" + ":".join(tags), aspect]

    def names(self) -> dict[str, str]:
        """Returns what a person reads, by the field's name; what the film does not say is `unspecified`."""
        ranges = {None: "unspecified", True: "limited", False: "full"}
        location = 0 if self.chroma_location is None else self.chroma_location + 1
        return {
            "matrix": MATRICES.get(self.matrix, "unspecified"),
            "transfer": TRANSFERS.get(self.transfer, "unspecified"),
            "primaries": PRIMARIES.get(self.primaries, "unspecified"),
            "range": ranges[self.limited],
            "chroma_location": CHROMA_LOCATIONS.get(location, "unspecified"),
        }


def read_colour(properties: Mapping[str, Property]) -> Colour:
    """Reads the colour of a frame from its VapourSynth properties.

    Args:
        properties: Frame properties, as in a frame's `props` or a line of `vspipe --json`.

    Returns:
        The colour; what the properties do not have is unspecified.
    """

    def number(*names: str) -> int | None:
        return next((int(str(properties[name])) for name in names if name in properties), None)

    numerator, denominator = number("_SARNum") or 1, number("_SARDen") or 1
    # VapourSynth R81 writes _Range (0 limited), older ones and plugins _ColorRange (1 limited).
    new_range, old_range = number("_Range"), number("_ColorRange")
    limited = new_range == 0 if new_range is not None else (None if old_range is None else old_range == 1)
    return Colour(
        matrix=_given(number("_Matrix")),
        transfer=_given(number("_Transfer")),
        primaries=_given(number("_Primaries")),
        limited=limited,
        chroma_location=number("_ChromaLocation"),
        sample_aspect=Fraction(numerator, denominator),
        mastering=_read_mastering(properties),
        light_level=_read_light(properties),
    )


def _given(value: int | None) -> int:
    return UNSPECIFIED if value is None else value


def _read_mastering(properties: Mapping[str, Property]) -> MasteringDisplay | None:
    try:
        xs, ys = _floats(properties["MasteringDisplayPrimariesX"]), _floats(properties["MasteringDisplayPrimariesY"])
        white = [_floats(properties[f"MasteringDisplayWhitePoint{axis}"])[0] for axis in "XY"]
        dark, bright = (_floats(properties[f"MasteringDisplay{end}Luminance"])[0] for end in ("Min", "Max"))
    except KeyError:
        return None
    return MasteringDisplay(
        primaries=tuple(zip(xs, ys, strict=True)), white=(white[0], white[1]), luminance=(dark, bright)
    )


def _read_light(properties: Mapping[str, Property]) -> tuple[int, int] | None:
    try:
        return (
            int(_floats(properties["ContentLightLevelMax"])[0]),
            int(_floats(properties["ContentLightLevelAverage"])[0]),
        )
    except KeyError:
        return None


def _floats(value: Property) -> list[float]:
    return [float(value)] if isinstance(value, int | float | str) else [float(part) for part in value]
