"""Whether two frames are of one shot: what motion explains of a change, what its neighbours say, and a small decision.

A luma copy of 136 lines is predicted from the next and from the frame before by block motion. What motion leaves,
weighed against the contrast of the picture and compared with the intervals around, goes with differences over one to
three frames, and with what up to ten frames say (`vsainimotion.returns`), into a network of some two thousand numbers
(`shots.json`; `export/shots.py` trains it), which is itself an expression over frame properties.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import vapoursynth as vs

from vsainimotion.measures import shift
from vsainimotion.returns import keep_around, measure_returns

core = vs.core

_HEIGHT = 136
_BLOCK_PX = 8
_WIDTHS = (64, 512)
_UNEXPLAINED = 12
"""Code values of 8 bit from which a block's mean difference after motion compensation counts as unexplained."""

CLASSES = ("Steady", "Cut", "Flash", "Fade")
"""What the network tells apart: motion or a hold; a cut; a change that goes back; a change little by little."""


def plan_coarse_size(width: int, height: int) -> tuple[int, int]:
    """Plans the size of the copy that sees cuts: 136 lines, whole blocks wide, tiny clips enlarged to it."""
    low, high = _WIDTHS
    ideal = round(width * _HEIGHT / height / _BLOCK_PX) * _BLOCK_PX
    return min(max(ideal, low), high), _HEIGHT


def judge_shots(copy: vs.VideoNode, change: vs.VideoNode, size: tuple[int, int]) -> vs.VideoNode:
    """Says of every interval how likely it is a cut, a flash or a fade.

    Args:
        copy: A fine copy (`vsainimotion.measures.fine_copy`).
        change: What `vsainimotion.measures.measure_change` says of it.
        size: Width and height of the clip that was copied.

    Returns:
        A tiny clip of as many frames with the properties of `FEATURES` and those of `CLASSES`, 0 to 1, whose sum is 1.
    """
    features = measure_features(copy, change, size)
    network = _load_network()
    hidden = {f"H{k}": _softsign(_weigh(row, FEATURES)) for k, row in enumerate(network["hidden"])}
    inner = core.akarin.PropExpr(features, dict=lambda: hidden)
    outputs = {f"E{name}": f"{_weigh(row, hidden)} exp" for name, row in zip(CLASSES, network["output"], strict=True)}
    raised = core.akarin.PropExpr(inner, dict=lambda: outputs)
    total = " ".join(f"x.E{name}" for name in CLASSES) + " +" * (len(CLASSES) - 1)
    return core.akarin.PropExpr(raised, dict=lambda: {name: f"x.E{name} {total} /" for name in CLASSES})


@cache
def _load_network() -> Mapping[str, list[list[float]]]:
    """Loads the weights: rows of one number for each input and a last one for the bias."""
    network: Mapping[str, list[list[float]]] = json.loads(
        files("vsainimotion").joinpath("shots.json").read_text(encoding="utf-8")
    )
    return network


def _weigh(row: list[float], names: Mapping[str, str]) -> str:
    terms = [f"x.{name} {weight} *" for name, weight in zip(names, row[:-1], strict=True)]
    return " ".join(terms) + " +" * (len(terms) - 1) + f" {row[-1]} +"


def _softsign(expression: str) -> str:
    return f"{expression} sum! sum@ sum@ abs 1 + /"


def measure_features(copy: vs.VideoNode, change: vs.VideoNode, size: tuple[int, int]) -> vs.VideoNode:
    """Measures what the network looks at.

    Args:
        copy: As in `judge_shots`.
        change: As in `judge_shots`.
        size: As in `judge_shots`.

    Returns:
        A tiny clip of as many frames with the properties of `FEATURES`.
    """
    coarse = copy.resize.Bilinear(*plan_coarse_size(*size))
    facts = core.akarin.PropExpr(_measure(coarse), dict=lambda: _RELATIVE)
    keep_around(facts)
    around = [facts, shift(facts, -1), shift(facts, 1), shift(facts, -2)]
    farther = [shift(facts, frames) for frames in (-4, -3, 2, 3, 4)]
    pixel = core.std.BlankClip(width=1, height=1, format=vs.GRAY8, length=copy.num_frames, keep=True)
    sources = [pixel, *around, change, measure_returns(coarse, facts), *farther]
    return core.akarin.PropExpr(sources, dict=lambda: FEATURES)


def _measure(exact: vs.VideoNode) -> vs.VideoNode:
    """Measures each interval of a copy of 16 bits with and without motion compensation.

    Returns:
        A clip with the properties, all 0 to 1: `Level` and `LevelNext` (mean luma of both frames), `Power` and
        `PowerNext` (mean square), `Product` (mean product of both), `Plain`, `Plain2`, `Plain3` (mean difference one,
        two and three frames ahead), `Back` and `Forth` (mean difference after motion compensation in each direction,
        level removed), `BackShare` and `ForthShare` (share of blocks it leaves unexplained), `Beyond` (the part of it,
        level kept, that no shift within a pixel explains), `Changed` (share of blocks that differ), `Bend` (second
        difference in time).
    """
    copy = exact.resize.Point(format=vs.GRAY8)
    after = shift(copy, 1)
    back, forth = _compensate(copy)
    back_rest, forth_rest = _levelled(copy, back), _levelled(after, forth)
    levels = _stats(copy)
    power = _stats(core.akarin.Expr(copy, "x 255 / dup *", format=vs.GRAYS))
    product = core.akarin.Expr([copy, after], "x y * 65025 /", format=vs.GRAYS)
    facts = {
        "Level": levels,
        "LevelNext": shift(levels, 1),
        "Power": power,
        "PowerNext": shift(power, 1),
        "Product": _stats(product),
        "Plain": _difference(exact, shift(exact, 1)),
        "Plain2": _difference(exact, shift(exact, 2)),
        "Plain3": _difference(exact, shift(exact, 3)),
        "Back": _stats(back_rest),
        "Forth": _stats(forth_rest),
        "BackShare": _unexplained(back_rest),
        "ForthShare": _unexplained(forth_rest),
        "Beyond": _stats(_beyond_a_pixel(after, forth)),
        "Changed": _changed_blocks(copy, after),
        "Bend": _stats(core.akarin.Expr([shift(exact, -1), exact, shift(exact, 1)], "x z + 2 / y - abs")),
    }
    differences = {"Plain", "Plain2", "Plain3"}
    table = {name: f"src{k}.Own{'Diff' if name in differences else 'Average'}" for k, name in enumerate(facts)}
    return core.akarin.PropExpr(list(facts.values()), dict=lambda: table)


def _stats(clip: vs.VideoNode) -> vs.VideoNode:
    return clip.std.PlaneStats(prop="Own")


def _difference(a: vs.VideoNode, b: vs.VideoNode) -> vs.VideoNode:
    return core.std.PlaneStats(a, b, prop="Own")


def _compensate(copy: vs.VideoNode) -> tuple[vs.VideoNode, vs.VideoNode]:
    """Predicts frame n from n+1 and frame n+1 from n by block motion; scene change limits are switched off."""
    blocks = copy.mv.Super(hpad=16, vpad=16, pel=1, chroma=False)

    def predict(*, backward: bool) -> vs.VideoNode:
        vectors = blocks.mv.Analyse(isb=backward, blksize=_BLOCK_PX, search=4, searchparam=2, chroma=False)
        return copy.mv.Compensate(blocks, vectors, thsad=10000, thscd1=16000, thscd2=255)

    return predict(backward=True), shift(predict(backward=False), 1)


def _levelled(clip: vs.VideoNode, prediction: vs.VideoNode) -> vs.VideoNode:
    """The difference to a prediction once both have the same mean, so that brightness alone leaves nothing."""
    pair = [_stats(clip), _stats(prediction)]
    return core.akarin.Expr(pair, "x y - x.OwnAverage y.OwnAverage - 255 * - abs")


def _blocks(clip: vs.VideoNode) -> vs.VideoNode:
    return clip.resize.Bilinear(clip.width // _BLOCK_PX, clip.height // _BLOCK_PX)


def _unexplained(rest: vs.VideoNode) -> vs.VideoNode:
    return _stats(core.akarin.Expr(_blocks(rest), f"x {_UNEXPLAINED} > 255 0 ?"))


def _beyond_a_pixel(clip: vs.VideoNode, prediction: vs.VideoNode) -> vs.VideoNode:
    """The difference that no shift of the prediction by a pixel or less explains: fades leave it, slow pans do not."""
    bounds = [clip, prediction.std.Maximum(), prediction.std.Minimum()]
    return core.akarin.Expr(bounds, "x y - z x - max 0 max")


def _changed_blocks(clip: vs.VideoNode, after: vs.VideoNode) -> vs.VideoNode:
    """Marks the blocks that differ, level removed, by half of the contrast (between 1 and 10 % of the range)."""
    power = core.akarin.Expr(clip, "x 255 / dup *", format=vs.GRAYS).std.PlaneStats(prop="Power")
    facts = _blocks(_levelled(clip, after)).std.CopyFrameProps(power, props=["PowerAverage"])
    facts = facts.std.CopyFrameProps(_stats(clip), props=["OwnAverage"])
    half_contrast = "x.PowerAverage x.OwnAverage dup * - 0 max sqrt 127 *"
    return _stats(core.akarin.Expr(facts, f"x {half_contrast} 2.5 max 24 min > 255 0 ?"))


_SPREAD = "x.Power x.Level dup * - 0 max sqrt"
_SPREAD_NEXT = "x.PowerNext x.LevelNext dup * - 0 max sqrt"
# Relative to the contrast of the picture, with a floor of two levels, so that two dark rooms count as much as two
# bright ones.
_RELATIVE = {
    "Contrast": f"{_SPREAD} {_SPREAD_NEXT} + 2 / 0.008 +",
    "Rest": f"x.Back x.Forth min {_SPREAD} {_SPREAD_NEXT} + 2 / 0.008 + /",
    "RestWorse": f"x.Back x.Forth max {_SPREAD} {_SPREAD_NEXT} + 2 / 0.008 + /",
    "Change": "x.Plain 0.0001 +",
    "SpreadLess": f"{_SPREAD} {_SPREAD_NEXT} min",
    "Likeness": f"x.Product x.Level x.LevelNext * - {_SPREAD} {_SPREAD_NEXT} * 0.00003 max / -1 max 1 min",
}


def _most(fact: str) -> str:
    """The largest value of a fact in the four intervals before and the four after."""
    return " ".join(f"{clip}.{fact}" for clip in "zabefghi") + " max" * 7


# In these expressions y is the interval itself, z the one before, a the one after, b the one two before, c what the
# fine copy says of the interval, d what farther frames say, and e to i the intervals four and three before, and two,
# three and four after.
FEATURES: Mapping[str, str] = {
    "RestRoot": "y.Rest sqrt",
    "RestWorseRoot": "y.RestWorse sqrt 2 min",
    "ChangedShare": "y.Changed",
    "RestShare": "y.BackShare y.ForthShare min",
    "RestShareWorse": "y.BackShare y.ForthShare max",
    "Alone": "y.Rest y.Rest z.Rest a.Rest max + 0.03 + /",
    "AloneOnce": "y.Rest y.Rest z.Rest a.Rest min + 0.03 + /",
    "AloneWorse": "y.Rest y.RestWorse + y.Rest y.RestWorse + z.Rest z.RestWorse + a.Rest a.RestWorse + max + 0.06 + /",
    "AlonePlain": "y.Plain y.Plain z.Plain a.Plain max + 0.005 + /",
    "Later": "y.Plain2 y.Change / 3 min",
    "Earlier": "z.Plain2 y.Change / 3 min",
    "MuchLater": "y.Plain3 y.Change / 4 min",
    "MuchEarlier": "b.Plain3 y.Change / 4 min",
    "BendLess": "y.Bend a.Bend min y.Change / 1.5 min",
    "BendMore": "y.Bend a.Bend max y.Change / 1.5 min",
    "BeyondMotion": "y.Beyond y.Change / 2 min",
    "ChangeRoot": "y.Plain sqrt",
    "ChangeRelative": "y.Plain y.Contrast / sqrt 3 min",
    "Unexplained": "y.Back y.Forth min y.Change / 2 min",
    "Level": "y.LevelNext y.Level - abs",
    "Contrast": "y.Contrast",
    "SpreadRatio": "y.SpreadLess y.Contrast /",
    "Returns": "y.Plain2 y.Plain3 min z.Plain2 min b.Plain3 min y.Change / 3 min",
    "Likeness": "y.Likeness",
    "LikenessBefore": "z.Likeness",
    "LikenessAfter": "a.Likeness",
    "Slide": "c.Slide",
    "Drift": "c.Drift sqrt",
    "Noise": "c.Noise sqrt",
    "ReturnsAhead": "d.ApartAhead d.Apart 0.0001 + / 3 min",
    "ReturnsBehind": "d.ApartBehind d.Apart 0.0001 + / 3 min",
    "ReturnsAcross": "d.ApartAcross d.Apart 0.0001 + / 3 min",
    "AcrossRelative": "d.ApartAcrossMore y.Contrast / sqrt",
    "PixelsAhead": "d.PixelsAhead d.Apart 0.0001 + / 3 min",
    "PixelsBehind": "d.PixelsBehind d.Apart 0.0001 + / 3 min",
    "Parts": "d.Parts",
    "PartsAhead": "d.PartsAhead",
    "PartsBehind": "d.PartsBehind",
    "Tones": "d.Tones",
    "TonesMost": "d.TonesMost",
    "TextureRatio": "d.Texture d.TextureNext min d.Texture d.TextureNext + 0.001 + /",
    "TextureChange": "d.TextureNext d.Texture - d.Texture d.TextureNext + 0.001 + /",
    "AlonePlainFar": f"y.Plain y.Plain {_most('Plain')} + 0.005 + /",
    "AloneFar": f"y.Rest y.Rest {_most('Rest')} + 0.03 + /",
}
"""What the network looks at, by property."""
