"""Pans: the one displacement by which most of a moving picture goes from a frame to the next.

Block motion finds it to a pixel, one Lucas-Kanade step on each cell to a part of one, and the cells vote: the median of
those that move as the cells around them do, then the mean of those near it. What stands still on the screen has no
vote, so that a figure may fill more of the picture than the ground that passes behind it.

Reference: B. Lucas and T. Kanade, An iterative image registration technique (IJCAI 1981).
"""

from math import ceil

import vapoursynth as vs

from vsainimotion.measures import shift
from vsainimotion.native import keep, once

core = vs.core

_BLOCK_PX = 16
"""Side of a block that is followed, and of a cell that votes, in pixels of the fine copy."""
_BYTE_ZERO = 128
"""Vectors come as bytes, up to 127 pixels each way."""
_DAMPING = 1e-6
"""Added to a cell's mean squared gradients of luma in [0, 1]."""
_LEAST_MOTION_PX = 0.12
"""What moves less stands still."""
_LEAST_TEXTURE = 2e-5
"""Mean squared gradient, in either direction, below which a cell cannot tell where it went."""
_NEAR_PX = 0.6
_STEPS_A_PX = 256
"""A median is taken of 16 bit integers: 1/256 of a pixel each."""


def find_pans(copy: vs.VideoNode) -> vs.VideoNode:
    """Finds, for each interval of a clip, the displacement that most of what moves shares, and the next one.

    Args:
        copy: A fine copy (`measures.fine_copy`), at least `blocks.LEAST_PX` wide and high.

    Returns:
        A small clip with `PanX` and `PanY`, how far the picture goes to the next frame in pixels of the copy (right
        and down are positive), and `PanShare`, the share of cells that go with it, 0 to 1; and alike, of the cells that
        move otherwise, `SlideX`, `SlideY` and `SlideShare`.
    """
    x, y, moving = _measure_cells(copy)
    pan, voters = _vote(x, y, moving, "Pan")
    others = keep(core.akarin.Expr([moving, voters], "x y -"))
    slide, _ = _vote(x, y, others, "Slide")
    return pan.std.CopyFrameProps(slide, props=["SlideX", "SlideY", "SlideShare"])


def _vote(x: vs.VideoNode, y: vs.VideoNode, votes: vs.VideoNode, name: str) -> tuple[vs.VideoNode, vs.VideoNode]:
    """Finds the displacement that most cells with a vote share, and the cells that do."""
    medians = [_median(way, votes, axis) for way, axis in ((x, "X"), (y, "Y"))]
    names = {"MiddleX": _decode("y.XMax"), "MiddleY": _decode("z.YMax")}
    middle = core.akarin.PropExpr([votes, *medians], dict=lambda: names)
    near = f"y x.MiddleX - dup * z x.MiddleY - dup * + {_NEAR_PX**2} < x 0 > and 1 0 ?"
    voters = keep(core.akarin.Expr([middle, x, y], near))
    sums = [core.akarin.Expr([voters, way], "x y *").std.PlaneStats(prop="Sum") for way in (x, y)]
    share = "x.ShareAverage 0.0001 max"
    facts = {
        f"{name}X": f"y.SumAverage {share} /",
        f"{name}Y": f"z.SumAverage {share} /",
        f"{name}Share": "x.ShareAverage",
    }
    return core.akarin.PropExpr([voters.std.PlaneStats(prop="Share"), *sums], dict=lambda: facts), voters


def _measure_cells(copy: vs.VideoNode) -> tuple[vs.VideoNode, vs.VideoNode, vs.VideoNode]:
    """Measures how far each cell goes, right and down, in pixels, and whether it moves, can tell, and is not alone."""
    cells = max(1, ceil(copy.width / _BLOCK_PX)), max(1, ceil(copy.height / _BLOCK_PX))
    blocks = [keep(vector.resize.Point(*cells)) for vector in _find_vectors(copy)]
    vectors = [once(block.resize.Point(copy.width, copy.height)) for block in blocks]
    luma = keep(core.akarin.Expr(copy, "x 65535 /", format=vs.GRAYS), 2)
    pair = [luma, keep(core.akarin.Expr([shift(luma, 1), *vectors], _THERE))]
    products = [keep(once(core.akarin.Expr(pair, _SLOPES + product)).resize.Bilinear(*cells)) for product in _PRODUCTS]
    x, y = (
        keep(core.akarin.Expr([*products, block], f"{_solution(numerator)} c {_BYTE_ZERO} - +"))
        for block, numerator in zip(blocks, ("y b * z {d} + a * -", "y a * x {d} + b * -"), strict=True)
    )
    moves = f"x x * y y * + {_LEAST_MOTION_PX**2} > z a min {_LEAST_TEXTURE} > and"
    alike = f"x b - dup * y c - dup * + {_NEAR_PX**2} < and 1 0 ?"
    sources = [x, y, products[0], products[2], x.std.Median(), y.std.Median()]
    return x, y, keep(core.akarin.Expr(sources, f"{moves} {alike}"))


def _solution(numerator: str) -> str:
    """Writes one component of the solution of a cell's two equations, at most a pixel."""
    return f"{numerator.format(d=_DAMPING)} x {_DAMPING} + z {_DAMPING} + * y y * - / -1 max 1 min"


def _find_vectors(copy: vs.VideoNode) -> list[vs.VideoNode]:
    """Finds block vectors to the next frame: the horizontal and the vertical part, as bytes."""
    luma = keep(core.akarin.Expr(copy, "x 257 /", format=vs.GRAY8), 2)
    blocks = luma.mv.Super(hpad=_BLOCK_PX, vpad=_BLOCK_PX, pel=1, chroma=False)
    found = blocks.mv.Analyse(isb=True, blksize=_BLOCK_PX, search=3, searchparam=2, chroma=False)
    masks = (luma.mv.Mask(found, kind=kind, ml=100, thscd1=16000, thscd2=255) for kind in (3, 4))
    return [mask.std.ShufflePlanes(0, vs.GRAY) for mask in masks]


_THERE = f"X y {_BYTE_ZERO} - + Y z {_BYTE_ZERO} - + x[]"
"""What the next frame shows where a pixel's block went; y and z are the vector."""
_SLOPES = "x[1,0] x[-1,0] - y[1,0] + y[-1,0] - 4 / across! x[0,1] x[0,-1] - y[0,1] + y[0,-1] - 4 / down! y x - change! "
_PRODUCTS = ("across@ across@ *", "across@ down@ *", "down@ down@ *", "across@ change@ *", "down@ change@ *")


def _median(way: vs.VideoNode, votes: vs.VideoNode, name: str) -> vs.VideoNode:
    """Takes the median of the cells that vote; the others count half for either end, so that they change nothing."""
    coded = f"y 0 > x {_STEPS_A_PX} * 32768 + X Y + 2 % 65535 * ?"
    return core.akarin.Expr([way, votes], coded, format=vs.GRAY16).vszip.PlaneMinMax(maxthr=0.5, prop=name)


def _decode(median: str) -> str:
    return f"{median} 32768 - {_STEPS_A_PX} /"
