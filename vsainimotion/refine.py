"""Refining a flow at a finer size, natively: what a network sees on a small copy, made exact to parts of a pixel.

From coarse to fine, both neighbours are drawn towards the middle along the flow so far, and each small window is asked
which further shift makes them agree best (one regularised Lucas-Kanade step a level), once both have lost their local
mean: a fade changes that, and is no motion. In the end what stands still is found, and its flow is exactly zero.

Reference: B. Lucas and T. Kanade, An iterative image registration technique (IJCAI 1981).
"""

from dataclasses import dataclass, replace

import vapoursynth as vs

from vsainimotion.gate import luma_copy
from vsainimotion.native import keep, once
from vsainimotion.timeline import TIMESTEP_PROPERTY
from vsainimotion.warp import Flow, draw_together

core = vs.core

_FINEST_HEIGHT = 540
"""About as many lines has the finest level: half of 1080p. Finer levels were measured to gain nothing."""
_LEVELS = (8, 4, 2, 1)
"""Each level's pixel, in pixels of the finest level."""
_LEAST_HEIGHT = 32
"""Lower levels see too little: they were measured to do harm."""
_WINDOW_PX = 6
"""A step is found for each cell of this many pixels of a level, from about twice as many each way."""
_WINDOW_RADIUS_PX = 3
_DAMPING = 1e-4
"""Added to the window's mean squared gradients of luma in [0, 1]: flat windows keep the flow they have."""
_LARGEST_STEP_PX = 1.0
_MEAN_RADIUS_PX = 6
"""Half the side of the square whose mean is taken off before both sides are compared."""
_STILL_PX = 0.5
"""Motion below this, in pixels of the finest level, is none where none explains the neighbours about as well."""
_STILL_GAIN = (0.002, 0.65)
"""By how much, in mean difference of luma and in that of what none leaves, it must explain them better: to move pixels
by parts is to resample them, which takes away noise and so looks like an explanation."""
_REST_SHARE = 0.5
"""Motion of any length is none where none leaves less than this share of what motion leaves."""
_OVERLAY = (0.01, 0.5)
"""An overlay moves along only where that leaves less than this, in mean difference of luma and in that of what rest
leaves: upright strokes of credits that roll are the same in both frames, too."""
_DOUBT = (0.1, 0.2)
"""Mean difference of luma in a window, 0 to 1, up to which both sides are blended, and from which one side is shown."""
_DOUBT_AROUND_PX = 24
"""How far around a place doubt is counted, in pixels of the finest level, twice over, before the mask is distrusted."""
_DOUBT_AROUND = 1 / 3
"""Share of doubt around a place at which the mask counts no more and the nearer drawing is shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refined:
    """A refined flow, and how far to trust it."""

    flow: Flow
    left: vs.VideoNode
    """Mean difference of luma, 0 to 1, that it leaves between both sides around each pixel, on its grid."""
    nearest: vs.VideoNode | None = None
    """How far each pixel is of the nearer drawing alone, 0 to 1, because all around it is in doubt; None where the mask
    was left to a network."""


def plan_levels(width: int, height: int) -> list[tuple[int, int]]:
    """Plans the sizes at which a flow is refined, from coarse to fine.

    Args:
        width: Width of the clip in pixels.
        height: Height of the clip in pixels.

    Returns:
        Widths and heights in pixels; none that is too small, so none at all for a tiny clip.
    """
    factor = max(2, round(height / _FINEST_HEIGHT))
    sizes = [(round(width / factor / step), round(height / factor / step)) for step in _LEVELS]
    return [size for size in sizes if min(size) >= _LEAST_HEIGHT]


def plan_finest(flow: Flow, clip: vs.VideoNode) -> tuple[int, int]:
    """Plans the grid that `refine_flow` ends at: that of its finest level, or the flow's own for a tiny clip."""
    levels = plan_levels(clip.width, clip.height)
    return levels[-1] if levels else (flow.mask.width, flow.mask.height)


def refine_flow(
    flow: Flow, before: vs.VideoNode, after: vs.VideoNode, overlays: vs.VideoNode, *, one_sided: bool = True
) -> Refined:
    """Refines a flow from coarse to fine.

    Args:
        flow: The flow to start from, on any grid.
        before: The frames before, with `VsaiTimestep`.
        after: The frames after.
        overlays: What `overlays.find_overlays` says on the grid of `plan_finest`.
        one_sided: Whether the mask is to show one side alone where both disagree; False where a network decides that.

    Returns:
        The flow on the finest level's grid; for a tiny clip it is judged as it is.
    """
    finest = plan_finest(flow, before)
    a, b = (keep(luma_copy(clip, *finest, bits=16)) for clip in (before, after))
    for size in plan_levels(before.width, before.height):
        flow = _refine_level(flow.resize(*size), take_details(_shrink(a, size)), take_details(_shrink(b, size)))
    return _judge(flow, _shrink(a, finest), _shrink(b, finest), overlays, one_sided=one_sided)


def _shrink(luma: vs.VideoNode, size: tuple[int, int]) -> vs.VideoNode:
    return keep(core.akarin.Expr(once(luma.resize.Bilinear(*size)), "x 65535 /", format=vs.GRAYS))


def take_details(luma: vs.VideoNode, radius: int = _MEAN_RADIUS_PX) -> vs.VideoNode:
    """Takes off the mean of the pixels up to `radius` away each way: a fade changes that, and is no motion."""
    return keep(core.akarin.Expr([luma, _mean(luma, radius)], "x y -"))


def _mean(plane: vs.VideoNode, radius: int) -> vs.VideoNode:
    return once(plane.vszip.BoxBlur(hradius=radius, vradius=radius))


def measure_disagreement(flow: Flow, a: vs.VideoNode, b: vs.VideoNode) -> vs.VideoNode:
    """Measures how far both neighbours differ once a flow has drawn them to the middle: a mean over small windows.

    Args:
        flow: The flow, on the grid of the planes.
        a: GRAYS plane of the frames before, with `VsaiTimestep`.
        b: GRAYS plane of the frames after.

    Returns:
        GRAYS, in the planes' own unit.
    """
    pair = [once(side) for side in draw_together(a, b, flow)]
    return _mean(core.akarin.Expr(pair, "x y - abs"), _WINDOW_RADIUS_PX)


def _judge(flow: Flow, a: vs.VideoNode, b: vs.VideoNode, overlays: vs.VideoNode, *, one_sided: bool) -> Refined:
    """Compares what the flow leaves between both sides with what is left without motion, and draws the conclusions.

    What no motion explains about as well stands still, and so do overlays. Where both sides still disagree, one
    neighbour is shown alone: a late drawing is better than two at once.
    """
    moved = keep(measure_disagreement(flow, a, b))
    still = keep(_mean(core.akarin.Expr([a, b], "x y - abs"), _WINDOW_RADIUS_PX))
    gain, part = _STILL_GAIN
    slow = f"x x * y y * + {_STILL_PX**2} < a {1 - part} * z {gain} + <= and"
    little, half = _OVERLAY
    overlay = f"b z {little} > and z a {half} * > and"
    rest = f"{slow} a z {_REST_SHARE} * < or {overlay} or"
    x, y = (keep(core.akarin.Expr([flow.x, flow.y, moved, still, overlays], f"{rest} 0 {way} ?")) for way in ("x", "y"))
    left = keep(core.akarin.Expr([moved, still], "x y min"))
    flow = Flow(x=x, y=y, mask=flow.mask)
    return _show_one_side(flow, left, a) if one_sided else Refined(flow=flow, left=left)


def _show_one_side(flow: Flow, left: vs.VideoNode, a: vs.VideoNode) -> Refined:
    """Turns the mask to one side where both disagree: the one it prefers, the nearer one where it hardly prefers any.

    Where all around is in doubt, as when a thing shoots into the picture, what the mask says is doubtful as well, and
    patches of both sides make no picture: the nearer drawing is shown.
    """
    surely, never = _DOUBT
    doubt = keep(core.akarin.Expr(left, f"x {surely} - {never - surely} / 0 max 1 min"))
    across, down = (min(_DOUBT_AROUND_PX, (side - 1) // 2) for side in (a.width, a.height))
    around = keep(doubt.vszip.BoxBlur(hradius=across, hpasses=2, vradius=down, vpasses=2))
    near = f"y {_DOUBT_AROUND} / 1 min"
    side = f"x 0.5 - 1 {near} - * 0.5 + a.{TIMESTEP_PROPERTY} 0.5 <= 0.4 0.6 ? >"
    mask = keep(core.akarin.Expr([flow.mask, around, doubt, a], f"{side} 1 0 ? x - z * x +"))
    nearest = core.akarin.Expr([doubt, around], f"{near} x *")
    return Refined(flow=replace(flow, mask=mask), left=left, nearest=nearest)


def _refine_level(flow: Flow, a: vs.VideoNode, b: vs.VideoNode) -> Flow:
    """Takes one Lucas-Kanade step: the change of the way that explains what is left between both sides.

    The window's sums are taken by shrinking the products with a triangle, so that the equations are solved on few
    cells; their steps are spread evenly between the cells' centres.
    """
    cells = max(1, round(a.width / _WINDOW_PX)), max(1, round(a.height / _WINDOW_PX))
    flow = Flow(x=keep(flow.x), y=keep(flow.y), mask=flow.mask)
    pair = [keep(side) for side in draw_together(a, b, flow)]
    gradient_x = _gradient("1,0", "-1,0")
    gradient_y = _gradient("0,1", "0,-1")
    left = "y x -"
    products = [
        core.akarin.Expr(pair, f"{p} {q} *").resize.Bilinear(*cells)
        for p, q in (
            (gradient_x, gradient_x),
            (gradient_x, gradient_y),
            (gradient_y, gradient_y),
            (gradient_x, left),
            (gradient_y, left),
        )
    ]

    def move(plane: vs.VideoNode, numerator: str) -> vs.VideoNode:
        step = once(core.akarin.Expr(products, _solution(numerator)).resize.Bilinear(a.width, a.height))
        return keep(core.akarin.Expr([step, plane], "x y +"))

    return replace(flow, x=move(flow.x, "y b * z {d} + a * -"), y=move(flow.y, "y a * x {d} + b * -"))


def _gradient(ahead: str, behind: str) -> str:
    """Writes the slope of what is left between both sides as the way grows: each side's by its share of the way."""
    t = f"x.{TIMESTEP_PROPERTY}"
    return f"x[{ahead}] x[{behind}] - {t} * y[{ahead}] y[{behind}] - 1 {t} - * + 2 /"


def _solution(numerator: str) -> str:
    """Writes one component of the solution of the window's two equations: x y z are xx xy yy, a b what is left."""
    determinant = f"x {_DAMPING} + z {_DAMPING} + * y y * -"
    shift = f"{numerator.format(d=_DAMPING)} {determinant} /"
    return f"{shift} {-_LARGEST_STEP_PX} max {_LARGEST_STEP_PX} min"
