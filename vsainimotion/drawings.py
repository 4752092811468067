"""Each drawing once: how far two pictures are apart, and what was made of a held drawing shown for all of its run."""

from collections.abc import Sequence
from math import ceil

import vapoursynth as vs
from vsutil import split

from vsainimotion.native import keep, once

core = vs.core

RUN_PROPERTY = "VsaiRun"
"""The gate's frame property: how many frames ago the drawing of this frame appeared first, 0 if it appears now."""

REUSED_PROPERTY = "VsaiReused"
"""Frame property: the share of the picture, 0 to 1, that no network was run for because it had been made before."""

RUN_REACH = 64
"""How far back a held drawing is looked for, in frames, as far as the gate counts; a longer hold is enlarged once in so
many frames."""

APART_PROPERTY = "ApartMax"
"""What `measure_apart` writes, in codes of 16 bits."""

CODE = 256
"""A code of 8 bits in codes of 16."""

_BLOCK_PX = 8
_DRIFT = 1.3  # a hold's noise does not grow with time, a drift's difference doubles from one frame to two
_NEVER = 65535


def delay(clip: vs.VideoNode, frames: int) -> vs.VideoNode:
    """Delays a clip; its caches are off, because each delay would keep frames of its own.

    Args:
        clip: Any clip.
        frames: Frame n of the result is frame n - `frames` of the clip; the first one is repeated before it.

    Returns:
        A clip of the same length.
    """
    if frames == 0:
        return clip
    return once(once(clip.std.DuplicateFrames(frames=[0] * frames)).std.Trim(length=clip.num_frames))


def pixel_of(facts: vs.VideoNode, *properties: str) -> vs.VideoNode:
    """Returns a clip of one pixel that carries properties of another, so that their frames need not be kept."""
    pixel = core.std.BlankClip(width=1, height=1, format=vs.GRAY8, length=facts.num_frames, keep=True)
    return pixel.std.CopyFrameProps(facts, props=list(properties))


def measure_apart(a: vs.VideoNode, b: vs.VideoNode, *, exact: bool) -> vs.VideoNode:
    """Measures how far the frames of two clips are apart at their worst place.

    Args:
        a: GRAY or RGB, any depth.
        b: A clip of the same format, size and length.
        exact: Whether a single different bit counts.

    Returns:
        A clip of one pixel with `ApartMax`, in codes of 16 bits: the largest mean difference over a block of 8x8
        pixels, in any plane; with `exact`, 0 for equal frames and 65535 for others.
    """
    bits = a.format.bits_per_sample
    gain = _NEVER if a.format.sample_type == vs.FLOAT else 1 << (16 - bits)
    names = ("x", "y", "z", "a", "b", "c")
    each = f"{{}} {{}} = 0 {_NEVER} ?" if exact else f"{{}} {{}} - abs {gain} *"
    count = a.format.num_planes
    planes = [plane for pair in zip(split(a), split(b), strict=True) for plane in pair]
    terms = " ".join(each.format(*names[2 * k : 2 * k + 2]) for k in range(count)) + " max" * (count - 1)
    difference = core.akarin.Expr(planes, terms, format=vs.GRAY16)
    if not exact:
        blocks = (ceil(a.width / _BLOCK_PX), ceil(a.height / _BLOCK_PX))
        difference = difference.std.RemoveFrameProps(["_FieldBased", "_Matrix"]).resize.Bilinear(*blocks)
    return pixel_of(difference.std.PlaneStats(prop="Apart"), APART_PROPERTY)


def select_back(clips: Sequence[vs.VideoNode], facts: vs.VideoNode, back: str) -> vs.VideoNode:
    """Asks one of some delayed clips, chosen by an expression of a property, and no other."""
    return core.akarin.Select(list(clips), [facts], f"{back} 0 max {len(clips) - 1} min")


def reuse_runs(large: vs.VideoNode, clip: vs.VideoNode, tags: vs.VideoNode, threshold: float) -> vs.VideoNode:
    """Shows frame n - VsaiRun of what was made of a clip at n, where the gate wrote `VsaiRun`.

    A frame is compared with the first one of its run, so that a drift which the gate took for a hold does not freeze.
    The first frame of a hold stays in the cache of `large`, where every frame of the hold moves it to the front;
    between two of them come at most the frames that are worked on at once. A run beyond the reach goes back to a
    multiple of the reach, which the hold still covers.

    Args:
        large: What was made of the clip, frame by frame, with `VsaiReused` on its frames.
        clip: What it was made of, GRAY or RGB.
        tags: The clip with the gate's properties; a frame without them is its own drawing.
        threshold: Largest difference, as in `measure_apart` but in codes of 8 bits, that is the same drawing; the noise
            of the run itself is added unless it is 0.

    Returns:
        A clip like `large`; `VsaiReused` is 1 where another frame is shown.
    """
    keep(large, 4)
    reach = range(min(RUN_REACH, clip.num_frames))
    run = f"x.{RUN_PROPERTY}"
    counted = f"{run} {RUN_REACH} < {run} N {RUN_REACH} % ? 0 max {len(reach) - 1} min"
    back = core.akarin.PropExpr(pixel_of(tags, RUN_PROPERTY), lambda: {RUN_PROPERTY: counted})
    first = select_back([delay(clip, frames) for frames in reach], back, run)
    limits = _measure_noise(clip, back, threshold)
    limit = select_back([delay(limits, frames) for frames in reach], back, run)
    apart = measure_apart(clip, first, exact=threshold == 0)
    checked = core.akarin.PropExpr(
        [back, apart, limit], lambda: {RUN_PROPERTY: f"y.{APART_PROPERTY} z.Limit <= {run} 0 ?"}
    )
    # What is no run need not be looked at.
    chosen = core.akarin.Select([back, checked], [back], f"{run} 0 >")
    shown = once(select_back([delay(large, frames) for frames in reach], chosen, run))
    return core.akarin.PropExpr(
        [shown, chosen], lambda: {REUSED_PROPERTY: f"y.{RUN_PROPERTY} 0 > 1 x.{REUSED_PROPERTY} ?"}
    )


def _measure_noise(clip: vs.VideoNode, back: vs.VideoNode, threshold: float) -> vs.VideoNode:
    """Writes on each frame how far later frames of its run may be from it (`Limit`, in codes of 16 bits).

    That is the difference to the next frame, which the gate has called none, and a third more, unless the frame after
    that is in the run and further away: then it is no noise but a drift, and only the threshold counts.
    """
    least = threshold * CODE
    pixel = core.std.BlankClip(width=1, height=1, format=vs.GRAY8, length=clip.num_frames, keep=True)
    fixed = pixel.std.SetFrameProps(Limit=least)
    if threshold == 0 or clip.num_frames < 3:
        return fixed
    one, two = (measure_apart(clip, _ahead(clip, frames), exact=False) for frames in (1, 2))
    drift = (
        f"z.{RUN_PROPERTY} 2 = y.{APART_PROPERTY} x.{APART_PROPERTY} {_DRIFT} * > and y.{APART_PROPERTY} {least} > and"
    )
    noise = f"x.{APART_PROPERTY} {_DRIFT} * {least} max"
    return keep(core.akarin.PropExpr([one, two, _ahead(back, 2)], lambda: {"Limit": f"{drift} {least} {noise} ?"}))


def _ahead(clip: vs.VideoNode, frames: int) -> vs.VideoNode:
    return clip[frames:] + clip[-1] * frames
