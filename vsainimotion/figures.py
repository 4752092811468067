"""Figures: in which intervals a figure over a pan is held, though the whole picture changes.

Apart from what stands still and what goes with the pan, next to nothing changes while a drawing of the figure is held,
and much when the next one comes. How much is *drawn anew* is therefore compared between neighbours: on ones it rises
about as often as it falls, on twos it rises out of nothing.
"""

from math import ceil

import vapoursynth as vs

from vsainimotion.gate import INTERVAL_PROPERTY, Interval
from vsainimotion.measures import fine_copy, shift
from vsainimotion.native import keep, once
from vsainimotion.pans import find_pans
from vsainimotion.warp import sample_expression

core = vs.core

CLOSES_PROPERTY = "VsaiCloses"
"""Of a figure hold, after how many intervals more the next drawing comes; else 0."""

_LEAST_PAN_PX = 0.12
"""Slower pans, in pixels of the fine copy, are none."""
_LEAST_SHARE = 0.15
"""Share of cells that must go with a pan."""
_UNEVEN_PX, _UNEVEN_SHARE = 0.35, 0.15
"""By how much a pan may change from interval to interval: pixels of the fine copy, and share of its speed."""
_LEAST_SLIDE = 0.01
"""Share of cells that must slide as a whole."""
_CELL_PX = 4
_AVERAGE_PX = 2
"""Half the side of the square over which differences are averaged before the better explanation is taken."""
_MARGIN = 0.01
"""A change of what is unexplained, 0 to 1, that counts for nothing: grain, and what a codec leaves."""
_LEAST_RISE = 1e-4
"""Mean over the picture of what more must be unexplained where a new drawing comes."""
_RISE_TO_FALL = 4
"""So much more must rise than fall from the hold to where the next drawing comes; on ones about as much does."""
_LEFT_TO_RISE = 0.1
"""What may be drawn anew while the figure is held, as a share of that rise: other things that move on ones."""
DRAWN_ANEW = 0.02
"""What is unexplained by less than this, 0 to 1, is the same drawing."""


def find_figure_holds(gated: vs.VideoNode, intervals: vs.VideoNode, span: int) -> tuple[vs.VideoNode, vs.VideoNode]:
    """Finds the intervals in which the figure over a pan is held, and measures what is drawn anew in all of them.

    An interval is one when much more is drawn anew one to `span` - 1 intervals later, next to nothing is drawn anew in
    it, and the pan goes on at one speed until then. Nothing is measured where the gate sees no motion in two intervals
    on end.

    Args:
        gated: A clip at least `blocks.LEAST_PX` wide and high on its fine copy.
        intervals: One pixel for each of its frames, with the gate's `VsaiInterval`.
        span: Longest hold to spread, in frames.

    Returns:
        One pixel for each frame with `VsaiCloses`; and what neither rest nor pan explains of the change to the next
        frame, GRAYS in [0, 1], a pixel for 4x4 of the fine copy.
    """
    copy = keep(fine_copy(gated), 4 * span)
    pans = keep(find_pans(copy), 4 * span)
    luma = keep(core.akarin.Expr(copy, "x 65535 /", format=vs.GRAYS), 4 * span)
    anew = keep(_measure_anew(luma, pans), 4 * span)
    moves = " ".join(f"{clip}.{INTERVAL_PROPERTY} {Interval.MOTION:d} =" for clip in "xy") + " and"
    steady = keep(_ask(moves, [intervals, shift(intervals, 1)], _judge_pans(pans), {"Steady": 0}), 4 * span)
    others = [keep(_less_slide(anew, luma, pans, frames), 2) for frames in range(span)]
    closes = _count_down([_contrast(others[0], others[k], steady, k) for k in range(1, span)])
    left = _ask(f"x.{CLOSES_PROPERTY} 0 >", [closes], _measure_left(others[0], luma, pans), {"LeftAverage": 0})
    # After a cut there is no frame before that shows the ground about to be covered.
    begins = f"N 0 = z.{INTERVAL_PROPERTY} {Interval.MOTION:d} = not or"
    clean = f"x.{CLOSES_PROPERTY} y.LeftAverage x.Rise {_LEFT_TO_RISE} * <= {begins} or *"
    sources = [closes, left, shift(intervals, -1)]
    closes = core.akarin.PropExpr(sources, dict=lambda: {CLOSES_PROPERTY: clean})
    return keep(closes, 2 * span), _in_cells(anew)


def _count_down(contrasts: list[vs.VideoNode]) -> vs.VideoNode:
    """Counts after how many intervals the next drawing comes, from the contrasts to the first one after, the second...

    The drawing that comes after k intervals is the one that the next interval waits k - 1 for.
    """
    first = keep(contrasts[0], 2 * len(contrasts))
    closes = core.akarin.PropExpr(first, dict=lambda: {CLOSES_PROPERTY: "x.Rises", "Rise": "x.Rise"})
    for frames, contrast in enumerate(contrasts[1:], 2):
        waits = f"y.{CLOSES_PROPERTY} {frames - 1} = z.Rises and a.Falls not and x.{CLOSES_PROPERTY} 0 = and"
        names = {CLOSES_PROPERTY: f"{waits} {frames} x.{CLOSES_PROPERTY} ?", "Rise": f"{waits} z.Rise x.Rise ?"}
        sources = [keep(closes, 2), shift(closes, 1), contrast, first]
        closes = core.akarin.PropExpr(sources, dict=lambda names=names: names)
    return closes


def _ask(condition: str, sources: list[vs.VideoNode], fact: vs.VideoNode, otherwise: dict[str, int]) -> vs.VideoNode:
    """Asks for a fact where a condition holds; elsewhere nothing is computed."""
    nothing = core.std.BlankClip(fact, keep=True).std.SetFrameProps(**otherwise)
    return core.akarin.Select([nothing, fact], sources, f"{condition} 1 0 ?")


def _judge_pans(pans: vs.VideoNode) -> vs.VideoNode:
    """Says whether a pan goes through an interval and the next at one speed, as `Steady`."""
    speed = "x.PanX dup * x.PanY dup * + sqrt"
    apart = "x.PanX y.PanX - dup * x.PanY y.PanY - dup * + sqrt"
    even = f"{apart} {speed} {_UNEVEN_SHARE} * {_UNEVEN_PX} max <="
    steady = f"{speed} {_LEAST_PAN_PX} > {even} and x.PanShare y.PanShare min {_LEAST_SHARE} > and"
    return core.akarin.PropExpr([pans, shift(pans, 1)], dict=lambda: {"Steady": steady})


def _measure_anew(luma: vs.VideoNode, pans: vs.VideoNode) -> vs.VideoNode:
    """Measures what changes although it neither stands still nor goes with the pan: the lesser of both differences."""
    pair = [luma.std.CopyFrameProps(pans), shift(luma, 1)]
    return core.akarin.Expr([_differ(pair, 0, 0), _differ(pair, "x.PanX", "x.PanY")], "x y min")


def _differ(pair: list[vs.VideoNode], x: str | int, y: str | int) -> vs.VideoNode:
    """Measures how each place differs from the one so far away in the other clip, on average over a few pixels."""
    there = sample_expression("y", f"X {x} +", f"Y {y} +", "catmull-rom") if x else "y"
    difference = once(core.akarin.Expr(pair, f"{there} x - abs"))
    return once(difference.vszip.BoxBlur(hradius=_AVERAGE_PX, vradius=_AVERAGE_PX))


def _less_slide(anew: vs.VideoNode, luma: vs.VideoNode, pans: vs.VideoNode, frames: int) -> vs.VideoNode:
    """Takes from what is drawn anew some intervals later what slides as a second thing slides in this interval.

    A figure that slides while its drawing is held slides by as much when the next one comes, and something is left.
    """
    later = shift(anew, frames)
    pair = [shift(luma, frames).std.CopyFrameProps(pans), shift(luma, frames + 1)]
    less = core.akarin.Expr([later, _differ(pair, "x.SlideX", "x.SlideY")], "x y min")
    return core.akarin.Select([later, once(less)], pans, f"x.SlideShare {_LEAST_SLIDE} > 1 0 ?")


def _in_cells(plane: vs.VideoNode) -> vs.VideoNode:
    return plane.resize.Bilinear(ceil(plane.width / _CELL_PX), ceil(plane.height / _CELL_PX))


def _contrast(own: vs.VideoNode, later: vs.VideoNode, steady: vs.VideoNode, frames: int) -> vs.VideoNode:
    """Says whether much more is drawn anew so many intervals later than in an interval, or much less."""
    pair = [_in_cells(own), _in_cells(later)]
    rise, fall = (
        core.akarin.Expr(pair, f"{more} {_MARGIN} - 0 max").std.PlaneStats(prop="Mean") for more in ("y x -", "x y -")
    )
    clearly = "{}.MeanAverage {}.MeanAverage " + f"{_RISE_TO_FALL} * {_LEAST_RISE} max >"
    names = {"Rises": clearly.format("x", "y"), "Falls": clearly.format("y", "x"), "Rise": "x.MeanAverage"}
    fact = core.akarin.PropExpr([rise, fall], dict=lambda: names)
    going = [shift(steady, k) for k in range(frames)]
    condition = " ".join(f"src{k}.Steady" for k in range(frames)) + " and" * (frames - 1)
    return _ask(condition, going, fact, {"Rises": 0, "Falls": 0, "Rise": 0})


def _measure_left(own: vs.VideoNode, luma: vs.VideoNode, pans: vs.VideoNode) -> vs.VideoNode:
    """Measures what is drawn anew and is no ground that is about to be covered: that came with the pan before."""
    pair = [luma.std.CopyFrameProps(pans), shift(luma, -1)]
    left = core.akarin.Expr([own, _differ(pair, "x.PanX -1 *", "x.PanY -1 *")], "x y min")
    return core.akarin.Expr(_in_cells(left), f"x {DRAWN_ANEW} - 0 max").std.PlaneStats(prop="Left")
