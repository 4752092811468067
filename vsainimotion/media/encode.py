"""The encoding command: pixel format, quality, colour and HDR tags for one encoder, checked before the job starts."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from vsainimotion.errors import ArgumentError, MissingError, VsaiError
from vsainimotion.media.colour import Colour
from vsainimotion.media.encoders import ENCODERS, Encoder, find_encoder
from vsainimotion.media.ffmpeg import list_encoders, run_ffmpeg
from vsainimotion.media.vspipe import ScriptInfo

DEPTHS = (8, 10)

INTERMEDIATE = "mp4"
"""Container of the bare picture: it keeps exact timestamps in both orders, and colour for codecs that do not."""

FALLBACKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "GRAY": ("GRAY", "420"),
        "RGB": ("RGB", "444", "420"),
        "444": ("444", "420"),
        "440": ("440", "444", "420"),
        "422": ("422", "420"),
        "411": ("411", "422", "420"),
        "410": ("410", "420"),
        "420": ("420",),
    }
)
"""For each sampling the samplings to encode it in, best first: the source's own where the encoder has it."""

FLOAT_DEPTH = 16
"""Integer depth that stands for float sources."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodeOptions:
    """How the picture is encoded."""

    encoder: str = "x264"
    """Name of a row of `ENCODERS`."""
    crf: float | None = None
    """Quality in the encoder's own scale, smaller is better; None takes the row's default."""
    bit_depth: int | None = None
    """8 or 10; None keeps the source's, or 10 for HEVC and AV1."""
    arguments: str = ""
    """Further ffmpeg options, quoted as in a shell."""

    def __post_init__(self) -> None:
        """Checks the options against the encoder's row."""
        row = find_encoder(self.encoder)
        if self.crf is not None and not row.quality:
            raise ArgumentError(f"encode: {row.name} is lossless and has no quality. Leave --crf out")
        best, worst = row.best_worst
        if self.crf is not None and not best <= self.crf <= worst:
            raise ArgumentError(
                f"encode: 'crf' must be {best} to {worst} for {row.name} (got {self.crf:g}). Smaller is better"
            )
        if self.crf is not None and row.hardware and self.crf != int(self.crf):
            raise ArgumentError(f"encode: 'crf' must be whole for {row.name} (got {self.crf:g}). Round it")
        if self.bit_depth not in (None, *DEPTHS):
            raise ArgumentError(f"encode: 'bit_depth' must be 8 or 10 (got {self.bit_depth}). Choose one")
        self.split_arguments()

    def split_arguments(self) -> list[str]:
        """Returns the further options as a list.

        Raises:
            ArgumentError: A quote is left open.
        """
        try:
            return shlex.split(self.arguments)
        except ValueError as error:
            raise ArgumentError(
                f"encode: 'encoder-args' must be quoted as in a shell ({error} in {self.arguments!r}). Close it"
            ) from error


def choose_format(options: EncodeOptions, source_format: str) -> str:
    """Chooses the format in which the graph works and the encoder receives frames.

    The source's sampling is kept where the encoder has it, else the nearest; the depth is the one asked for, the row's
    default, or the source's, and at most what the encoder has.

    Args:
        options: The encode options.
        source_format: Name of the source's VapourSynth format.

    Returns:
        Name of one of the row's formats.

    Raises:
        ArgumentError: The encoder does not have the depth that was asked for.
    """
    row = find_encoder(options.encoder)
    sampling, depth = parse_format(source_format)
    known = [(name, *parse_format(name)) for name in row.formats]
    chosen = next(wish for wish in FALLBACKS[sampling] if any(wish == have for _, have, _ in known))
    depths = {bits: name for name, have, bits in known if have == chosen}
    if options.bit_depth and options.bit_depth not in depths:
        raise ArgumentError(
            f"encode: {row.name} has no {options.bit_depth} bit (got --bit-depth {options.bit_depth}). "
            f"It has {' and '.join(str(bits) for bits in sorted(depths))}"
        )
    wanted = options.bit_depth or row.default_depth or depth
    return depths[max((bits for bits in depths if bits <= wanted), default=min(depths))]


def check_encoder(ffmpeg: Path, name: str) -> None:
    """Checks that an encoder is in this ffmpeg and, if it needs a device, that it encodes a few frames here.

    Raises:
        MissingError: It does not; the message has those that do.
    """
    row = find_encoder(name)
    present = list_encoders(ffmpeg)
    reason = f"{ffmpeg.name} was built without it" if row.codec not in present else try_encoder(ffmpeg, row)
    if reason:
        others = [other.name for other in ENCODERS.values() if other.codec in present and other is not row]
        usable = [other for other in others if try_encoder(ffmpeg, ENCODERS[other]) is None]
        raise MissingError(f"encoder: {name} does not work here ({reason}). These do: {', '.join(usable) or 'none'}")


def try_encoder(ffmpeg: Path, row: Encoder) -> str | None:
    """Encodes a few frames on a hardware encoder's device.

    Args:
        ffmpeg: The program; the encoder is in it.
        row: The encoder.

    Returns:
        Why it cannot encode here, or None. Software always can and is not run.
    """
    if not row.hardware:
        return None
    pixels = row.pixel_formats.get(row.formats[0], planar_name(row.formats[0]))
    filters = ",".join([f"format={pixels}", *row.filters])
    picture = "color=gray:size=320x192:rate=24:duration=0.25"
    command = ["-loglevel", "error", *row.before, "-f", "lavfi", "-i", picture]
    command += ["-vf", filters, "-c:v", row.codec, *row.arguments, *_quality(row, None), "-f", "null", "-"]
    try:
        run_ffmpeg(ffmpeg, command)
    except VsaiError as error:
        return f"needs a working {row.hardware} device; {error}"
    return None


def encode_command(ffmpeg: Path, options: EncodeOptions, script: ScriptInfo, colour: Colour, output: Path) -> list[str]:
    """Returns the command that encodes frames from standard input into a file of the picture alone.

    Args:
        ffmpeg: The program.
        options: The encode options.
        script: What comes in.
        colour: How it is to be tagged.
        output: The file, in the container `INTERMEDIATE`.
    """
    row = find_encoder(options.encoder)
    pixels = row.pixel_formats.get(script.format, planar_name(script.format))
    filters = [*colour.filters(), f"format={pixels}", *row.filters]
    return [
        *(str(ffmpeg), "-hide_banner", "-nostdin", "-loglevel", "warning", "-nostats", "-y"),
        *row.before,
        *_input(script),
        *("-map", "0:v:0", "-fps_mode", "passthrough", "-filter:v", ",".join(filters)),
        *("-c:v", row.codec, *row.arguments, *_quality(row, options.crf)),
        *_merge_parameters(row, colour, options.split_arguments()),
        *("-f", INTERMEDIATE, f"file:{output}"),
    ]


def pipe_container(format_name: str) -> str:
    """Returns the container in which vspipe hands over a format: y4m, or Matroska for what y4m cannot hold."""
    return "mkv" if parse_format(format_name)[0] in {"RGB", "440", "410"} else "y4m"


def planar_name(format_name: str) -> str:
    """Returns ffmpeg's name of a planar VapourSynth format: `yuv420p10le` for `YUV420P10`."""
    sampling, depth = parse_format(format_name)
    stem = {"GRAY": "gray", "RGB": "gbrp"}.get(sampling, f"yuv{sampling}p")
    return stem if depth == min(DEPTHS) else f"{stem}{depth}le"


def _input(script: ScriptInfo) -> list[str]:
    container = pipe_container(script.format)
    if container == "y4m":
        return ["-f", "yuv4mpegpipe", "-i", "pipe:0"]
    # vspipe's Matroska counts time in microseconds: -r replaces its timestamps by the exact rate.
    return ["-r", f"{script.fps.numerator}/{script.fps.denominator}", "-f", "matroska", "-i", "pipe:0"]


def _quality(row: Encoder, crf: float | None) -> list[str]:
    value = row.default_quality if crf is None else crf
    return [part for option in row.quality for part in (option, f"{value:g}")]


def _merge_parameters(row: Encoder, colour: Colour, further: Sequence[str]) -> list[str]:
    """Joins our settings of the encoder's library with the user's: ffmpeg would keep only the last option."""
    ours = row.metadata((colour.mastering, colour.light_level)) if row.metadata else []
    theirs = list(further)
    if not row.parameters or not ours:
        return theirs
    if row.parameters in theirs[:-1]:
        place = theirs.index(row.parameters)
        theirs[place + 1] = ":".join([*ours, theirs[place + 1]])
        return theirs
    return [row.parameters, ":".join(ours), *theirs]


def parse_format(name: str) -> tuple[str, int]:
    """Splits a VapourSynth format name into sampling and depth: `YUV420P10` into 420 and 10, `RGB24` into RGB and 8.

    Raises:
        ArgumentError: It is none that an encoder could take.
    """
    found = re.fullmatch(r"(GRAY|RGB|YUV(\d{3})P)(\d+|H|S)", name)
    if not found:
        raise ArgumentError(f"encode: the format {name} cannot be encoded. Convert the clip to YUV, RGB or GRAY")
    sampling = found.group(2) or found.group(1)
    if found.group(3) in {"H", "S"}:
        return sampling, FLOAT_DEPTH
    depth = int(found.group(3))
    return sampling, depth // 3 if sampling == "RGB" else depth
