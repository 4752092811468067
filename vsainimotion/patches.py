"""Only what changed: a picture in patches, each of which goes through a network once for each of its own drawings.

A mouth that flaps on a still face changes a few patches of a picture; the others are shown as they were made before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import vapoursynth as vs

from vsainimotion.drawings import APART_PROPERTY, CODE, REUSED_PROPERTY, delay, measure_apart, pixel_of, select_back
from vsainimotion.models.tiles import Size
from vsainimotion.native import keep, once

core = vs.core

PATCH_PX = 256
"""About the side of a patch in pixels of the network's input; at 1080p a patch costs a fortieth of the picture."""

WINDOW_FRAMES = 25
"""Within so many frames, counted from the clip's start, a drawing that comes back is found: one bit for each."""

_SIGN_PX = 16  # pixels of the picture in one of its signature: a mouth of 12x6 changes one by five codes and more
_SIGN_SHARE = 0.25  # a mean over so many pixels has less noise than the blocks that decide
_LARGE = 0.7  # patches of more than this share of a side would mostly be margins
_WHOLE = 0.6  # from this share of new patches on, the whole picture in one piece costs less
_BACK = "VsaiBack"
_FOUND = "PlaneStatsMax"


@dataclass(frozen=True, kw_only=True, slots=True)
class Strip:
    """One patch along one axis, in pixels of the network's input."""

    start: int
    """Where what the network sees begins."""
    before: int
    """Pixels of it that are dropped at its start, because they lie in the patch before."""
    after: int
    """Pixels of it that are dropped at its end."""


def plan_strips(length: int, margin: int, multiple: int = 1, side: int = PATCH_PX) -> tuple[int, list[Strip]]:
    """Plans the patches along one axis.

    Args:
        length: Side of the picture in pixels, a multiple of `multiple`.
        margin: How far an output pixel sees, in pixels: so much is dropped at least where patches meet.
        multiple: What the network's sizes are multiples of.
        side: Wanted side of a patch without margins.

    Returns:
        The side of every patch, margins included, and the patches from the first to the last; one patch where more
        would not be smaller.
    """
    count = max(1, round(length / side))
    step = ceil(ceil((length - 2 * margin) / count) / multiple) * multiple
    whole = ceil((step + 2 * margin) / multiple) * multiple
    if count == 1 or whole > _LARGE * length:
        return length, [Strip(start=0, before=0, after=0)]
    starts = sorted({min(index * step, length - whole) for index in range(count)})
    edges = [0, *(start + margin for start in starts[1:]), length]
    return whole, [
        Strip(start=start, before=left - start, after=start + whole - right)
        for start, (left, right) in zip(starts, pairwise(edges), strict=True)
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class PatchPlan:
    """How a picture is cut."""

    size: Size
    """Width and height of a patch, margins included, in pixels."""
    columns: list[Strip]
    rows: list[Strip]

    @property
    def count(self) -> int:
        """Number of patches."""
        return len(self.columns) * len(self.rows)

    @property
    def corners(self) -> list[Size]:
        """Upper left corner of each patch, row by row."""
        return [(column.start, row.start) for row in self.rows for column in self.columns]


def plan_patches(size: Size, margin: int, multiple: int = 1, side: int = PATCH_PX) -> PatchPlan:
    """Plans the patches of a picture; see `plan_strips`."""
    width, columns = plan_strips(size[0], margin, multiple, side)
    height, rows = plan_strips(size[1], margin, multiple, side)
    return PatchPlan(size=(width, height), columns=columns, rows=rows)


def keep_window(clip: vs.VideoNode) -> None:
    """Keeps as many frames as `draw_patches` looks at, of the clip that holds are looked for in too.

    After a hold all of a window is asked for at once; until then it was the hold's first frame and the two after it.
    """
    keep(clip, WINDOW_FRAMES + 4)


def draw_patches(
    clip: vs.VideoNode, draw: Callable[[vs.VideoNode], vs.VideoNode], plan: PatchPlan, scale: int, threshold: float
) -> vs.VideoNode:
    """Draws a clip patch by patch, each patch once for each of its drawings within a window.

    Windows lie at whole multiples of their length, so that every frame of one agrees on the frame that stands for a
    drawing, whichever is asked for first: the earliest that looks like it. It is compared with that frame itself, at
    full resolution and with all that the network sees; nothing depends on what lies in a cache, only what is saved.

    Args:
        clip: GRAY or RGB, of which `keep_window` keeps the frames, or what it was made from.
        draw: Enlarges any clip of this format by `scale`.
        plan: The patches.
        scale: Size of what is drawn over that of the clip.
        threshold: Largest difference that is the same drawing, as in `measure_apart` but in codes of 8 bits; 0 for
            nothing but equal bits.

    Returns:
        What `draw` makes of the clip, with the clip's frame properties and `VsaiReused`.
    """
    patches = _deal([clip.std.CropAbs(*plan.size, *corner) for corner in plan.corners])
    found = _find_earlier(clip, plan, threshold)
    window = range(min(WINDOW_FRAMES, clip.num_frames))
    back = f"x.{_FOUND}"
    earlier = select_back([delay(patches, frames * plan.count) for frames in window], found, back)
    apart = measure_apart(patches, earlier, exact=threshold == 0)
    checked = core.akarin.PropExpr(
        [found, apart], lambda: {_BACK: f"y.{APART_PROPERTY} {threshold * CODE} <= {back} 0 ?"}
    )
    chosen = core.akarin.Select([found.std.SetFrameProps(**{_BACK: 0}), checked], [found], f"{back} 0 >")
    reused = _measure_reused(chosen, plan.count)
    whole = draw(clip)
    drawn = _draw_new(patches, draw, whole, plan, scale, reused)
    shown = select_back([delay(drawn, frames * plan.count) for frames in window], chosen, f"x.{_BACK}")
    joined = _join(shown, plan, scale)
    if plan.count > 1:
        # Where everything is new, the picture need not be cut and put together.
        joined = core.akarin.Select([once(joined), whole], [reused], f"x.{REUSED_PROPERTY} 0 =")
    return joined.std.CopyFrameProps(clip).std.CopyFrameProps(reused, props=[REUSED_PROPERTY])


def _deal(clips: Sequence[vs.VideoNode]) -> vs.VideoNode:
    """Lays the frames of clips one after the other, so that one network serves all of them."""
    return clips[0] if len(clips) == 1 else core.std.Interleave(list(clips))


def _hand(clip: vs.VideoNode, count: int) -> list[vs.VideoNode]:
    """Takes apart what `_deal` put together."""
    return [clip] if count == 1 else [clip.std.SelectEvery(count, index) for index in range(count)]


def _find_earlier(clip: vs.VideoNode, plan: PatchPlan, threshold: float) -> vs.VideoNode:
    """Finds for each patch how many frames before in the window it looked the same first (`PlaneStatsMax`, 0: never).

    Looks are compared on a signature, the picture at a sixteenth of its size. Each of its pixels notes in one bit for
    each earlier frame whether it differs; bits are joined over the pixels of a patch.
    """
    sign = _signature(clip)
    window = range(min(WINDOW_FRAMES, clip.num_frames))
    keep(sign, WINDOW_FRAMES)
    limit = threshold * CODE * _SIGN_SHARE
    if len(window) == 1:
        differs = core.std.BlankClip(sign, format=vs.GRAY32, keep=True)
    else:
        bits = (f"x src{frames} - abs {limit} > {1 << (frames - 1)} 0 ?" for frames in window[1:])
        terms = " ".join(bits) + " bitor" * (len(window) - 2)
        differs = core.akarin.Expr([delay(sign, frames) for frames in window], terms, format=vs.GRAY32, opt=1)
    for axis in (0, 1):
        reach = ceil(plan.size[axis] / _SIGN_PX)
        reads = (f"x[{step},0]" if axis == 0 else f"x[0,{step}]" for step in range(reach))
        differs = core.akarin.Expr(differs, " ".join(reads) + " bitor" * (reach - 1), opt=1)
    first = "0"
    for frames in window[1:]:
        first = f"x {1 << (frames - 1)} bitand 0 = N {WINDOW_FRAMES} % {frames} >= and {frames} {first} ?"
    earliest = core.akarin.Expr(differs, first, format=vs.GRAY8, opt=1)
    places = [tuple(place // _SIGN_PX for place in corner) for corner in plan.corners]
    return _deal([earliest.std.CropAbs(1, 1, *place) for place in places]).std.PlaneStats()


def _signature(clip: vs.VideoNode) -> vs.VideoNode:
    """Makes the small copy that looks are compared on, GRAY16; RGB by unlike weights, so that hues tell too."""
    plain = clip.std.RemoveFrameProps(["_FieldBased", "_Matrix", "_Transfer", "_Primaries"])
    size = (ceil(clip.width / _SIGN_PX), ceil(clip.height / _SIGN_PX))
    small = plain.resize.Bilinear(*size)
    gain = 65535 if clip.format.sample_type == vs.FLOAT else 1 << (16 - clip.format.bits_per_sample)
    if clip.format.bits_per_sample < 16:
        small = plain.resize.Bilinear(*size, format=clip.format.replace(bits_per_sample=16).id)
        gain = 1
    if clip.format.num_planes == 1:
        return core.akarin.Expr(small, f"x {gain} *", format=vs.GRAY16)
    planes = [small.std.ShufflePlanes(plane, vs.GRAY) for plane in range(3)]
    return core.akarin.Expr(planes, f"x 0.3 * y 0.5 * + z 0.2 * + {gain} *", format=vs.GRAY16)


def _measure_reused(chosen: vs.VideoNode, count: int) -> vs.VideoNode:
    """Writes `VsaiReused`, the share of patches that stand for an earlier one, on a clip of one pixel."""
    marks = core.akarin.Expr(chosen, f"x.{_BACK} 0 > 255 0 ?")
    row = _hand(marks, count)
    share = (row[0] if count == 1 else core.std.StackHorizontal(row)).std.PlaneStats()
    named = core.akarin.PropExpr(share, lambda: {REUSED_PROPERTY: "x.PlaneStatsAverage"})
    return pixel_of(named, REUSED_PROPERTY)


def _draw_new(
    patches: vs.VideoNode,
    draw: Callable[[vs.VideoNode], vs.VideoNode],
    whole: vs.VideoNode,
    plan: PatchPlan,
    scale: int,
    reused: vs.VideoNode,
) -> vs.VideoNode:
    """Draws patches, from the whole picture where nearly all of it is new: one run costs less than many."""
    if plan.count == 1:
        drawn = whole
    else:
        size = [side * scale for side in plan.size]
        cuts = [whole.std.CropAbs(*size, *(place * scale for place in corner)) for corner in plan.corners]
        share = _deal([reused] * plan.count)
        drawn = core.akarin.Select([draw(patches), _deal(cuts)], [share], f"x.{REUSED_PROPERTY} {1 - _WHOLE} <=")
        whole.std.SetVideoCache(mode=1, fixedsize=1, maxsize=2)
    # Every frame that shows a patch moves it to the front; a drawing that comes back soon is still there.
    drawn.std.SetVideoCache(mode=1, fixedsize=1, maxsize=(min(core.num_threads, 8) + 1) * plan.count)
    return drawn


def _join(shown: vs.VideoNode, plan: PatchPlan, scale: int) -> vs.VideoNode:
    """Puts the patches together without what they share."""
    parts = iter(_hand(shown, plan.count))
    rows = []
    for row in plan.rows:
        cut = [
            next(parts).std.Crop(*(side * scale for side in (column.before, column.after, row.before, row.after)))
            for column in plan.columns
        ]
        rows.append(cut[0] if len(cut) == 1 else core.std.StackHorizontal(cut))
    return rows[0] if len(rows) == 1 else core.std.StackVertical(rows)
