"""Enhance: the whole graph from one source, as a preset and what is changed about it.

Drawings are enlarged first and interpolated after: a network that enlarges then sees each drawing once, and the frames
between them are made in the new size by moving enlarged lines.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import vapoursynth as vs

from vsainimotion.cadence import CADENCES, DEFAULT_SPAN_FRAMES, check_cadence
from vsainimotion.errors import ArgumentError, UnknownNameError
from vsainimotion.gate import gate
from vsainimotion.interpolate import DEFAULT_MODEL as DEFAULT_INTERPOLATOR
from vsainimotion.interpolate import interpolate
from vsainimotion.intervals import Overrides
from vsainimotion.native import check_clip, check_plugins
from vsainimotion.upscale import DEFAULT_MODEL as DEFAULT_UPSCALER
from vsainimotion.upscale import upscale

core = vs.core

OFF = "off"
_CACHE_MIB, _CACHE_PIXELS = 2048, 1800
"""What a job's script lets VapourSynth keep: so many MiB, and for large pictures one for so many pixels of the output.

The filters say themselves what they keep (`vsainimotion.native.keep`): 0.9 GiB from 1080p to 1440 lines, 1.4 in 10
bits. This is twice as much, for with too little VapourSynth throws away what it needs for the next frame: 512 MiB
stopped 1080p dead.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """What a preset does unless an option says otherwise."""

    description: str
    """One sentence for people who choose."""
    interpolator: str
    """Model of `interpolate`."""
    kernel: str
    """How flow networks read between pixels: "bilinear" or "catmull-rom"."""
    upscaler: str
    """Model of `upscale`."""
    multi: Fraction
    """Output rate over source rate."""
    height: int
    """Height in pixels that lower clips are enlarged to."""
    deband: float
    """Threshold of the debanding of gradients, in codes of 8 bits; 0 is off."""


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "fast": Preset(
            description="Doubles the rate and enlarges to 1440 lines with a kernel: for slow machines.",
            interpolator=DEFAULT_INTERPOLATOR,
            kernel="bilinear",
            upscaler="spline36",
            multi=Fraction(2),
            height=1440,
            deband=0,
        ),
        "anime-clean": Preset(
            description="Doubles the rate and enlarges to 1440 lines with a network; keeps a clean source as it is.",
            interpolator=DEFAULT_INTERPOLATOR,
            kernel="catmull-rom",
            upscaler=DEFAULT_UPSCALER,
            multi=Fraction(2),
            height=1440,
            deband=0,
        ),
        "anime-strong": Preset(
            description="As anime-clean, with larger networks; takes away what compression left: blocks and bands.",
            interpolator="flow",
            kernel="catmull-rom",
            upscaler="compact",
            multi=Fraction(2),
            height=1440,
            deband=1.5,
        ),
    }
)
"""The presets by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """A preset and what is changed about it."""

    preset: str = "anime-clean"
    """A name of `PRESETS`."""
    fps: Fraction | None = None
    """Output rate in frames per second, above 0; None for the preset's factor."""
    multi: Fraction | None = None
    """Output rate over source rate, above 0; instead of `fps`."""
    width: int | None = None
    """Output width in pixels; the height follows unless it is given."""
    height: int | None = None
    """Output height in pixels; None for the preset's, or the clip's own if that is greater."""
    scale: Fraction | None = None
    """Output size over source size, above 0; instead of `width` and `height`."""
    interpolator: str | None = None
    """Model of `interpolate`, or "off"; None for the preset's."""
    upscaler: str | None = None
    """Model of `upscale`, or "off"; None for the preset's."""
    backend: str = "auto"
    """What runs the networks."""
    cadence: str = CADENCES[0]
    """A name of `cadence.CADENCES`: whether drawings keep their timing or are spread evenly."""
    span: int = DEFAULT_SPAN_FRAMES
    """Longest hold that an even cadence spreads, in frames of the source."""
    overrides: Overrides | None = None
    """What a person says of single intervals, before the gate's own judgement: a text file or classes by interval."""

    def __post_init__(self) -> None:
        """Checks what can be checked without a clip."""
        if self.preset not in PRESETS:
            names = ", ".join(PRESETS)
            raise UnknownNameError(f"enhance: 'preset' must be one of {names} (got {self.preset!r}).")
        for name in ("fps", "multi", "width", "height", "scale"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ArgumentError(f"enhance: '{name}' must be above 0 (got {value}).")
        if self.fps is not None and self.multi is not None:
            raise ArgumentError(f"enhance: give 'fps' or 'multi', not both (got {self.fps} and {self.multi}).")
        if self.scale is not None and (self.width is not None or self.height is not None):
            raise ArgumentError(f"enhance: give 'scale' or a size, not both (got scale {self.scale}).")
        check_cadence(self.cadence, self.span)
        if self.interpolator == OFF and (self.fps is not None or self.multi is not None):
            raise ArgumentError("enhance: a new rate needs an interpolator (got 'off'). Leave one of the two away.")
        if self.upscaler == OFF and (self.scale is not None or self.width is not None or self.height is not None):
            raise ArgumentError("enhance: a new size needs an upscaler (got 'off'). For a plain kernel use 'spline36'.")


_DEFAULTS = Options()


def enhance(
    clip: vs.VideoNode,
    *,
    preset: str = _DEFAULTS.preset,
    fps: Fraction | None = None,
    multi: Fraction | None = None,
    width: int | None = None,
    height: int | None = None,
    scale: Fraction | None = None,
    interpolator: str | None = None,
    upscaler: str | None = None,
    backend: str = _DEFAULTS.backend,
    cadence: str = _DEFAULTS.cadence,
    span: int = _DEFAULTS.span,
    overrides: Overrides | None = _DEFAULTS.overrides,
) -> vs.VideoNode:
    """Makes a clip smoother and larger.

    Args:
        clip: Any clip of 8 to 16 bit integer or float, one format and size, one frame or more.
        preset: A name of `PRESETS`.
        fps: Output rate in frames per second; needs a clip of constant rate.
        multi: Output rate over source rate, instead of `fps`.
        width: Output width in pixels; the height follows unless it is given.
        height: Output height in pixels; the width follows unless it is given.
        scale: Output size over source size, instead of `width` and `height`; below 1 it shrinks.
        interpolator: Model of `interpolate`, or "off".
        upscaler: Model of `upscale`, or "off".
        backend: What runs the networks: "auto" or a name from `vsainimotion.backend`.
        cadence: "keep", or "even" to spread drawings on twos and threes evenly; see `interpolate`.
        span: Longest hold that an even cadence spreads, 2 to 8 frames of the source.
        overrides: Corrections to the gate; see `gate`.

    Returns:
        A clip of the same format with the properties that `gate` and `interpolate` write.

    Raises:
        ArgumentError: An option is out of range, or two exclude each other.
        UnknownNameError: There is no such preset, model or backend.
        MissingError: A plugin or backend is missing.
    """
    options = Options(
        preset=preset,
        fps=fps,
        multi=multi,
        width=width,
        height=height,
        scale=scale,
        interpolator=interpolator,
        upscaler=upscaler,
        backend=backend,
        cadence=cadence,
        span=span,
        overrides=overrides,
    )
    check_clip("enhance", clip)
    row = PRESETS[options.preset]
    if (options.interpolator or row.interpolator) != OFF or (options.upscaler or row.upscaler) != OFF:
        clip = gate(clip, overrides=options.overrides)
    if row.deband:
        clip = _deband(clip, row.deband)
    clip = _resize(clip, options, row)
    return _raise_rate(clip, options, row)


def render_script(source: str, options: Options) -> str:
    """Writes the .vpy that makes the same frames as `enhance`.

    Args:
        source: A Python expression that opens the source, such as `vsainimotion.source('film.mkv')`.
        options: What to do with it.

    Returns:
        The text of the script.
    """
    changed = {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(options)
        if field.name == "preset" or getattr(options, field.name) != getattr(_DEFAULTS, field.name)
    }
    arguments = "".join(f", {name}={value!r}" for name, value in changed.items())
    imports = "from fractions import Fraction\n\n" if "Fraction(" in arguments else ""
    lines = [
        f"{imports}import vapoursynth as vs",
        "",
        "import vsainimotion",
        "",
        f"clip = {source}",
        f"clip = vsainimotion.enhance(clip{arguments})",
        f"vs.core.max_cache_size = max({_CACHE_MIB}, clip.width * clip.height // {_CACHE_PIXELS})",
        "clip.std.SetVideoCache(mode=0)  # an encoder asks for each frame once",
        "clip.set_output()",
    ]
    return "\n".join(lines) + "\n"


def plan_output_size(size: tuple[int, int], step: tuple[int, int], options: Options) -> tuple[int, int]:
    """Plans the size of the result.

    Args:
        size: Width and height of the clip in pixels.
        step: Width and height must be multiples of this: (2, 2) for 4:2:0.
        options: What was asked; without a size the preset's height, but never less than the clip's own.

    Returns:
        Width and height in pixels.
    """
    width, height = options.width, options.height
    if options.scale is not None:
        width, height = round(size[0] * options.scale), round(size[1] * options.scale)
    elif width is None and height is None:
        height = max(PRESETS[options.preset].height, size[1])
    across = Fraction(width) if width is not None else Fraction(size[0] * (height or 0), size[1])
    down = Fraction(height) if height is not None else Fraction(size[1] * across, size[0])
    return max(round(across / step[0]), 1) * step[0], max(round(down / step[1]), 1) * step[1]


def _deband(clip: vs.VideoNode, threshold: float) -> vs.VideoNode:
    """Smooths bands in gradients without grain, so that a held drawing stays held."""
    check_plugins("enhance", "vszip")
    return clip.vszip.Deband(thr=threshold, grain=0)


def _resize(clip: vs.VideoNode, options: Options, row: Preset) -> vs.VideoNode:
    """Enlarges with the upscaler; what was asked to be smaller goes down with Spline36."""
    upscaler = options.upscaler or row.upscaler
    if upscaler == OFF:
        return clip
    step = (1 << clip.format.subsampling_w, 1 << clip.format.subsampling_h)
    width, height = plan_output_size((clip.width, clip.height), step, options)
    if width < clip.width or height < clip.height:
        return clip.resize.Spline36(width=width, height=height)
    return upscale(clip, width=width, height=height, model=upscaler, backend=options.backend)


def _raise_rate(clip: vs.VideoNode, options: Options, row: Preset) -> vs.VideoNode:
    model = options.interpolator or row.interpolator
    if model == OFF:
        return clip
    multi = row.multi if options.fps is None and options.multi is None else options.multi
    return interpolate(
        clip,
        multi=multi,
        fps=options.fps,
        model=model,
        backend=options.backend,
        kernel=row.kernel,
        cadence=options.cadence,
        span=options.span,
    )
