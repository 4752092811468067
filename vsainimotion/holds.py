"""Which intervals hold a drawing, and how long each drawing has been held."""

from collections.abc import Callable

import vapoursynth as vs

from vsainimotion.intervals import INTERVAL_PROPERTY, RUN_PROPERTY, Interval
from vsainimotion.measures import measure_blocks, measure_change, shift
from vsainimotion.native import keep

core = vs.core

_PEAK_TO_MEAN = 8
"""With a fixed threshold a hold's mean difference is at most this part of it: a slow fade changes little anywhere, but
everywhere."""
_RUN_STEPS = 6
"""A hold's frames know their first frame up to 2**6 frames back; longer holds start anew every 64 frames."""
_SKIPPED_FRAMES = 3
"""As many frames may be skipped at a time without a frame of the film being decoded twice: 60 fps to 15."""
_RUN_CHECKS_FRAMES = (4, 16, 32)
RUN_REACH_FRAMES = max(_RUN_CHECKS_FRAMES)
"""How far back frames are compared again."""

# The adaptive threshold. The constants were set on the even films of the labelled set (docs/gate.md).
_LEAST_PEAK = 0.03
"""Without noise a hold's peak is at most this: a mouth of 12x6 pixels of 1080p that opens reaches 0.034."""
_PEAK_TO_NOISE = 8.9
_LARGEST_PEAK = 0.082
"""What no noise excuses."""
_LEAST_DRIFT, _DRIFT_TO_NOISE = 0.0018, 0.083
"""A hold's windows keep their level, as far as noise lets them."""
_SLIDES = 0.09
"""Share of the windows' change that displacements explain, from which the picture slides; noise and leftovers stay at
0.05, a pan of a tenth of a pixel a frame starts at 0.12."""
_SLIDE_TO_NEIGHBOURS = 0.3
"""What slides less than this part of both neighbours is what a codec left of their motion."""
_LASTING = 0.3
"""But a pan goes on behind a figure on twos: so much then slides in windows that slide as much before or after."""


def find_holds(change: vs.VideoNode, hold: float | None) -> vs.VideoNode:
    """Says which intervals hold a drawing.

    Args:
        change: What `vsainimotion.measures.measure_change` says of the intervals.
        hold: Largest block difference of a hold, 0 to 1, or None to let the clip's own noise decide.

    Returns:
        `change` with the property `Held`, 0 or 1.
    """
    more = f"x.SlidePower y.SlidePower z.SlidePower min {_SLIDE_TO_NEIGHBOURS} * >"
    slides = f"x.Slide {_SLIDES} > {more} x.Lasting {_LASTING} > or and"
    held = _still(hold, slides)
    return core.akarin.PropExpr([change, shift(change, -1), shift(change, 1)], dict=lambda: {"Held": held})


def _still(hold: float | None, slides: str) -> str:
    if hold is not None:
        return f"x.BlockMax 65535 / {hold} <= x.FineAverage {hold / _PEAK_TO_MEAN} <= and"
    limit = f"x.Noise {_PEAK_TO_NOISE} * {_LEAST_PEAK} max {_LARGEST_PEAK} min"
    level = f"x.Noise {_DRIFT_TO_NOISE} * {_LEAST_DRIFT} +"
    return f"x.Peak {limit} <= x.Drift {level} <= and {slides} not and"


def mark_runs(decided: vs.VideoNode, copy: vs.VideoNode, hold: float | None) -> vs.VideoNode:
    """Counts how long each frame's drawing has been held.

    Frames that lie 4, 16 and 32 apart are compared again, so that a drift too slow to see from frame to frame ends a
    run; a hold that a person named is not asked.

    Args:
        decided: A clip with `VsaiInterval`, and `Said` 1 where a person named it, else 0.
        copy: A fine copy.
        hold: As in `find_holds`.

    Returns:
        A clip with `VsaiRun` beside the properties of `decided`.
    """
    held_before = f"N 0 > y.{INTERVAL_PROPERTY} {Interval.HOLD:d} = and"
    names = {RUN_PROPERTY: held_before, "Said": "y.Said"}
    keep(decided, 2 << _RUN_STEPS)
    # What lies a few frames back is asked for so that it is decided before its frames are forgotten, if it was skipped.
    before = [shift(decided, -frames) for frames in range(1, _SKIPPED_FRAMES + 2)]
    run = core.akarin.PropExpr([decided, *before], dict=lambda: names)
    return count_runs(run, lambda run, frames: _measure_drift(run, copy, hold, frames), "z.Held x.Said or")


def count_runs(
    run: vs.VideoNode,
    measure: Callable[[vs.VideoNode, int], vs.VideoNode] | None = None,
    accept: str = "1",
) -> vs.VideoNode:
    """Turns "this frame repeats the one before" into "this drawing began so many frames ago".

    It works by doubling: each step looks twice as far back, so that 64 frames take six steps whichever frame is asked
    for first. A run longer than that starts anew at whole multiples of 64: its frames agree on few first frames.

    Args:
        run: A clip with `VsaiRun` 1 where a frame repeats the frame before it, else 0.
        measure: Builds, from the runs so far and a distance in frames, a clip with facts about that distance.
        accept: Expression over those facts (as `z`) that lets a run grow across that distance.

    Returns:
        The clip with `VsaiRun` from 0 to 63.
    """
    length = 1
    for _ in range(_RUN_STEPS):
        sources = [run, shift(run, -length)]
        extend = f"x.{RUN_PROPERTY} {length} = N {length} >= and"
        if measure is not None and length in _RUN_CHECKS_FRAMES:
            sources.append(measure(run, length))
            extend += f" {accept} and"
        longer = f"{extend} x.{RUN_PROPERTY} y.{RUN_PROPERTY} + x.{RUN_PROPERTY} ?"
        # Without this the default cache forgets what lies so far back, and every frame is measured many times. Where
        # frames are skipped (60 to 48 fps), every step has to count anew what it was not asked for.
        keep(run, 2 << _RUN_STEPS)
        run = core.akarin.PropExpr(sources, dict=lambda longer=longer: {RUN_PROPERTY: longer})
        length *= 2
    last = f"x.{RUN_PROPERTY} {length} >= N {length} % x.{RUN_PROPERTY} ?"
    return core.akarin.PropExpr(run, dict=lambda: {RUN_PROPERTY: last})


def _measure_drift(run: vs.VideoNode, copy: vs.VideoNode, hold: float | None, frames: int) -> vs.VideoNode:
    """Compares a frame with the frame some frames ago, where a run is that long and nowhere else."""
    change = measure_change(copy, -frames) if hold is None else measure_blocks(copy, -frames)
    held = _still(hold, f"x.Slide {_SLIDES} >")
    facts = core.akarin.PropExpr(change, dict=lambda: {"Held": held})
    nothing = core.std.BlankClip(facts, keep=True).std.SetFrameProps(Held=1)
    return core.akarin.Select([nothing, facts], run, f"x.{RUN_PROPERTY} {frames} = 1 0 ?")
