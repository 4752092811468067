"""Overlays: subtitles, logos and signs that stand on the screen while the picture moves behind them.

Letters are finer than the windows in which motion is judged, so what moves around them would take them along. Seen
pixel by pixel they are plain: a drawn edge that is the same in both frames, whatever happens beside it.
"""

import vapoursynth as vs

from vsainimotion.measures import luma_copy
from vsainimotion.native import keep

core = vs.core

_CONTRAST = 26
"""Least range of luma in 3x3 pixels, of 255, that is an edge: a tenth."""
_CHANGE = 0.2
"""Most that these pixels may change, in parts of that range: codecs and grain do."""
_LEAST_PX = 4
"""Smaller pictures hold no edge of 3x3 pixels (std.Maximum takes none)."""
_FOUND = 0.05
"""Share of a cell that is enough: an enlarged flow must be zero on the whole edge."""


def find_overlays(before: vs.VideoNode, after: vs.VideoNode, grid: tuple[int, int]) -> vs.VideoNode:
    """Finds drawn edges that are in the same place of both frames.

    Edges along the motion, and what stands still anyway, are found as well, and lose nothing by it: what is the same
    before and after is so in the middle.

    Args:
        before: The frames before: YUV, GRAY or RGB.
        after: The frames after, alike.
        grid: Width and height of the result. Both frames are looked at at twice this size, where they are that large.

    Returns:
        GRAYS, 1 where a cell has such an edge or lies beside one, else 0; 0 everywhere on a clip below 4 pixels.
    """
    size = min(before.width, 2 * grid[0]), min(before.height, 2 * grid[1])
    if min(size) < _LEAST_PX:
        return core.std.BlankClip(before, *grid, format=vs.GRAYS, keep=True)
    a, b = (keep(luma_copy(clip, *size, bits=8)) for clip in (before, after))
    change = core.akarin.Expr([a, b], "x y - abs").std.Maximum()
    still = f"y z - {_CONTRAST} >= x y z - {_CHANGE} * <= and 255 0 ?"
    edges = core.akarin.Expr([change, a.std.Maximum(), a.std.Minimum()], still).std.Maximum()
    return keep(core.akarin.Expr(edges.resize.Bilinear(*grid, format=vs.GRAYS), f"x {_FOUND} > 1 0 ?"))
