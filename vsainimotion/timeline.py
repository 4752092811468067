"""The output's timeline: for every output frame its source frame, its timestep and where it will come from."""

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from math import ceil

import vapoursynth as vs

from vsainimotion.cadence import AHEAD_PROPERTY, BACK_PROPERTY, DEFAULT_SPAN_FRAMES, LAYERED_PROPERTY, follow
from vsainimotion.gate import INTERVAL_PROPERTY, RUN_PROPERTY, Interval, count_runs, shift
from vsainimotion.native import once
from vsainimotion.timing import Schedule

core = vs.core

TIMESTEP_PROPERTY = "VsaiTimestep"
ORIGIN_PROPERTY = "VsaiOrigin"
SOURCE_PROPERTY = "VsaiSource"
"""Number of the source frame at or before an output frame; of a spread drawing, where it began."""
NEXT_PROPERTY = "VsaiNext"
"""Number of the source frame after it; of a spread drawing, where the next one begins."""


class Origin(IntEnum):
    """Where an output frame comes from; the values of the property `VsaiOrigin`."""

    SOURCE = 0
    INTERPOLATED = 1
    REPEATED = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """The neighbours of every output frame, as clips at the output rate."""

    clip: vs.VideoNode
    """The source, judged by the gate."""
    plan: vs.VideoNode
    """One pixel for each output frame, with `VsaiTimestep`, `VsaiSource` (the source frame at or before it),
    `VsaiOrigin` and all properties of that source frame."""
    schedule: Schedule
    spans: vs.VideoNode | None = None
    """Which drawings are spread, from `cadence.mark_spans`; None where drawings keep their timing."""
    span: int = DEFAULT_SPAN_FRAMES
    """Longest hold that is spread, in frames."""

    def before(self, clip: vs.VideoNode) -> vs.VideoNode:
        """Puts the drawing at or before each output frame on the output's timeline, with its timestep."""
        if self.spans is not None:
            clip, _ = follow(clip, self.spans, self.span)
        return _resample(clip, self.schedule).std.CopyFrameProps(self.plan, props=[TIMESTEP_PROPERTY])

    def after(self, clip: vs.VideoNode) -> vs.VideoNode:
        """Puts the drawing after each output frame on the output's timeline."""
        coming = shift(clip, 1) if self.spans is None else follow(clip, self.spans, self.span)[1]
        return _resample(coming, self.schedule)


def lay_out(
    gated: vs.VideoNode,
    schedule: Schedule,
    cut: float,
    *,
    spans: vs.VideoNode | None = None,
    span: int = DEFAULT_SPAN_FRAMES,
) -> Timeline:
    """Plans every output frame: the source frame before it, how far it lies beyond, and where it will come from.

    Args:
        gated: The source, judged by the gate.
        schedule: The output frames.
        cut: The gate's threshold.
        spans: Which drawings are spread, from `cadence.mark_spans`; None to keep the timing of all drawings.
        span: The span it was given, in frames.

    Returns:
        The timeline. A spread drawing is planned as motion from where it began to where the next one begins.
    """
    timesteps = [float(t) for t in schedule.timesteps]
    pixel = core.std.BlankClip(width=1, height=1, format=vs.GRAY8, length=gated.num_frames, keep=True)
    numbered = pixel.std.CopyFrameProps(gated).akarin.PropExpr(
        dict=lambda: {SOURCE_PROPERTY: "N", NEXT_PROPERTY: "N 1 +"}
    )
    if spans is not None:
        numbered = numbered.std.CopyFrameProps(spans, props=[BACK_PROPERTY, AHEAD_PROPERTY, LAYERED_PROPERTY])
    plan = _resample(numbered, schedule).akarin.PropExpr(dict=lambda: {TIMESTEP_PROPERTY: timesteps})
    if spans is not None:
        plan = _spread(plan)
    blended = f"x.{INTERVAL_PROPERTY} {Interval.FADE:d} = x.VsaiCut {cut} < and"
    moved = f"x.{INTERVAL_PROPERTY} {Interval.MOTION:d} = {blended} or"
    origin = f"x.{TIMESTEP_PROPERTY} 0 = {Origin.SOURCE:d} {moved} {Origin.INTERPOLATED:d} {Origin.REPEATED:d} ? ?"
    plan = plan.akarin.PropExpr(dict=lambda: {ORIGIN_PROPERTY: origin})
    return Timeline(clip=gated, plan=plan, schedule=schedule, spans=spans, span=span)


def _spread(plan: vs.VideoNode) -> vs.VideoNode:
    """Turns the holds of spread drawings into motion, with timesteps over the whole span."""
    whole = f"x.{BACK_PROPERTY} x.{AHEAD_PROPERTY} +"
    return plan.akarin.PropExpr(
        dict=lambda: {
            SOURCE_PROPERTY: f"x.{SOURCE_PROPERTY} x.{BACK_PROPERTY} -",
            NEXT_PROPERTY: f"x.{SOURCE_PROPERTY} x.{AHEAD_PROPERTY} +",
            TIMESTEP_PROPERTY: f"x.{TIMESTEP_PROPERTY} x.{BACK_PROPERTY} + {whole} /",
            INTERVAL_PROPERTY: f"{whole} 1 > {Interval.MOTION:d} x.{INTERVAL_PROPERTY} ?",
            RUN_PROPERTY: f"{whole} 1 > 0 x.{RUN_PROPERTY} ?",
        }
    )


def _resample(clip: vs.VideoNode, schedule: Schedule) -> vs.VideoNode:
    """Repeats or skips whole frames as a schedule says."""
    period, offsets = schedule.period, list(schedule.offsets)
    if period == 1:  # SelectEvery takes no cycle of one frame: write it twice
        period, offsets = 2, offsets + [offset + 1 for offset in offsets]
    cycles = ceil(schedule.num_frames / len(offsets))
    missing = cycles * period - clip.num_frames
    padded = once(clip + once(once(clip[-1]) * missing)) if missing > 0 else clip
    return once(once(padded.std.SelectEvery(period, offsets, modify_duration=False))[: schedule.num_frames])


def describe(chosen: vs.VideoNode, plan: vs.VideoNode) -> vs.VideoNode:
    """Restates what the gate said of source intervals for the intervals between output frames.

    Between the repeats of a frame nothing changes: only the last of them meets the cut or the flash.
    """
    leaves = f"y.{SOURCE_PROPERTY} x.{SOURCE_PROPERTY} >"
    cut = f"x.{INTERVAL_PROPERTY} {Interval.CUT:d} ="
    abrupt = f"x.{INTERVAL_PROPERTY} {Interval.CUT:d} >= y.{ORIGIN_PROPERTY} {Origin.REPEATED:d} = and"
    stated = core.akarin.PropExpr(
        [plan, shift(plan, 1)],
        dict=lambda: {
            INTERVAL_PROPERTY: f"{leaves} not {abrupt} and {Interval.HOLD:d} x.{INTERVAL_PROPERTY} ?",
            "_SceneChangeNext": f"{leaves} {cut} and",
        },
    )
    same_drawing = f"x.{SOURCE_PROPERTY} y.{SOURCE_PROPERTY} = x.{RUN_PROPERTY} 0 > or"
    restated = core.akarin.PropExpr(
        [stated, shift(stated, -1)],
        dict=lambda: {
            RUN_PROPERTY: f"N 0 > y.{INTERVAL_PROPERTY} {Interval.HOLD:d} = and {same_drawing} and",
            "_SceneChangePrev": "N 0 > y._SceneChangeNext 0 > and",
        },
    )
    names = [ORIGIN_PROPERTY, INTERVAL_PROPERTY, RUN_PROPERTY, "VsaiMean", "VsaiPeak", "VsaiCut"]
    names += ["_SceneChangeNext", "_SceneChangePrev", SOURCE_PROPERTY, NEXT_PROPERTY, TIMESTEP_PROPERTY]
    return chosen.std.CopyFrameProps(count_runs(restated), props=names)


def set_rate(clip: vs.VideoNode, rate: Fraction, factor: Fraction) -> vs.VideoNode:
    """Sets the new rate; without a constant rate each frame's own duration is divided."""
    if rate != 0:
        new = rate * factor
        return clip.std.AssumeFPS(fpsnum=new.numerator, fpsden=new.denominator)
    return clip.akarin.PropExpr(
        dict=lambda: {
            "_DurationNum": f"x._DurationNum {factor.denominator} *",
            "_DurationDen": f"x._DurationDen {factor.numerator} *",
        }
    )
