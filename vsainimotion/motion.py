"""Motion: a flow network looks at a small copy of both neighbours and says where the pixels between come from."""

from dataclasses import dataclass
from math import ceil

import vapoursynth as vs

from vsainimotion.backend import Choice, run_network
from vsainimotion.models import Card
from vsainimotion.rgb import to_rgb
from vsainimotion.timeline import TIMESTEP_PROPERTY
from vsainimotion.warp import Flow

core = vs.core

_FULL_HD_HEIGHT = 1080
_TRUST = (0.5, 0.8)
"""Confidence up to which a place moves with its surroundings, and from which it moves as the network says."""
_SURROUNDINGS_CELLS = 10
"""How far around a place its surroundings reach, in cells of the network's grid, twice over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Motion:
    """What a flow network says about the frame between two others."""

    flow: Flow
    confidence: vs.VideoNode
    """How far to trust each pixel, 0 to 1, on the grid of the flow."""
    trust: vs.VideoNode
    """1 where a place moves as the network says, 0 where it moves with its surroundings."""


def plan_analysis_size(width: int, height: int, card: Card) -> tuple[int, int]:
    """Plans the size of the small copy that a flow network reads.

    The card names a height for 1080 lines. Other sizes keep the number of pixels, so that a network meets the motion
    it was trained for, and nothing is enlarged unless the network needs it. Both sides are multiples of the card's.

    Args:
        width: Width of the clip in pixels.
        height: Height of the clip in pixels.
        card: The card of the network.

    Returns:
        Width and height in pixels.
    """
    lines = card.analysis_height or _FULL_HD_HEIGHT // 8
    scale: float = min(1.0, (lines * lines * 16 / 9 / (width * height)) ** 0.5)
    multiple = card.size_multiple
    least_width, least_height = card.size_minimum

    def fit(length: int, least: int) -> int:
        return max(ceil(least / multiple), round(length * scale / multiple), 1) * multiple

    return fit(width, least_width), fit(height, least_height)


def analysis_copy(clip: vs.VideoNode, card: Card) -> vs.VideoNode:
    """Makes the small RGBS copy of a clip that a flow network reads."""
    return to_rgb(clip, *plan_analysis_size(clip.width, clip.height, card))


def timestep_plane(clip: vs.VideoNode) -> vs.VideoNode:
    """Makes a GRAYS plane of a clip's size that holds its property `VsaiTimestep` everywhere."""
    blank = core.std.BlankClip(clip, format=vs.GRAYS, keep=True).std.CopyFrameProps(clip, props=[TIMESTEP_PROPERTY])
    return core.akarin.Expr(blank, f"x.{TIMESTEP_PROPERTY}")


def estimate_motion(a: vs.VideoNode, b: vs.VideoNode, card: Card, choice: Choice) -> Motion:
    """Estimates the motion of the frames between two clips with a flow network.

    Args:
        a: Small RGBS copy of the frames before, with `VsaiTimestep`.
        b: Small RGBS copy of the frames after.
        card: The card of a flow network.
        choice: The backend that runs it.

    Returns:
        Flow, confidence and trust, one cell for each answer of the network. Where its confidence is low the flow is
        that of the surroundings.
    """
    planes = run_network([a, b, timestep_plane(a)], card, choice, flexible=True)
    grid = a.width // card.grid, a.height // card.grid
    a_x, a_y, b_x, b_y, mask, confidence = (plane.resize.Point(*grid) for plane in planes)
    x, y = (core.akarin.Expr(ways, f"y x - {card.grid} /") for ways in ([a_x, b_x], [a_y, b_y]))
    low, high = _TRUST
    trust = core.akarin.Expr(confidence, f"x {low} - {high - low} / 0 max 1 min")
    x, y = (fill_doubt(plane, trust) for plane in (x, y))
    return Motion(flow=Flow(x=x, y=y, mask=mask), confidence=confidence, trust=trust)


def fill_doubt(plane: vs.VideoNode, trust: vs.VideoNode) -> vs.VideoNode:
    """Lets places that are not trusted move as the trusted places around them do on average."""
    # A tiny picture is its own surroundings: BoxBlur takes no window wider than what it blurs.
    across, down = (min(_SURROUNDINGS_CELLS, (side - 1) // 2) for side in (plane.width, plane.height))

    def spread(clip: vs.VideoNode) -> vs.VideoNode:
        return clip.vszip.BoxBlur(hradius=across, hpasses=2, vradius=down, vpasses=2)

    total, weight = spread(core.akarin.Expr([plane, trust], "x y *")), spread(core.akarin.Expr(trust, "x 0.001 +"))
    return core.akarin.Expr([plane, trust, total, weight], "x y * z a / 1 y - * +")
