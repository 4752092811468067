"""The gate: what lies between a frame and the next, measured and decided before any network runs.

Two small luma copies are made of each frame. The finer one (about 270 lines) answers *did anything move*
(`vsainimotion.holds`), the coarser one (136 lines) *is it the same shot* (`vsainimotion.shots`). Every measurement and
the decision itself are frame properties computed by native plugins, so that any frame can be asked for first.

What it cannot tell apart yet is written down in docs/gate.md.
"""

from dataclasses import dataclass

import vapoursynth as vs

from vsainimotion.errors import ArgumentError
from vsainimotion.holds import RUN_REACH_FRAMES, count_runs, find_holds, mark_runs
from vsainimotion.intervals import (
    INTERVAL_PROPERTY,
    PROPERTIES,
    RUN_PROPERTY,
    Interval,
    Overrides,
    load_overrides,
    plan_overrides,
)
from vsainimotion.measures import fine_copy, luma_copy, measure_change, plan_fine_size, shift
from vsainimotion.native import check_clip, check_plugins, keep
from vsainimotion.returns import REACH_FRAMES
from vsainimotion.shots import judge_shots, plan_coarse_size

__all__ = [
    "INTERVAL_PROPERTY",
    "PROPERTIES",
    "RUN_PROPERTY",
    "GateOptions",
    "Interval",
    "count_runs",
    "gate",
    "luma_copy",
    "plan_coarse_size",
    "plan_fine_size",
    "shift",
]

core = vs.core

_COMES_BACK = 0.25
"""A picture that differs from one three frames on at most this much of what changed has come back: that was no cut."""
_SAME_PICTURE = 0.97
"""Frames whose luma correlates by more are one picture in another light, however much it changed. Cuts reach 0.7, and
black bars beside a bright picture nine tenths."""
_FADE_BEND = 0.35
"""A second difference in time below this part of the first is steady; a cut's is half of it."""
_LIKELY_A_FADE = 0.6
"""What is less likely a fade is motion: a clean pan over a texture nobody learnt from reaches a half."""
_SURELY_A_FADE = 0.9
"""What is so likely a fade needs not be steady; if it is, it is no hold, however little it changes between frames."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GateOptions:
    """The thresholds of the gate."""

    hold: float | None = None
    """Largest block difference, 0 to 1, up to which an interval is a hold. 0 accepts identical luma only; None lets
    the clip's own noise decide."""
    cut: float = 0.5
    """How likely an abrupt change must be, 0 to 1, to be a cut or a flash."""

    def __post_init__(self) -> None:
        """Checks the ranges."""
        for name in ("hold", "cut"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ArgumentError(f"gate: '{name}' must be between 0 and 1 (got {value!r}).")


_DEFAULTS = GateOptions()


def gate(
    clip: vs.VideoNode,
    *,
    hold: float | None = _DEFAULTS.hold,
    cut: float = _DEFAULTS.cut,
    overrides: Overrides | None = None,
) -> vs.VideoNode:
    """Measures and classifies every interval of a clip.

    Frame n carries what lies between frames n and n+1; the last frame has nothing after it and is a hold. A cut that
    the source already marks in `_SceneChangeNext` is believed, and so is a mark that says there is none. What a person
    says in `overrides` counts before everything else.

    Args:
        clip: Any clip of 8 to 16 bit integer or float, one format and size, one frame or more.
        hold: Largest block difference, 0 to 1, up to which an interval is a hold; None adapts to the noise of the
            clip. A block is 4x4 pixels of a copy about 270 lines high, 16x16 pixels of 1080p.
        cut: How likely an abrupt change must be, 0 to 1, to be a cut or a flash.
        overrides: Corrections: a path to a text file (see `vsainimotion.intervals`), or classes by interval, such as
            `{282: "cut", 300: Interval.HOLD}`.

    Returns:
        The same frames with `VsaiInterval` (an `Interval`), `VsaiMean` and `VsaiPeak` (mean and largest block
        difference of luma, 0 to 1), `VsaiCut` (0 to 1, how likely the change is abrupt beyond motion), `VsaiRun` (how
        many frames ago the drawing of this frame began, 0 to 63), and `_SceneChangeNext`/`_SceneChangePrev`.

    Raises:
        ArgumentError: A threshold is out of range, the clip changes format or size, or a correction cannot be read or
            lies beyond the clip.
        MissingError: A plugin is missing.
    """
    options = GateOptions(hold=hold, cut=cut)
    check_clip("gate", clip)
    check_plugins("gate", "akarin", "mv", "vszip")
    said = plan_overrides([] if overrides is None else load_overrides(overrides), clip.num_frames)
    pictures = keep(clip.std.RemoveFrameProps(RUN_PROPERTY), 2 * REACH_FRAMES)
    copy = keep(fine_copy(pictures), 2 * (RUN_REACH_FRAMES + 2 * REACH_FRAMES))
    decided = _mark_cuts(_believe(_classify(pictures, copy, options), said))
    return pictures.std.CopyFrameProps(mark_runs(decided, copy, options.hold), props=list(PROPERTIES))


def _classify(clip: vs.VideoNode, copy: vs.VideoNode, options: GateOptions) -> vs.VideoNode:
    """Builds a tiny clip whose frames carry the decision about each interval."""
    change = measure_change(copy)
    shots = judge_shots(copy, change, (clip.width, clip.height))
    facts = [shots, find_holds(change, options.hold), _read_marks(clip)]
    return core.akarin.PropExpr(facts, dict=lambda: _decision(options, clip.num_frames))


def _decision(options: GateOptions, length: int) -> dict[str, str]:
    """Writes the properties as expressions of the shots (x), the holds (y) and the source's own marks (z)."""
    abrupt = "x.Cut x.Flash +"
    surely, steadily = f"x.Fade {_SURELY_A_FADE} >", f"x.BendLess {_FADE_BEND} <"
    no_fade = f"{surely} {steadily} and not" if options.hold is None else "1"
    held = f"y.Held {no_fade} and N {length - 1} >= or"
    other = f"x.Returns {_COMES_BACK} >= x.Likeness {_SAME_PICTURE} <= and"
    sudden = f"x.Cut x.Flash >= {other} and {Interval.CUT:d} {Interval.FADE:d} ?"
    slow = f"x.Fade {_LIKELY_A_FADE} > {surely} {steadily} or and {Interval.FADE:d} {Interval.MOTION:d} ?"
    unmarked = f"{held} {Interval.HOLD:d} {abrupt} {options.cut} >= {sudden} {slow} ? ?"
    denied = f"z.MarkMax 0 = {abrupt} {options.cut} >= and"
    no_cut = f"{held} {Interval.HOLD:d} {Interval.MOTION:d} ?"
    return {
        INTERVAL_PROPERTY: f"z.MarkMax 1 = {Interval.CUT:d} {denied} {no_cut} {unmarked} ? ?",
        "VsaiMean": "y.FineAverage",
        "VsaiPeak": "y.BlockMax 65535 /",
        "VsaiCut": f"z.MarkMax 1 = 1 {abrupt} ?",
    }


def _read_marks(clip: vs.VideoNode) -> vs.VideoNode:
    """Reads cuts that the source already marks: `MarkMax` is 1 for a cut, 0 for none, 255 where nothing is said.

    A property that is missing reads as not-a-number in Expr and saturates; PropExpr could not tell it from 0.
    """
    pixel = core.std.BlankClip(width=1, height=1, format=vs.GRAY8, length=clip.num_frames)
    carried = pixel.std.CopyFrameProps(clip, props=["_SceneChangeNext"])
    return core.akarin.Expr(carried, "x._SceneChangeNext").vszip.PlaneMinMax(prop="Mark")


def _believe(decided: vs.VideoNode, said: list[tuple[int, Interval | None]]) -> vs.VideoNode:
    """Writes what a person said over what was decided; `Said` is 1 there.

    A cut that a person names is abrupt, and a fade or motion is not.
    """
    pixel = core.std.BlankClip(width=1, height=1, format=vs.GRAY8, length=1)
    stretches = [
        (pixel * frames).std.SetFrameProps(Said=interval is not None, As=interval or 0) for frames, interval in said
    ]
    names = {
        "Said": "y.Said",
        INTERVAL_PROPERTY: f"y.Said y.As x.{INTERVAL_PROPERTY} ?",
        "VsaiCut": f"y.Said y.As {Interval.CUT:d} = x.VsaiCut ?",
    }
    return core.akarin.PropExpr([decided, core.std.Splice(stretches)], dict=lambda: names)


def _mark_cuts(decided: vs.VideoNode) -> vs.VideoNode:
    """Writes the field's own marks on both frames of a cut."""
    names = {
        "_SceneChangeNext": f"x.{INTERVAL_PROPERTY} {Interval.CUT:d} =",
        "_SceneChangePrev": f"N 0 > y.{INTERVAL_PROPERTY} {Interval.CUT:d} = and",
    }
    return core.akarin.PropExpr([decided, shift(decided, -1)], dict=lambda: names)
