"""Refining a flow at a finer size, natively: what a network sees on a small copy, made exact to parts of a pixel.

From coarse to fine, both neighbours are drawn towards the middle along the flow so far, and each small window is asked
which further shift makes them agree best (one regularised Lucas-Kanade step a level). Where the flow is exactly zero it
stays zero.

Reference: B. Lucas and T. Kanade, An iterative image registration technique (IJCAI 1981).
"""

from dataclasses import replace

import vapoursynth as vs

from vsainimotion.gate import luma_copy
from vsainimotion.timeline import TIMESTEP_PROPERTY
from vsainimotion.warp import Flow, sample_expression

core = vs.core

_FINEST_HEIGHT = 540
"""About as many lines has the finest level: half of 1080p. Finer levels were measured to gain nothing."""
_LEVELS = (4, 2, 1)
"""Each level's pixel, in pixels of the finest level."""
_WINDOW_RADIUS_PX = 3
_DAMPING = 1e-4
"""Added to the window's squared gradients of luma in [0, 1]: flat windows keep the flow they have."""
_LARGEST_STEP_PX = 1.0
_DOUBT = (0.05, 0.12)
"""Mean difference of luma in a window, 0 to 1, up to which both sides are blended, and from which one side is shown."""


def plan_levels(width: int, height: int) -> list[tuple[int, int]]:
    """Plans the sizes at which a flow is refined, from coarse to fine.

    Args:
        width: Width of the clip in pixels.
        height: Height of the clip in pixels.

    Returns:
        Widths and heights in pixels; none that is too small for a window, so none at all for a tiny clip.
    """
    factor = max(2, round(height / _FINEST_HEIGHT))
    sizes = [(round(width / factor / step), round(height / factor / step)) for step in _LEVELS]
    return [size for size in sizes if min(size) > 2 * _WINDOW_RADIUS_PX + 1]


def refine_flow(flow: Flow, clip: vs.VideoNode, before: vs.VideoNode, after: vs.VideoNode) -> Flow:
    """Refines a flow from coarse to fine.

    Args:
        flow: The flow to start from, on any grid.
        clip: A clip of the size and format of the frames; only used to plan sizes.
        before: The frames before, with `VsaiTimestep`.
        after: The frames after.

    Returns:
        The flow on the finest level's grid; for a tiny clip the flow itself.
    """
    levels = plan_levels(clip.width, clip.height)
    for size in levels:
        a, b = _luma(before, size), _luma(after, size)
        flow = _refine_level(flow.resize(*size), a, b)
    return _choose_a_side(flow, a, b) if levels else flow


def _luma(clip: vs.VideoNode, size: tuple[int, int]) -> vs.VideoNode:
    return core.akarin.Expr(luma_copy(clip, *size, bits=16), "x 65535 /", format=vs.GRAYS)


def _draw_together(flow: Flow, a: vs.VideoNode, b: vs.VideoNode) -> list[vs.VideoNode]:
    """Draws both neighbours to the middle along a flow."""
    read = sample_expression("x", "X y +", "Y z +", "bilinear")
    return [core.akarin.Expr([a, flow.a_x, flow.a_y], read), core.akarin.Expr([b, flow.b_x, flow.b_y], read)]


def _choose_a_side(flow: Flow, a: vs.VideoNode, b: vs.VideoNode) -> Flow:
    """Shows one neighbour alone where both still disagree: a late drawing is better than two at once.

    That is the one the mask prefers, and the nearer one where it hardly prefers any.
    """
    left = core.akarin.Expr(_draw_together(flow, a, b), "x y - abs")
    doubt = left.vszip.BoxBlur(hradius=_WINDOW_RADIUS_PX, vradius=_WINDOW_RADIUS_PX)
    surely, never = _DOUBT
    share = f"y {surely} - {never - surely} / 0 max 1 min"
    side = f"x z.{TIMESTEP_PROPERTY} 0.5 <= 0.4 0.6 ? >"
    mask = core.akarin.Expr([flow.mask, doubt, a], f"{side} 1 0 ? x - {share} * x +")
    return replace(flow, mask=mask)


def _refine_level(flow: Flow, a: vs.VideoNode, b: vs.VideoNode) -> Flow:
    """Takes one Lucas-Kanade step: the shift of b against a that explains what is left between them."""
    pair = _draw_together(flow, a, b)
    gradient_x = _gradient("1,0", "-1,0")
    gradient_y = _gradient("0,1", "0,-1")
    left = "y x -"
    products = [
        core.akarin.Expr(pair, f"{p} {q} *").vszip.BoxBlur(hradius=_WINDOW_RADIUS_PX, vradius=_WINDOW_RADIUS_PX)
        for p, q in (
            (gradient_x, gradient_x),
            (gradient_x, gradient_y),
            (gradient_y, gradient_y),
            (gradient_x, left),
            (gradient_y, left),
        )
    ]
    step_x = core.akarin.Expr(products, _solution("y b * z {d} + a * -"))
    step_y = core.akarin.Expr(products, _solution("y a * x {d} + b * -"))
    t = f"x.{TIMESTEP_PROPERTY}"
    rest = "y 0 = z 0 = a 0 = b 0 = and and and"

    def move(plane: vs.VideoNode, step: vs.VideoNode, share: str) -> vs.VideoNode:
        sources = [step, flow.a_x, flow.a_y, flow.b_x, flow.b_y, plane]
        return core.akarin.Expr(sources, f"{rest} 0 c x {share} * + ?")

    return Flow(
        a_x=move(flow.a_x, step_x, f"{t} -1 *"),
        a_y=move(flow.a_y, step_y, f"{t} -1 *"),
        b_x=move(flow.b_x, step_x, f"1 {t} -"),
        b_y=move(flow.b_y, step_y, f"1 {t} -"),
        mask=flow.mask,
    )


def _gradient(ahead: str, behind: str) -> str:
    """Writes the slope of what is left between both sides as the shift grows: each side's by its share of the way."""
    t = f"x.{TIMESTEP_PROPERTY}"
    return f"x[{ahead}] x[{behind}] - {t} * y[{ahead}] y[{behind}] - 1 {t} - * + 2 /"


def _solution(numerator: str) -> str:
    """Writes one component of the solution of the window's two equations: x y z are xx xy yy, a b what is left."""
    determinant = f"x {_DAMPING} + z {_DAMPING} + * y y * -"
    shift = f"{numerator.format(d=_DAMPING)} {determinant} /"
    return f"{shift} {-_LARGEST_STEP_PX} max {_LARGEST_STEP_PX} min"
