"""Whether a picture comes back: how alike frames are that lie up to ten apart, how much they show, and in which tones.

A wing across the whole picture changes as much as a cut does. What tells them apart is that the frame after it looks
like one before the wing came; so each frame is compared with the ten after it, on copies so small that a pan within
those ten frames is a pixel or two. Where only a part is covered at a time, no frame as a whole comes back, but each of
its pixels does; so pixels are asked too.
"""

from collections.abc import Mapping

import vapoursynth as vs

from vsainimotion.measures import shift
from vsainimotion.native import keep

core = vs.core

REACH_FRAMES = 10
"""How far apart frames are compared. A thing that crosses the picture is gone after eight in most films."""
_NEAR_FRAMES = 4
"""How far on either side of an interval frames are compared across it."""
_TINY, _SMALL = 8, 4
"""A tiny copy has one pixel for 8x8 of the coarse copy, 64x64 of 1080p; a small one has one for 4x4."""
_TONES = (16, 32, 56, 80, 104, 136, 168, 208)
"""Luma of 8 bit from which a pixel counts for each of the tones; closer where eyes tell more apart."""

_CHANGED = 0.2
"""A pixel of the tiny copy has changed where it differs by more than this part of the contrast, within these bounds."""
_LEAST_CHANGED, _MOST_CHANGED = 0.004, 0.03

type Facts = Mapping[str, str]


def measure_returns(coarse: vs.VideoNode, contrast: vs.VideoNode) -> vs.VideoNode:
    """Measures what lies farther from an interval than its neighbours.

    Args:
        coarse: A full-range luma copy of 136 lines, 16 bits.
        contrast: A clip with the property `Contrast` of each interval, 0 to 1.

    Returns:
        A clip with these properties of the interval from n to n+1, all 0 to 1. `Apart` is the mean difference that no
        shift within a pixel of the tiny copy explains. `ApartAhead` is the least of those from frame n to frames 2 to
        10 ahead, `ApartBehind` from frame n+1 to frames 2 to 10 before it, `ApartAcross` and `ApartAcrossMore` from
        one of the 4 or 5 frames up to n to one of the 4 or 5 after it. `PixelsAhead` and `PixelsBehind` are as
        `ApartAhead` and `ApartBehind`, but with the least of each pixel. `Parts` is the share of pixels that changed,
        `PartsAhead` and `PartsBehind` that of those among them that do not come back in that direction. `Texture` and
        `TextureNext` are the mean range of luma around a pixel, `Tones` and `TonesMost` the mean and the largest
        difference of the shares of pixels above eight tones.
    """
    apart = _measure_apart(coarse)
    keep_around(apart)
    befores = [shift(apart, -k) for k in range(REACH_FRAMES)]
    shown = _measure_shown(coarse)
    sources = [*befores, shown, shift(shown, 1), *_measure_pixels(befores, contrast)]
    return core.akarin.PropExpr(sources, dict=lambda: _FACTS)


def keep_around(clip: vs.VideoNode) -> None:
    """Keeps as many small frames as look at each other; by default they are forgotten and made several times."""
    keep(clip, 2 * REACH_FRAMES)


def _measure_apart(coarse: vs.VideoNode) -> vs.VideoNode:
    """Compares each frame with those up to ten ahead: `Apart1` to `Apart10`, what of each lies outside of the other.

    The frames hold what was compared, one picture below the other; the upper third of each counts.
    """
    tiny = _shrink(coarse, _TINY)
    # One picture of three parts: the tiny copy, and the most and the least around each of its pixels.
    parts = core.std.StackVertical([tiny, tiny.std.Maximum(), tiny.std.Minimum()])
    keep_around(parts)
    most, least = f"[0,{tiny.height}]", f"[0,{2 * tiny.height}]"
    outside = f"x y{most} - y{least} x - max y x{most} - max x{least} y - max 0 max"
    compare = f"Y {tiny.height} < {outside} 0 ?"
    steps = range(1, REACH_FRAMES + 1)
    apart = [core.akarin.Expr([parts, shift(parts, k)], compare).std.PlaneStats(prop="Own") for k in steps]
    names = {f"Apart{k}": f"src{k}.OwnAverage 3 *" for k in steps}
    return core.akarin.PropExpr([core.std.StackVertical(apart), *apart], dict=lambda: names)


def _measure_pixels(befores: list[vs.VideoNode], contrast: vs.VideoNode) -> list[vs.VideoNode]:
    """Averages over the pixels: the least difference ahead and behind, what changed, and what of it is not undone."""
    own = befores[0].std.CopyFrameProps(contrast, props=["Contrast"])
    rows, far = own.height // REACH_FRAMES, range(2, REACH_FRAMES + 1)
    upper = f"Y {rows // 3} <"
    ahead = core.akarin.Expr(own, f"{upper} {_fold([f'x[0,{rows * (k - 1)}]' for k in far], 'min')} 0 ?")
    # What was compared k frames ahead of the frame that lies k - 1 before n is frame n + 1 with that frame.
    behinds = _fold([f"src{k - 2}[0,{rows * (k - 1)}]" for k in far], "min")
    behind = core.akarin.Expr(befores[1:], f"{upper} {behinds} 0 ?")
    limit = f"x.Contrast {_CHANGED} * {_LEAST_CHANGED} max {_MOST_CHANGED} min 65535 *"
    changed = core.akarin.Expr(own, f"{upper} x {limit} > and 65535 0 ?")
    lasting = [core.akarin.Expr([own, least], f"{upper} x y min {limit} > and 65535 0 ?") for least in (ahead, behind)]
    return [clip.std.PlaneStats(prop="Own") for clip in (ahead, behind, changed, *lasting)]


def _measure_shown(coarse: vs.VideoNode) -> vs.VideoNode:
    """Measures how much a frame shows: its `Texture`, and the shares of its pixels above each tone, `Tone0` on."""
    small = _shrink(coarse, _SMALL)
    texture = core.akarin.Expr([coarse.std.Maximum(), coarse.std.Minimum()], "x y -").std.PlaneStats(prop="Own")
    above = [core.akarin.Expr(small, f"x {tone * 257} > 65535 0 ?").std.PlaneStats(prop="Own") for tone in _TONES]
    names = {"Texture": "src0.OwnAverage"} | {f"Tone{k}": f"src{k + 1}.OwnAverage" for k in range(len(_TONES))}
    return core.akarin.PropExpr([texture, *above], dict=lambda: names)


def _shrink(coarse: vs.VideoNode, factor: int) -> vs.VideoNode:
    return coarse.resize.Bilinear(coarse.width // factor, coarse.height // factor)


def _fold(terms: list[str], operator: str) -> str:
    return " ".join(terms) + f" {operator}" * (len(terms) - 1)


def _across(frames: int) -> str:
    """The least difference from one of some frames up to n to one of those after; clip k is shifted to frame n - k."""
    pairs = [(i, j) for i in range(frames) for j in range(frames)]
    return _fold([f"src{i}.Apart{i + j + 1}" for i, j in pairs if 0 < i + j < REACH_FRAMES], "min")


def _plan_facts() -> Facts:
    """Writes the facts: clip k holds the comparisons of frame n - k, the last two what frames n and n+1 show."""
    far, own, following = range(2, REACH_FRAMES + 1), f"src{REACH_FRAMES}", f"src{REACH_FRAMES + 1}"
    tones = [f"{own}.Tone{k} {following}.Tone{k} - abs" for k in range(len(_TONES))]
    facts = {"Apart": "src0.Apart1"}
    facts["ApartAhead"] = _fold([f"src0.Apart{k}" for k in far], "min")
    facts["ApartBehind"] = _fold([f"src{k - 1}.Apart{k}" for k in far], "min")
    facts |= {"ApartAcross": _across(_NEAR_FRAMES), "ApartAcrossMore": f"{_across(_NEAR_FRAMES + 1)} src0.Apart1 min"}
    pixels = ("PixelsAhead", "PixelsBehind", "Parts", "PartsAhead", "PartsBehind")
    facts |= {name: f"src{REACH_FRAMES + 2 + k}.OwnAverage {3 * REACH_FRAMES} *" for k, name in enumerate(pixels)}
    facts |= {"Texture": f"{own}.Texture", "TextureNext": f"{following}.Texture"}
    return facts | {"Tones": f"{_fold(tones, '+')} {len(_TONES)} /", "TonesMost": _fold(tones, "max")}


_FACTS = _plan_facts()
