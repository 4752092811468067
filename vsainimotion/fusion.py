"""Fusion: several opinions of the frame between two others, and a network that says where each of them is right.

A network's motion and block motion are wrong in different places; what does not move is best left as it is. The network
sees, on a small copy, what each of them makes of both neighbours, and weighs them; the pixels are then moved and mixed
natively at full size.
"""

from dataclasses import dataclass

import vapoursynth as vs

from vsainimotion.backend import Choice, run_network
from vsainimotion.blocks import LEAST_PX, find_block_flow
from vsainimotion.models import Card
from vsainimotion.motion import Motion, plan_analysis_size, timestep_plane
from vsainimotion.native import keep
from vsainimotion.overlays import find_overlays
from vsainimotion.refine import Refined, measure_disagreement, plan_finest, refine_flow, take_details
from vsainimotion.warp import Flow, draw_together

core = vs.core

_KERNEL = "catmull-rom"
"""What the network judges is drawn as sharply as what is shown."""
_CLEARLY_LESS = (0.005, 0.02)
"""By how much, in mean difference of luma, blocks must leave less to be listened to, and to be followed alone."""
_LIGHT_PX = 40
"""Half the side of the square of the small copy whose mean is taken off first: a change of light is no motion."""
_SEAM_PX = 2
"""Half the side of the square of the small copy over which that is averaged, beside the windows it is measured in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fusion:
    """How the opinions of a frame are to be mixed."""

    flows: tuple[Flow, ...]
    """The network's and the blocks', refined."""
    weights: tuple[vs.VideoNode, ...]
    """GRAYS planes, 0 to 1, in the order of `warp.warp_fused`."""
    left: vs.VideoNode
    """What the better of the flows leaves between both sides; see `refine.Refined`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrected:
    """A network's flow, corrected by blocks."""

    flow: Flow
    share: vs.VideoNode | None = None
    """How far each place moves as blocks say, 0 to 1, on the flow's grid; None where there are no blocks."""


def luma_of(small: vs.VideoNode) -> vs.VideoNode:
    """Takes BT.709 luma of a small RGBS copy, GRAYS in [0, 1]."""
    return small.resize.Point(format=vs.GRAYS, matrix=vs.MATRIX_BT709, range=vs.RANGE_FULL)


def correct_by_blocks(flow: Flow, small: tuple[vs.VideoNode, vs.VideoNode]) -> Corrected:
    """Lets places move as blocks say where a network's flow leaves clearly more between both sides.

    Args:
        flow: The network's, on any grid.
        small: Small RGBS copies of the frames before and after, the former with `VsaiTimestep`.

    Returns:
        The flow on the copies' grid; the network's own where they are too small for blocks.
    """
    a, b = (luma_of(clip) for clip in small)
    if min(a.width, a.height) < LEAST_PX:
        return Corrected(flow=flow)
    mine, blocks = flow.resize(a.width, a.height), _flow_of_blocks(a, b)
    details = take_details(a, _LIGHT_PX), take_details(b, _LIGHT_PX)
    lefts = [measure_disagreement(each, *details) for each in (mine, blocks)]
    gain = core.akarin.Expr(lefts, "x y -").vszip.BoxBlur(hradius=_SEAM_PX, vradius=_SEAM_PX)
    least, surely = _CLEARLY_LESS
    share = keep(core.akarin.Expr(gain, f"x {least} - {surely - least} / 0 max 1 min"))
    pairs = (mine.x, blocks.x), (mine.y, blocks.y)
    x, y = (core.akarin.Expr([*ways, share], "y x - z * x +") for ways in pairs)
    return Corrected(flow=Flow(x=x, y=y, mask=mine.mask), share=share)


def _flow_of_blocks(a: vs.VideoNode, b: vs.VideoNode) -> Flow:
    """Finds the flow between small GRAYS copies in [0, 1] by blocks."""
    return find_block_flow(*(core.akarin.Expr(clip, "x 255 *", format=vs.GRAY8) for clip in (a, b)))


def find_flows(
    motion: Motion, before: vs.VideoNode, after: vs.VideoNode, small: tuple[vs.VideoNode, vs.VideoNode]
) -> tuple[Refined, Refined]:
    """Finds both opinions of the motion: the network's, refined, and that of blocks, refined alike.

    Args:
        motion: What the flow network says.
        before: The frames before, with `VsaiTimestep`.
        after: The frames after.
        small: GRAYS luma copies of both in [0, 1], the former with `VsaiTimestep`.

    Returns:
        The two flows on one grid. Where the copies are too small for blocks both are the network's.
    """
    overlays = find_overlays(before, after, plan_finest(motion.flow, before))
    first = refine_flow(motion.flow, before, after, overlays, one_sided=False)
    if min(small[0].width, small[0].height) < LEAST_PX:
        return first, first
    # Where light changes, blocks of equal light are other places; the network cannot undo that as a comparison can.
    even = (core.akarin.Expr(take_details(clip, _LIGHT_PX), "x 0.5 +") for clip in small)
    return first, refine_flow(_flow_of_blocks(*even), before, after, overlays, one_sided=False)


def draw_inputs(
    motion: Motion, flows: tuple[Flow, Flow], small: tuple[vs.VideoNode, vs.VideoNode]
) -> list[vs.VideoNode]:
    """Draws what a fusion network reads, thirteen GRAYS planes in the order of its kind; see `models.card.KINDS`."""
    a, b = small
    size = a.width, a.height
    along = [flow.resize(*size) for flow in flows]
    drawn = [side for flow in along for side in draw_together(a, b, flow, kernel=_KERNEL)]
    ways = [way for flow in along for way in (flow.x, flow.y)]
    judged = [plane.resize.Bilinear(*size) for plane in (motion.flow.mask, motion.confidence)]
    return [a, b, *drawn, *ways, *judged, timestep_plane(a)]


def weigh(
    motion: Motion,
    before: vs.VideoNode,
    after: vs.VideoNode,
    small: tuple[vs.VideoNode, vs.VideoNode],
    card: Card,
    choice: Choice,
) -> Fusion:
    """Asks a fusion network how to mix both neighbours, as they are and drawn along two flows.

    Args:
        motion: What the flow network on the card says.
        before: The frames before, with `VsaiTimestep`.
        after: The frames after.
        small: Small RGBS copies of both, the former with `VsaiTimestep`.
        card: The card of a fusion network.
        choice: The backend that runs it.

    Returns:
        Flows, weights, and what the flows leave.
    """
    size = plan_analysis_size(before.width, before.height, card)
    a, b = (luma_of(clip).resize.Bilinear(*size) for clip in small)
    opinions = find_flows(motion, before, after, (a, b))
    flows = opinions[0].flow, opinions[1].flow
    _, weight_b, *sides, _ = run_network(draw_inputs(motion, flows, (a, b)), card, choice, flexible=True)
    left = core.akarin.Expr([opinion.left for opinion in opinions], "x y min")
    return Fusion(flows=flows, weights=(weight_b, *sides), left=left)
