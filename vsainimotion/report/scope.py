"""What a report is about: the film, its part, the rates and sizes, and the models that make frames and lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from vsainimotion.enhance import OFF, PRESETS, Options, plan_output_size
from vsainimotion.interpolate import MVTOOLS, plan_factor
from vsainimotion.media.job import Opened
from vsainimotion.media.stills import Size
from vsainimotion.media.vspipe import ScriptInfo
from vsainimotion.models import find_card
from vsainimotion.timing import plan_schedule
from vsainimotion.upscale import KERNELS

SUBSAMPLING: Mapping[str, Size] = MappingProxyType(
    {"420": (2, 2), "422": (2, 1), "440": (1, 2), "411": (4, 1), "410": (4, 4)}
)
"""Width and height are multiples of these in the YUV formats that subsample, by the digits of their names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Models:
    """What makes new frames and new lines in a job."""

    interpolator: str | None
    """Name of a network or `mvtools`; None where the rate stays."""
    upscaler: str | None
    """Name of a network or kernel; None where the size stays or shrinks."""

    @property
    def network(self) -> str | None:
        """The interpolator, if it is a network."""
        return None if self.interpolator == MVTOOLS else self.interpolator

    @property
    def enlarger(self) -> str | None:
        """The upscaler, if it is a network."""
        return None if self.upscaler in KERNELS else self.upscaler


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a report is about."""

    film: str
    """Its path."""
    first: int
    """Number of the film's first frame that is taken."""
    frames: int
    """How many of its frames are taken."""
    source_fps: Fraction
    fps: Fraction
    """The output's rate."""
    total: int
    """Output frames that are planned."""
    size: tuple[int, int]
    """The film's width and height in pixels."""
    new_size: tuple[int, int]
    models: Models
    is_asked: bool
    """Whether networks run, so that confidences are known."""
    script: str
    """The .vpy text."""

    @property
    def last(self) -> int:
        """Number of the film's last frame that is taken."""
        return self.first + self.frames - 1


def reported_scope(opened: Opened, options: Options, rendered: ScriptInfo) -> Scope:
    """Returns what the report of a job is about.

    Args:
        opened: The film and the script over it.
        options: What the graph does.
        rendered: What the script puts out.
    """
    size = (rendered.width, rendered.height)
    return _scope(opened, options, fps=rendered.fps, total=rendered.frames, new_size=size, is_asked=True)


def planned_scope(opened: Opened, options: Options, *, is_asked: bool) -> Scope:
    """Returns what a job would be about, by arithmetic alone: no graph is built and no network loaded.

    Args:
        opened: The film and the script over it.
        options: What the graph would do.
        is_asked: Whether networks will be asked for confidences.

    Raises:
        UnknownNameError: There is no such network.
    """
    timeline = opened.timeline
    factor = planned_factor(opened, options)
    schedule = plan_schedule(opened.last - opened.first + 1, factor)
    size = (timeline.width, timeline.height)
    if (options.upscaler or PRESETS[options.preset].upscaler) != OFF:
        size = plan_output_size(size, SUBSAMPLING.get(timeline.format[3:6], (1, 1)), options)
    fps = timeline.rate.fps * factor
    scope = _scope(opened, options, fps=fps, total=schedule.num_frames, new_size=size, is_asked=is_asked)
    for name in filter(None, (scope.models.network, scope.models.enlarger)):
        find_card(name)
    return scope


def planned_factor(opened: Opened, options: Options) -> Fraction:
    """Returns output rate over source rate."""
    row = PRESETS[options.preset]
    if (options.interpolator or row.interpolator) == OFF:
        return Fraction(1)
    multi = row.multi if options.fps is None and options.multi is None else options.multi
    return plan_factor(opened.timeline.rate.fps, multi=multi, fps=options.fps)


def _scope(opened: Opened, options: Options, *, fps: Fraction, total: int, new_size: Size, is_asked: bool) -> Scope:
    timeline, row = opened.timeline, PRESETS[options.preset]
    size = (timeline.width, timeline.height)
    interpolator, upscaler = options.interpolator or row.interpolator, options.upscaler or row.upscaler
    is_enlarged = new_size != size and new_size[0] >= size[0] and new_size[1] >= size[1]
    return Scope(
        film=str(opened.info.path),
        first=opened.first,
        frames=opened.last - opened.first + 1,
        source_fps=timeline.rate.fps,
        fps=fps,
        total=total,
        size=size,
        new_size=new_size,
        models=Models(
            interpolator=None if interpolator == OFF else interpolator,
            upscaler=upscaler if is_enlarged and upscaler != OFF else None,
        ),
        is_asked=is_asked,
        script=opened.script,
    )
