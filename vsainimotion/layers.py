"""Layers: a figure that is drawn on twos or threes over a ground that a pan moves in every frame.

Where the figure is held (`vsainimotion.figures`) it is spread as a held drawing is: the figure is made between its own
drawings, and the ground between its own frames.
"""

from dataclasses import dataclass, fields

import vapoursynth as vs
from vsutil import join, split

from vsainimotion.blocks import LEAST_PX
from vsainimotion.cadence import AHEAD_PROPERTY, BACK_PROPERTY, LAYERED_PROPERTY, mark_spans
from vsainimotion.figures import CLOSES_PROPERTY, DRAWN_ANEW, find_figure_holds
from vsainimotion.gate import INTERVAL_PROPERTY, Interval
from vsainimotion.measures import fine_copy, plan_fine_size, shift
from vsainimotion.native import keep, once
from vsainimotion.timeline import ORIGIN_PROPERTY, Origin, Timeline, lay_out
from vsainimotion.timing import Schedule

core = vs.core

_GAP_CELLS = 2
"""What lies between two such places at most twice as far apart, in cells, belongs to it, too."""
_APART = (0.01, 0.04)
"""Difference of luma up to which the ground's picture is shown, and from which the figure's is."""
_SEAM_PX = 3
"""How far around that, in pixels of the fine copy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layers:
    """The neighbours of every output frame, as the ground and as the figure see them."""

    ground: Timeline
    """Spreads held drawings, and leaves each frame of a figure hold its place."""
    figure: Timeline
    """Spreads figure holds, too: where `VsaiLayered` is 1 on its plan, over the whole picture."""
    anew: vs.VideoNode
    """For each interval of the source what neither rest nor pan explains, GRAYS in [0, 1], a pixel for each cell."""

    def weave(self) -> Timeline:
        """Returns both timelines as one, in turn, so that one network serves both."""
        shared = {field.name: getattr(self.ground, field.name) for field in fields(Timeline)}
        return _Woven(**shared, figure=self.figure)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Woven(Timeline):
    figure: Timeline

    def before(self, clip: vs.VideoNode) -> vs.VideoNode:
        return once(core.std.Interleave([Timeline.before(self, clip), self.figure.before(clip)]))

    def after(self, clip: vs.VideoNode) -> vs.VideoNode:
        return once(core.std.Interleave([Timeline.after(self, clip), self.figure.after(clip)]))


def unweave(woven: vs.VideoNode) -> tuple[vs.VideoNode, vs.VideoNode]:
    """Takes apart what was made for the two timelines of `Layers.weave`: for the ground, and for the figure."""
    ground, figure = (once(woven.std.SelectEvery(2, [k], modify_duration=False)) for k in range(2))
    return ground, figure


def lay_out_layers(gated: vs.VideoNode, schedule: Schedule, cut: float, span: int) -> Layers:
    """Plans every output frame where drawings are spread evenly, also those of a figure over a pan.

    Args:
        gated: The source, judged by the gate.
        schedule: The output frames.
        cut: The gate's threshold.
        span: Longest hold to spread, in frames.

    Returns:
        The layers; `figure.plan` says what every output frame will be.
    """
    pixel = core.std.BlankClip(width=1, height=1, format=vs.GRAY8, length=gated.num_frames, keep=True)
    intervals = keep(pixel.std.CopyFrameProps(gated, props=[INTERVAL_PROPERTY]), 6 * span)
    if min(plan_fine_size(gated.width, gated.height)) < LEAST_PX:
        closes, anew = pixel.std.SetFrameProps(**{CLOSES_PROPERTY: 0}), core.std.BlankClip(pixel, format=vs.GRAYS)
    else:
        closes, anew = find_figure_holds(gated, intervals, span)
    spans = _mark_layers(intervals, closes, span)
    kept = {name: f"x.{LAYERED_PROPERTY} {rest} x.{name} ?" for name, rest in ((BACK_PROPERTY, 0), (AHEAD_PROPERTY, 1))}
    ground = lay_out(gated, schedule, cut, spans=spans.akarin.PropExpr(dict=lambda: kept), span=span)
    return Layers(ground=ground, figure=lay_out(gated, schedule, cut, spans=spans, span=span), anew=anew)


def _mark_layers(intervals: vs.VideoNode, closes: vs.VideoNode, span: int) -> vs.VideoNode:
    """Marks the spans of held drawings and of figure holds alike, and says which are of the latter kind."""
    # A hold beside it is the start or the end of the pan: what is spread goes at one speed.
    held = f"x.{INTERVAL_PROPERTY} {Interval.HOLD:d} ="
    figure = f"y.{CLOSES_PROPERTY} 0 > N 0 = z.{INTERVAL_PROPERTY} {Interval.HOLD:d} = not or and"
    sources = [intervals, closes, shift(intervals, -1)]
    names = {
        INTERVAL_PROPERTY: f"{figure} {Interval.HOLD:d} x.{INTERVAL_PROPERTY} ?",
        "Figure": f"{held} not {figure} and",
    }
    drawings = keep(core.akarin.PropExpr(sources, dict=lambda: names), 4 * span)
    spans = mark_spans(drawings, span)
    layered = f"x.{BACK_PROPERTY} x.{AHEAD_PROPERTY} + 1 > y.Figure N 0 > z.Figure and or and"
    sources = [spans, drawings, shift(drawings, -1)]
    return keep(core.akarin.PropExpr(sources, dict=lambda: {LAYERED_PROPERTY: layered}), 2 * span)


def compose(layers: Layers, ground: vs.VideoNode, figure: vs.VideoNode) -> vs.VideoNode:
    """Puts the figure, made between its drawings, over the ground, made between its frames.

    The figure's picture is shown where it differs from the ground's, near what is drawn anew in the span.

    Args:
        layers: What `lay_out_layers` planned.
        ground: The ground's picture of every output frame.
        figure: The figure's picture of every output frame that is asked for.

    Returns:
        Format, size and length of both; frame properties of the figure's where it is layered, else the ground's.
    """
    mask = _mask(ground, figure, layers.figure.after(shift(layers.anew, -1)))
    planes = []
    for under, over in zip(split(ground), split(figure), strict=True):
        share = once(mask.resize.Bilinear(under.width, under.height))
        planes.append(core.akarin.Expr([under, over, share], "y x - z * x +"))
    layered = join(planes, ground.format.color_family).std.CopyFrameProps(figure)
    made = f"x.{LAYERED_PROPERTY} x.{ORIGIN_PROPERTY} {Origin.INTERPOLATED:d} = and 1 0 ?"
    return core.akarin.Select([ground, once(layered)], layers.figure.plan, made)


def _mask(ground: vs.VideoNode, figure: vs.VideoNode, anew: vs.VideoNode) -> vs.VideoNode:
    """Says where the figure's picture is shown, 0 to 1, on the fine copies' grid."""
    near = core.akarin.Expr(anew, f"x {DRAWN_ANEW} > 1 0 ?")
    for grow in [True] * _GAP_CELLS + [False] * _GAP_CELLS:
        near = once(near).std.Maximum() if grow else once(near).std.Minimum()
    pair = fine_copy(ground), fine_copy(figure)
    least, surely = _APART
    apart = core.akarin.Expr(pair, "x y - abs 65535 /", format=vs.GRAYS).vszip.BoxBlur(hradius=1, vradius=1)
    mask = core.akarin.Expr(apart, f"x {least} - {surely - least} / 0 max 1 min")
    for _ in range(_SEAM_PX):
        mask = once(mask).std.Maximum()
    mask = once(mask).vszip.BoxBlur(hradius=_SEAM_PX - 1, vradius=_SEAM_PX - 1)
    soft = near.vszip.BoxBlur(hradius=1, vradius=1).resize.Bilinear(mask.width, mask.height)
    return core.akarin.Expr([mask, soft], "x y *")
