"""How a clip's frames differ from those some frames ahead: block differences, their noise, and what slides.

Everything is measured on one luma copy of about 270 lines, 16 bits, by native plugins, and carried as frame properties.
Film grain and a codec's leftovers change every block a little and in no direction; what is drawn anew changes few
blocks much, a fade changes whole regions alike, and a slow pan changes pixels along the picture's own gradient. Each of
these has its own number.
"""

from math import ceil

import vapoursynth as vs

from vsainimotion.native import once

core = vs.core

_FINE_HEIGHT = 270
_BLOCK_PX = 4
_WINDOW_PX = 16
"""Side of a window that is asked for one displacement, in pixels of half the fine copy: 128 of 1080p."""
_NOISE_SHARE = 0.98
"""The noise is what this share of blocks stays below."""
_LEFTOVER = 0.25
"""A block's difference counts for what is above this part of its neighbourhood's difference one frame before or after:
beside large motion codecs leave differences of up to a fifth of it where nothing was drawn."""
_LARGE_MOTION = 0.01
"""Block difference that the most changed fiftieth of the picture reaches in large motion; a mouth does not."""
_LEAST_PX = 4
"""std.Maximum takes nothing smaller."""
_ALL_CHANGED = 0.03
"""Median block difference from which an interval changes the whole picture; it leaves nothing in its neighbours."""


def shift(clip: vs.VideoNode, frames: int) -> vs.VideoNode:
    """Moves a clip in time; the first or last frame is repeated where there is no other.

    Args:
        clip: Any clip.
        frames: Frame n of the result is frame n + `frames` of the clip.

    Returns:
        A clip of the same length.
    """
    steps = min(abs(frames), clip.num_frames - 1)
    if steps == 0:
        return clip
    # Nothing is made here: what is shifted keeps the frames.
    if frames > 0:
        return once(once(clip[steps:]) + once(once(clip[-1]) * steps))
    return once(once(once(clip[0]) * steps) + once(clip[:-steps]))


def luma_copy(clip: vs.VideoNode, width: int, height: int, bits: int) -> vs.VideoNode:
    """Makes a small full-range luma copy of a clip.

    Args:
        clip: YUV, GRAY or RGB.
        width: Width in pixels.
        height: Height in pixels.
        bits: 8 or 16.

    Returns:
        GRAY8 or GRAY16 at the given size. RGB is weighed by BT.709.
    """
    output = vs.GRAY8 if bits == 8 else vs.GRAY16
    if clip.format.color_family == vs.RGB:
        return clip.resize.Bilinear(width, height, format=output, matrix=vs.MATRIX_BT709, range=vs.RANGE_FULL)
    luma = clip.std.ShufflePlanes(0, vs.GRAY)
    return luma.resize.Bilinear(width, height, format=output, range=vs.RANGE_FULL)


def plan_fine_size(width: int, height: int) -> tuple[int, int]:
    """Plans the size of the copy that sees motion: a whole fraction of the clip, about 270 lines, never enlarged."""
    factor = max(1, round(height / _FINE_HEIGHT))
    return ceil(width / factor), ceil(height / factor)


def fine_copy(clip: vs.VideoNode) -> vs.VideoNode:
    """Makes the copy that `measure_blocks` and `measure_change` take."""
    return luma_copy(clip, *plan_fine_size(clip.width, clip.height), bits=16)


def measure_blocks(copy: vs.VideoNode, frames: int = 1) -> vs.VideoNode:
    """Measures mean and largest block difference to a frame some frames ahead.

    Args:
        copy: A fine copy.
        frames: How far ahead; negative looks back.

    Returns:
        The blocks' mean absolute differences, one pixel for 4x4 of the copy, GRAY16, with the properties
        `FineAverage` (mean, 0 to 1) and `BlockMax` (largest, 0 to 65535).
    """
    difference = core.akarin.Expr([copy, shift(copy, frames)], "x y - abs")
    blocks = _shrink(difference, _BLOCK_PX).vszip.PlaneMinMax(prop="Block")
    return blocks.std.CopyFrameProps(difference.std.PlaneStats(prop="Fine"), props=["FineAverage"])


def measure_change(copy: vs.VideoNode, frames: int = 1) -> vs.VideoNode:
    """Measures what `measure_blocks` does, and what tells a held drawing under noise from motion.

    Args:
        copy: A fine copy.
        frames: How far ahead; negative looks back.

    Returns:
        A clip with `FineAverage` and `BlockMax` as above and, all 0 to 1: `Peak` (largest block difference; one frame
        ahead only above what large motion just before or after leaves in its place), `Noise` (part of the blocks'
        differences that has no common sign, which 98 of 100 blocks stay below), `Drift` (mean change of level of
        windows of 32x32), `Slide` (mean share of a window's change that one displacement of it explains), `SlidePower`
        (mean square of what it explains) and `Lasting` (`Slide` of those windows that slide about as much just before
        or after).
    """
    blocks = measure_blocks(copy, frames)
    peak = _above_leftovers(blocks) if frames == 1 else blocks
    noise = _incoherent(copy, blocks, frames)
    slide = _measure_slide(copy, frames)
    sources = [blocks, peak, noise, slide]
    names = {
        "FineAverage": "x.FineAverage",
        "BlockMax": "x.BlockMax",
        "Peak": "y.BlockMax 65535 /",
        "Noise": "z.NoiseMax 65535 /",
        "Drift": "a.Drift",
        "Slide": "a.Slide",
        "SlidePower": "a.SlidePower",
        "Lasting": "a.Lasting",
    }
    return core.akarin.PropExpr(sources, dict=lambda: names)


def _shrink(clip: vs.VideoNode, factor: int) -> vs.VideoNode:
    return clip.resize.Bilinear(ceil(clip.width / factor), ceil(clip.height / factor))


def _above_leftovers(blocks: vs.VideoNode) -> vs.VideoNode:
    """Takes from each block a part of what its neighbourhood changed one interval before or after."""
    facts = blocks.vszip.PlaneMinMax(maxthr=0.5, prop="Median").vszip.PlaneMinMax(maxthr=0.02, prop="Most")
    large = f"x.MedianMax {_ALL_CHANGED * 65535} <= x.MostMax {_LARGE_MOTION * 65535} >= and"
    local = core.akarin.Expr(facts, f"{large} x {_LEFTOVER} * 0 ?")
    if min(local.width, local.height) >= _LEAST_PX:
        local = local.std.Maximum()
    rest = core.akarin.Expr([blocks, shift(local, -1), shift(local, 1)], "x y z max - 0 max")
    return rest.vszip.PlaneMinMax(prop="Block")


def _incoherent(copy: vs.VideoNode, blocks: vs.VideoNode, frames: int) -> vs.VideoNode:
    """Measures the part of the blocks' differences that cancels when signs are kept: grain does, fades do not."""
    signed = _shrink(core.akarin.Expr([copy, shift(copy, frames)], "x y - 2 / 32768 +"), _BLOCK_PX)
    return core.akarin.Expr([blocks, signed], "x y 32768 - abs 2 * - 0 max").vszip.PlaneMinMax(
        maxthr=1 - _NOISE_SHARE, prop="Noise"
    )


# Brightness constancy on small windows (Lucas and Kanade, IJCAI 1981): sums over a window of the products of the
# horizontal, vertical and temporal derivatives. Here only how much a displacement explains is asked, not the
# displacement, so that it can be far below a pixel.
_DERIVATIVES = (
    "x[1,0] x[-1,0] - y[1,0] + y[-1,0] - 262140 / across! x[0,1] x[0,-1] - y[0,1] + y[0,-1] - 262140 / down! "
    "y x - 65535 / change! "
)
_PRODUCTS = (
    "across@ across@ *", "down@ down@ *", "across@ down@ *", "across@ change@ *", "down@ change@ *",
    "change@ change@ *",
)  # fmt: skip
_EXPLAINED = "y a a * * z a b * * 2 * - x b b * * + x y * z z * - 0.000000000001 + / 0 max c min"
_LASTS = 0.5
"""A window slides on that slides by more than this part of what it does before or after."""
_LEAST_POWER = 1e-7
"""Mean square change (0 to 1) of a window below which it counts for less and less."""


def _measure_slide(copy: vs.VideoNode, frames: int) -> vs.VideoNode:
    """Measures how much of the change of each window one displacement explains."""
    half = _shrink(copy, 2)
    pair = [half, shift(half, frames)]
    size = (max(2, ceil(half.width / _WINDOW_PX)), max(2, ceil(half.height / _WINDOW_PX)))

    def windows(expression: str) -> vs.VideoNode:
        return core.akarin.Expr(pair, expression, format=vs.GRAYS).resize.Bilinear(*size)

    sums = [windows(_DERIVATIVES + product) for product in _PRODUCTS]
    explained = core.akarin.Expr(sums, _EXPLAINED).std.PlaneStats(prop="Power")
    share = core.akarin.Expr([explained, sums[-1]], f"x y {_LEAST_POWER:.10f} + /").std.PlaneStats(prop="Share")
    around = [share, explained, shift(explained, -1), shift(explained, 1)]
    lasting = core.akarin.Expr(around, f"y z a min {_LASTS} * > x 0 ?").std.PlaneStats(prop="Lasting")
    drift = core.akarin.Expr(windows("y x - 65535 /"), "x abs").std.PlaneStats(prop="Level")
    names = {
        "Slide": "x.ShareAverage",
        "SlidePower": "y.PowerAverage",
        "Drift": "z.LevelAverage",
        "Lasting": "a.LastingAverage",
    }
    return core.akarin.PropExpr([share, explained, drift, lasting], dict=lambda: names)
