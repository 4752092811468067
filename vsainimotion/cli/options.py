"""The options that commands share, and what their values mean."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from vsainimotion.cadence import CADENCES
from vsainimotion.enhance import PRESETS, Options
from vsainimotion.errors import ArgumentError
from vsainimotion.media.encode import EncodeOptions
from vsainimotion.media.encoders import ENCODERS
from vsainimotion.media.span import Span, parse_span
from vsainimotion.timing import parse_rate

type Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

DEFAULT = Options()
DEFAULT_ENCODE = EncodeOptions()

PATH = click.Path(path_type=Path, readable=False)
"""A path that click does not try: our own checks say what is wrong with it, and end with their own exit codes."""

FILM = click.argument("source", metavar="IN", type=PATH)

PICTURE_OPTIONS: tuple[Decorator, ...] = (
    click.option("--preset", default=DEFAULT.preset, show_default=True, metavar="|".join(PRESETS), help="What to do."),
    click.option("--fps", metavar="RATE", help="New rate: 48, 60000/1001, or a factor: 2x, 2.5x."),
    click.option("--height", type=int, metavar="LINES", help="New height; the width follows."),
    click.option("--width", type=int, metavar="COLUMNS", help="New width; the height follows."),
    click.option("--scale", metavar="FACTOR", help="New size as a factor: 2, 1.5, 4/3."),
    click.option("--interpolator", metavar="NAME|off", help="Network or kernel for new frames."),
    click.option("--upscaler", metavar="NAME|off", help="Network or kernel for new lines."),
    click.option(
        "--backend",
        default=DEFAULT.backend,
        show_default=True,
        metavar="auto|openvino|onnxruntime|cuda|tensorrt|ncnn",
        help="What runs the networks.",
    ),
    click.option(
        "--cadence",
        default=DEFAULT.cadence,
        show_default=True,
        metavar="|".join(CADENCES),
        help="Keep the timing of drawings, or spread those on twos and threes evenly.",
    ),
    click.option(
        "--span", type=int, default=DEFAULT.span, show_default=True, metavar="FRAMES", help="Longest hold to spread."
    ),
    click.option(
        "--intervals",
        type=PATH,
        metavar="FILE",
        help="Corrections to the gate: lines such as '282 cut' or '300-311 fade'.",
    ),
)
"""Options that decide what is done to a picture."""
_PLAIN = ("preset", "height", "width", "interpolator", "upscaler", "backend", "cadence", "span")
"""Those whose values need no reading."""

GRAPH_OPTIONS: tuple[Decorator, ...] = (
    *PICTURE_OPTIONS,
    click.option("--clip", metavar="A-B", help="Only this part: 00:10:00-00:10:20, or frames f100-f200 (without 200)."),
)
"""Options that decide the graph; `enhance`, `explain` and `script` take the same."""

ENCODE_OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "--encoder", default=DEFAULT_ENCODE.encoder, show_default=True, metavar="NAME", help=f"{', '.join(ENCODERS)}."
    ),
    click.option("--crf", type=float, metavar="Q", help="Quality in the encoder's own scale; smaller is better."),
    click.option("--bit-depth", type=int, metavar="8|10", help="Default: the film's, or 10 for HEVC and AV1."),
    click.option("--encoder-args", default="", metavar="TEXT", help="Further ffmpeg options, quoted as in a shell."),
)
"""Options of the encoding; they fix the format in which the graph works, so `script` takes them too."""

REPORT = click.option(
    "--report",
    type=PATH,
    metavar="DIR",
    help="Write what was decided for each frame into DIR, which is made.",
)

QUIET = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")

LOUDNESS_OPTIONS: tuple[Decorator, ...] = (
    QUIET,
    click.option("-v", "--verbose", is_flag=True, help="Also print the script and the commands."),
)


def with_options(*groups: tuple[Decorator, ...]) -> Decorator:
    """Returns a decorator that adds groups of options to a command, in their order in the help."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed([option for group in groups for option in group]):
            function = option(function)
        return function

    return decorate


def read_graph_options(values: dict[str, Any]) -> tuple[Options, Span | None]:
    """Takes the graph's options out of a command's values.

    Args:
        values: The values by parameter name; those of the graph are removed.

    Returns:
        The options, and the part of the film to take.

    Raises:
        ArgumentError: A value has no meaning, or two exclude each other.
    """
    rate, part = values.pop("fps"), values.pop("clip")
    fps, multi = parse_rate(rate) if rate is not None else (None, None)
    scale = values.pop("scale")
    options = Options(
        overrides=values.pop("intervals"),
        fps=fps,
        multi=multi,
        scale=read_scale(scale) if scale is not None else None,
        **{name: values.pop(name) for name in _PLAIN},
    )
    return options, parse_span(part) if part is not None else None


def read_encode_options(values: dict[str, Any]) -> EncodeOptions:
    """Takes the encoding's options out of a command's values."""
    return EncodeOptions(
        encoder=values.pop("encoder"),
        crf=values.pop("crf"),
        bit_depth=values.pop("bit_depth"),
        arguments=values.pop("encoder_args"),
    )


def read_scale(text: str) -> Fraction:
    """Reads a factor of size: a number or a fraction above zero.

    Raises:
        ArgumentError: The text is neither.
    """
    if re.fullmatch(r"\d+(\.\d+)?|\d+/0*[1-9]\d*", text, re.ASCII) and Fraction(text) > 0:
        return Fraction(text)
    raise ArgumentError(f"scale: must be a number or fraction above 0, such as 2, 1.5 or 4/3 (got {text!r}).")
