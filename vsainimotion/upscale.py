"""Enlarges a clip with a network or a kernel, each drawing once."""

import math
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

import vapoursynth as vs

from vsainimotion.backend import Choice, choose_backend, pad_clip, run_network
from vsainimotion.drawings import REUSED_PROPERTY, reuse_runs
from vsainimotion.errors import ArgumentError
from vsainimotion.models.card import Card
from vsainimotion.models.catalogue import find_card
from vsainimotion.models.runtimes import BACKENDS
from vsainimotion.models.tiles import Size, fit_size
from vsainimotion.native import check_clip, check_plugins, keep, once
from vsainimotion.patches import PATCH_PX, draw_patches, keep_window, plan_patches
from vsainimotion.rgb import from_rgb, to_rgb
from vsainimotion.size import plan_size

if TYPE_CHECKING:
    from vsscale.mlrt.backend.base import Backend

KERNELS: Mapping[str, str] = MappingProxyType({"lanczos": "Lanczos", "spline36": "Spline36"})
"""Kernels that can be asked for like a network, and the functions of core.resize behind them."""

DEFAULT_MODEL = "luma-fast"
"""The network that `upscale` uses unless another is named."""

DEFAULT_THRESHOLD = 1.0
"""How far, in codes of 8 bits, a drawing may be from another and still count as the same; see `upscale`."""

_KERNEL_REACH = 3  # input pixels to each side that the widest base reads
_CHROMA_KERNEL = "spline36"  # as sharp as a network's edges, and rings less than lanczos on flat cel colours
_RANGE = ("_Range", "_ColorRange")  # the second is the older name
# Not needed to enlarge, and core.resize refuses frames on which they are odd: RGB with a matrix, fields of odd height.
_SET_ASIDE = ("_FieldBased", "_Matrix", "_Transfer", "_Primaries")


def upscale(
    clip: vs.VideoNode,
    *,
    scale: float | Fraction | None = None,
    width: int | None = None,
    height: int | None = None,
    model: str | Card = DEFAULT_MODEL,
    backend: "str | Backend | None" = "auto",
    tilesize: int | Size | None = None,
    overlap: int | None = None,
    reuse: bool = True,
    threshold: float = DEFAULT_THRESHOLD,
) -> vs.VideoNode:
    """Enlarges a clip.

    A network enlarges by its own factor, as often as it takes to reach the size; Spline36 then goes down to it, in the
    clip's own transfer (1080p to 1440p: twice the size, then down to two thirds). A luma network redraws luma and
    leaves chroma to Spline36, which respects the chroma location of each frame. An RGB network gets RGB by each
    frame's own matrix and range (by BT.709 from 720 lines on and by BT.601 below where a frame has none), and what it
    returns goes back the same way. No pixel moves: the picture stays centred.

    A network sees each drawing once. The picture is cut into patches; a patch that looks as it did up to 24 frames
    before is shown as it was made then, so that a mouth on a still face costs a few patches, and drawings that come
    back cost nothing. Where the gate's `VsaiRun` is on the frames, a frame of a hold shows what was made of the hold's
    first frame, so that grain stands still in what the gate calls a hold. Every frame is compared with the one that it
    shows, at full size, never with the one before it: a slow pan does not freeze. A filter between the gate and this
    one that drops, repeats or mixes frames has to correct `VsaiRun` or remove it.

    Frames count as progressive, whatever `_FieldBased` says. When the result has the clip's size, it is the clip.

    Args:
        clip: Any constant format of 8 to 16 bits or float, any size from 1x1.
        scale: Factor, 1 to 16; fractions are exact, as in Fraction(4, 3).
        width: Width of the result in pixels; without `height`, the height follows the ratio.
        height: Height of the result in pixels; without `width`, the width follows the ratio.
        model: A network of the catalogue or its card, or a kernel: `lanczos` or `spline36`.
        backend: What runs the network; see `vsainimotion.backend.choose_backend`.
        tilesize: Largest tile in pixels of the network's input, one number or (width, height); None for a size that
            suits the backend's memory.
        overlap: Pixels of the network's input that neighbouring tiles share at least; None for the network's reach.
        reuse: Whether what was made of a drawing is shown again; False runs the network on every frame.
        threshold: How far a drawing may be from another and still count as the same, in codes of 8 bits, 0 to 16: the
            largest mean difference over a block of 8x8 pixels of what the network sees. In a hold of the gate's, its
            own noise is allowed for. 0 reuses nothing but what is equal bit for bit.

    Returns:
        A clip of the new size, with the format, length and rate of `clip` and each frame's properties; `_SARNum` and
        `_SARDen` change only if width and height were both given in another ratio than the clip's. With a network and
        `reuse`, `VsaiReused` is the share of the picture that no network was run for, 0 to 1.

    Raises:
        ArgumentError: The clip is of a variable or unsupported format, a size is not possible, or the threshold is
            out of its range.
        UnknownNameError: There is no such network or backend.
        MissingError: A plugin, the backend or the network's file is missing.
        InputError: The network's file is damaged, or is no upscaler.
    """
    fmt = check_clip("upscale", clip)
    check_plugins("upscale", "akarin")
    if not 0 <= threshold <= 16:
        raise ArgumentError(f"upscale: 'threshold' must be 0 to 16 codes of 8 bits (got {threshold})")
    step = (1 << fmt.subsampling_w, 1 << fmt.subsampling_h)
    plan = plan_size((clip.width, clip.height), step, scale=scale, width=width, height=height)
    card = _find_upscaler(model)
    if (plan.width, plan.height) == (clip.width, clip.height):
        return clip
    plain = clip.std.RemoveFrameProps(_SET_ASIDE)
    if card is None:
        large = getattr(plain.resize, KERNELS[str(model)])(width=plan.width, height=plan.height)
        large = large.std.CopyFrameProps(clip)
    else:
        size = (plan.width, plan.height)
        runner = _Runner(
            card,
            choose_backend(backend),
            tilesize=tilesize,
            overlap=overlap,
            size=size,
            tags=clip,
            threshold=threshold if reuse else None,
        )
        drawn = _REDRAW[card.kind, fmt.color_family](plain, runner)
        large = drawn.std.CopyFrameProps(clip)
        if reuse:
            large = large.std.CopyFrameProps(drawn, props=[REUSED_PROPERTY])
    return large if plan.keeps_ratio else _fit_aspect(large, clip)


def _find_upscaler(model: str | Card) -> Card | None:
    if isinstance(model, str) and model in KERNELS:
        return None
    card = find_card(model) if isinstance(model, str) else model
    if card.task != "upscale" or card.scale < 2:
        raise ArgumentError(
            f"upscale: 'model' must be an upscaler or one of {', '.join(KERNELS)} (got '{card.name}', which is for "
            f"{card.task} at scale {card.scale})"
        )
    return card


@dataclass(frozen=True, slots=True)
class _Runner:
    """A network with everything that was asked of it."""

    card: Card
    choice: Choice
    _: KW_ONLY
    tilesize: int | Size | None
    overlap: int | None
    size: Size
    tags: vs.VideoNode  # the clip with all its properties
    threshold: float | None  # None enlarges every frame for itself

    def run(self, clip: vs.VideoNode) -> vs.VideoNode:
        """Enlarges a GRAY or RGB clip by the network's factor, into float, until it is at least as large as asked."""
        while clip.width < self.size[0] or clip.height < self.size[1]:
            clip = self._draw(clip) if self.threshold is None else self._draw_once(clip, self.threshold)
        return clip

    def _draw(self, clip: vs.VideoNode) -> vs.VideoNode:
        if clip.format.color_family == vs.GRAY:
            clip = keep(clip.resize.Point(format=vs.GRAYS))
        drawn = run_network([clip], self.card, self.choice, tilesize=self.tilesize, overlap=self.overlap)
        if self.card.base is not None:
            kernel = getattr(clip.resize, self.card.base.capitalize())
            base = kernel(width=drawn.width, height=drawn.height)
            drawn = vs.core.akarin.Expr([once(base), once(drawn)], "x y +")
        return drawn

    def _draw_once(self, clip: vs.VideoNode, threshold: float) -> vs.VideoNode:
        """Enlarges only what was not there before."""
        card = self.card
        margin = max(card.overlap if self.overlap is None else self.overlap, _KERNEL_REACH if card.base else 0)
        margin = math.ceil(margin / card.size_multiple) * card.size_multiple
        padded = keep(pad_clip(clip, fit_size((clip.width, clip.height), card)))
        keep_window(clip)  # which may be the same node
        # A GPU is tuned to each size that it gets, and has more to lose from small ones.
        row = BACKENDS.get(self.choice.name)
        fits = row is not None and not row.is_gpu
        side = max(PATCH_PX, 2 * max(card.size_minimum)) if fits else max(padded.width, padded.height)
        patches = plan_patches((padded.width, padded.height), margin, card.size_multiple, side)
        drawn = draw_patches(padded, self._draw, patches, card.scale, threshold)
        return drawn.std.CropAbs(width=clip.width * card.scale, height=clip.height * card.scale)

    def hold(self, large: vs.VideoNode, clip: vs.VideoNode) -> vs.VideoNode:
        """Shows what was made of a hold's first frame for all of it."""
        return large if self.threshold is None else reuse_runs(large, clip, self.tags, self.threshold)

    def fit(self, clip: vs.VideoNode, fmt: vs.VideoFormat) -> vs.VideoNode:
        """Brings the network's result to the size that was asked for and to a format, in one step."""
        return clip.resize.Spline36(width=self.size[0], height=self.size[1], format=fmt.id)


def _redraw_plane(clip: vs.VideoNode, runner: _Runner) -> vs.VideoNode:
    """Enlarges a GRAY clip; its range is on the frames and stays there."""
    return runner.hold(runner.fit(runner.run(clip), clip.format), clip)


def _redraw_luma(clip: vs.VideoNode, runner: _Runner) -> vs.VideoNode:
    """Enlarges luma of a YUV clip with the network and chroma with a kernel."""
    width, height = runner.size
    luma = _redraw_plane(clip.std.ShufflePlanes(planes=0, colorfamily=vs.GRAY), runner)
    # Point is for the luma that is thrown away; chroma is placed by each frame's _ChromaLocation.
    chroma = keep(clip.resize.Point(width=width, height=height, resample_filter_uv=_CHROMA_KERNEL))
    whole = vs.core.std.ShufflePlanes([luma, chroma, chroma], planes=[0, 1, 2], colorfamily=vs.YUV)
    return whole.std.CopyFrameProps(luma, props=[REUSED_PROPERTY])


def _redraw_luma_of_rgb(clip: vs.VideoNode, runner: _Runner) -> vs.VideoNode:
    """Enlarges luma of an RGB clip; in float, going to YUV and back loses nothing."""
    yuv = _redraw_luma(clip.resize.Point(format=vs.YUV444PS, matrix=vs.MATRIX_BT709), runner)
    rgb = yuv.resize.Point(format=vs.RGBS, matrix_in=vs.MATRIX_BT709).std.CopyFrameProps(clip, props=_RANGE)
    return rgb.resize.Point(format=clip.format.id)


def _redraw_rgb(clip: vs.VideoNode, runner: _Runner) -> vs.VideoNode:
    """Enlarges any clip with an RGB network; what is not RGB goes there and back by each frame's own matrix."""
    if clip.format.color_family == vs.YUV:
        clip = clip.std.CopyFrameProps(runner.tags, props=["_Matrix"])
    width, height = runner.size
    rgb = to_rgb(clip)
    drawn = keep(runner.run(rgb))  # a way back for each matrix, of which one is asked
    large = from_rgb(drawn, runner.tags, width, height).std.CopyFrameProps(drawn, props=[REUSED_PROPERTY])
    return runner.hold(large, rgb)


_REDRAW: Mapping[tuple[str, vs.ColorFamily], Callable[[vs.VideoNode, _Runner], vs.VideoNode]] = MappingProxyType(
    {
        ("luma", vs.GRAY): _redraw_plane,
        ("luma", vs.YUV): _redraw_luma,
        ("luma", vs.RGB): _redraw_luma_of_rgb,
        ("rgb", vs.GRAY): _redraw_rgb,
        ("rgb", vs.YUV): _redraw_rgb,
        ("rgb", vs.RGB): _redraw_rgb,
    }
)
"""How each kind of network enlarges each family of clips, at the clip's own depth."""


def _fit_aspect(large: vs.VideoNode, clip: vs.VideoNode) -> vs.VideoNode:
    """Changes the sample aspect ratio, where a frame has one, so that the picture is shown as wide as before."""
    ratio = Fraction(clip.width * large.height, clip.height * large.width)
    change = {"_SARNum": f"x._SARNum {ratio.numerator} *", "_SARDen": f"x._SARDen {ratio.denominator} *"}
    changed = large.akarin.PropExpr(lambda: change)
    return vs.core.akarin.Select([large, changed], [large], "x._SARNum 0 > x._SARDen 0 > and 1 0 ?")
