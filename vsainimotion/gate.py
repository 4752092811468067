"""The gate: what lies between a frame and the next, measured and decided before any network runs.

Two small luma copies are made of each frame. The finer one (about 270 lines) answers *did anything move*: its largest
block difference sees a mouth on a still face. The coarser one (about 136 lines) answers *is it the same shot*: block
motion predicts each frame from the other, and what motion cannot explain, weighed against the contrast of the picture,
is the cut score. A change that comes back within three frames is a flash, a change that is linear in time and that
motion does not explain is a fade. Every measurement and the decision itself are frame properties computed by native
plugins, so that any frame can be asked for first.

What it cannot tell apart yet is written down in docs/gate.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from math import ceil

import vapoursynth as vs

from vsainimotion.errors import ArgumentError
from vsainimotion.native import check_clip, check_plugins

core = vs.core

_FINE_HEIGHT = 270
_FINE_BLOCK_PX = 4
_COARSE_HEIGHT = 136
_COARSE_BLOCK_PX = 8
_COARSE_WIDTHS = (64, 512)
_HOLD_PEAK_TO_MEAN = 8
"""A hold's mean difference is at most this part of its peak: a slow fade changes little anywhere, but everywhere."""
_RUN_STEPS = 6
"""A hold's frames know their first frame up to 2**6 frames back; longer holds start anew every 64 frames."""
_RUN_CHECKS_FRAMES = (4, 16, 32)


class Interval(IntEnum):
    """What lies between frame n and frame n+1; the values of the property `VsaiInterval`."""

    MOTION = 0
    HOLD = 1
    CUT = 2
    FADE = 3


INTERVAL_PROPERTY = "VsaiInterval"
RUN_PROPERTY = "VsaiRun"
PROPERTIES = (
    INTERVAL_PROPERTY,
    "VsaiMean",
    "VsaiPeak",
    "VsaiCut",
    RUN_PROPERTY,
    "_SceneChangeNext",
    "_SceneChangePrev",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class GateOptions:
    """The thresholds of the gate."""

    hold: float = 0.03
    """Largest block difference, 0 to 1, up to which an interval is a hold. 0 accepts identical luma only."""
    cut: float = 0.5
    """Cut score, 0 to 1, from which an interval is a cut."""

    def __post_init__(self) -> None:
        """Checks the ranges."""
        for name in ("hold", "cut"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ArgumentError(f"gate: '{name}' must be between 0 and 1 (got {value!r}).")


_DEFAULTS = GateOptions()


def gate(clip: vs.VideoNode, *, hold: float = _DEFAULTS.hold, cut: float = _DEFAULTS.cut) -> vs.VideoNode:
    """Measures and classifies every interval of a clip.

    Frame n carries what lies between frames n and n+1; the last frame has nothing after it and is a hold. A cut that
    the source already marks in `_SceneChangeNext` is believed, and so is a mark that says there is none.

    Args:
        clip: Any clip of 8 to 16 bit integer or float, one format and size, one frame or more.
        hold: Largest block difference, 0 to 1, up to which an interval is a hold. A block is 4x4 pixels of a copy
            about 270 lines high, 16x16 pixels of 1080p.
        cut: Cut score, 0 to 1, from which an interval is a cut.

    Returns:
        The same frames with `VsaiInterval` (an `Interval`), `VsaiMean` and `VsaiPeak` (mean and largest block
        difference of luma, 0 to 1), `VsaiCut` (0 to 1, how abrupt the change is beyond motion), `VsaiRun` (how many
        frames ago the drawing of this frame began, 0 to 63), and `_SceneChangeNext`/`_SceneChangePrev`.

    Raises:
        ArgumentError: A threshold is out of range, or the clip changes format or size.
        MissingError: A plugin is missing.
    """
    options = GateOptions(hold=hold, cut=cut)
    check_clip("gate", clip)
    check_plugins("gate", "akarin", "mv", "vszip")
    decided = _mark_runs(_classify(clip, options), clip, options)
    return clip.std.CopyFrameProps(decided, props=list(PROPERTIES))


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
    if frames > 0:
        return clip[steps:] + clip[-1] * steps
    return clip[0] * steps + clip[:-steps]


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


def plan_coarse_size(width: int, height: int) -> tuple[int, int]:
    """Plans the size of the copy that sees cuts: 136 lines, whole blocks wide, tiny clips enlarged to it."""
    low, high = _COARSE_WIDTHS
    ideal = round(width * _COARSE_HEIGHT / height / _COARSE_BLOCK_PX) * _COARSE_BLOCK_PX
    return min(max(ideal, low), high), _COARSE_HEIGHT


def _classify(clip: vs.VideoNode, options: GateOptions) -> vs.VideoNode:
    """Builds a tiny clip whose frames carry the decision about each interval."""
    fine = _measure_fine(clip)
    coarse = _measure_coarse(clip)
    marks = _read_marks(clip)
    facts = [coarse, shift(coarse, -1), shift(coarse, 1), shift(coarse, -2), fine, marks]
    scored = core.akarin.PropExpr(facts, dict=lambda: _SCORE)
    decided = core.akarin.PropExpr([scored, fine], dict=lambda: _decision(options, clip.num_frames))
    before = shift(decided, -1)
    marked = core.akarin.PropExpr(
        [decided, before],
        dict=lambda: {
            "_SceneChangeNext": f"x.VsaiInterval {Interval.CUT:d} =",
            "_SceneChangePrev": f"N 0 > y.VsaiInterval {Interval.CUT:d} = and",
        },
    )
    pixel = core.std.BlankClip(width=1, height=1, format=vs.GRAY8, length=clip.num_frames, keep=True)
    return pixel.std.CopyFrameProps(marked, props=list(PROPERTIES))


def _measure_fine(clip: vs.VideoNode, frames: int = 1) -> vs.VideoNode:
    """Measures the mean (`FineAverage`) and the largest block difference (`BlockMax`) to a frame some frames ahead."""
    copy = luma_copy(clip, *plan_fine_size(clip.width, clip.height), bits=16)
    difference = core.akarin.Expr([copy, shift(copy, frames)], "x y - abs")
    return _block_max(difference).std.CopyFrameProps(difference.std.PlaneStats(prop="Fine"), props=["FineAverage"])


def _block_max(difference: vs.VideoNode) -> vs.VideoNode:
    """Averages a difference over blocks; `BlockMax` is the largest."""
    size = (ceil(difference.width / _FINE_BLOCK_PX), ceil(difference.height / _FINE_BLOCK_PX))
    return difference.resize.Bilinear(*size).vszip.PlaneMinMax(prop="Block")


def _measure_coarse(clip: vs.VideoNode) -> vs.VideoNode:
    """Measures each interval with and without motion compensation on the coarse copy.

    Returns:
        A clip with the properties, all 0 to 1: `Level` and `LevelNext` (mean luma of both frames), `Power` and
        `PowerNext` (mean square), `Product` (mean product of both), `Plain`, `Plain2`, `Plain3` (mean difference one,
        two and three frames ahead), `Back` and `Forth` (mean difference after motion compensation in each direction,
        level removed), `Beyond` (the part of it, level kept, that no shift within a pixel explains), `Changed` (share
        of blocks that differ), `Bend` (second difference in time).
    """
    copy = luma_copy(clip, *plan_coarse_size(clip.width, clip.height), bits=8)
    after = shift(copy, 1)
    back, forth = _compensate(copy)
    levels = _stats(copy, "Own")
    power = _stats(core.akarin.Expr(copy, "x 255 / dup *", format=vs.GRAYS), "Power")
    facts = {
        "Level": (levels, "OwnAverage"),
        "LevelNext": (shift(levels, 1), "OwnAverage"),
        "Power": (power, "PowerAverage"),
        "PowerNext": (shift(power, 1), "PowerAverage"),
        "Product": (_stats(core.akarin.Expr([copy, after], "x y * 65025 /", format=vs.GRAYS), "Both"), "BothAverage"),
        "Plain": (_difference(copy, after), "GapDiff"),
        "Plain2": (_difference(copy, shift(copy, 2)), "GapDiff"),
        "Plain3": (_difference(copy, shift(copy, 3)), "GapDiff"),
        "Back": (_stats(_levelled(copy, back), "Left"), "LeftAverage"),
        "Forth": (_stats(_levelled(after, forth), "Left"), "LeftAverage"),
        "Beyond": (_stats(_beyond_a_pixel(after, forth), "Left"), "LeftAverage"),
        "Changed": (_changed_blocks(copy, after), "BlocksAverage"),
        "Bend": (_stats(core.akarin.Expr([shift(copy, -1), copy, after], "x z + 2 / y - abs"), "Bend"), "BendAverage"),
    }
    sources = [clip for clip, _ in facts.values()]
    table = {name: f"src{k}.{prop}" for k, (name, (_, prop)) in enumerate(facts.items())}
    return core.akarin.PropExpr(sources, dict=lambda: table)


def _stats(clip: vs.VideoNode, prop: str) -> vs.VideoNode:
    return clip.std.PlaneStats(prop=prop)


def _difference(a: vs.VideoNode, b: vs.VideoNode) -> vs.VideoNode:
    return core.std.PlaneStats(a, b, prop="Gap")


def _compensate(copy: vs.VideoNode) -> tuple[vs.VideoNode, vs.VideoNode]:
    """Predicts frame n from n+1 and frame n+1 from n by block motion; scene change limits are switched off."""
    blocks = copy.mv.Super(hpad=16, vpad=16, pel=1, chroma=False)

    def predict(*, backward: bool) -> vs.VideoNode:
        vectors = blocks.mv.Analyse(isb=backward, blksize=_COARSE_BLOCK_PX, search=4, searchparam=2, chroma=False)
        return copy.mv.Compensate(blocks, vectors, thsad=10000, thscd1=16000, thscd2=255)

    return predict(backward=True), shift(predict(backward=False), 1)


def _levelled(clip: vs.VideoNode, prediction: vs.VideoNode) -> vs.VideoNode:
    """The difference to a prediction once both have the same mean, so that brightness alone leaves nothing."""
    pair = [_stats(clip, "Own"), _stats(prediction, "Own")]
    return core.akarin.Expr(pair, "x y - x.OwnAverage y.OwnAverage - 255 * - abs")


def _beyond_a_pixel(clip: vs.VideoNode, prediction: vs.VideoNode) -> vs.VideoNode:
    """The difference that no shift of the prediction by a pixel or less explains: fades leave it, slow pans do not."""
    bounds = [clip, prediction.std.Maximum(), prediction.std.Minimum()]
    return core.akarin.Expr(bounds, "x y - z x - max 0 max")


def _changed_blocks(clip: vs.VideoNode, after: vs.VideoNode) -> vs.VideoNode:
    """Marks the blocks that differ, level removed, by half of the contrast (between 1 and 10 % of the range)."""
    blocks = _levelled(clip, after).resize.Bilinear(clip.width // _COARSE_BLOCK_PX, clip.height // _COARSE_BLOCK_PX)
    power = _stats(core.akarin.Expr(clip, "x 255 / dup *", format=vs.GRAYS), "Power")
    facts = blocks.std.CopyFrameProps(power, props=["PowerAverage"])
    facts = facts.std.CopyFrameProps(_stats(clip, "Own"), props=["OwnAverage"])
    half_contrast = "x.PowerAverage x.OwnAverage dup * - 0 max sqrt 127 *"
    return _stats(core.akarin.Expr(facts, f"x {half_contrast} 2.5 max 24 min > 255 0 ?"), "Blocks")


def _read_marks(clip: vs.VideoNode) -> vs.VideoNode:
    """Reads cuts that the source already marks: `MarkMax` is 1 for a cut, 0 for none, 255 where nothing is said.

    A property that is missing reads as not-a-number in Expr and saturates; PropExpr could not tell it from 0.
    """
    pixel = core.std.BlankClip(width=1, height=1, format=vs.GRAY8, length=clip.num_frames)
    carried = pixel.std.CopyFrameProps(clip, props=["_SceneChangeNext"])
    return core.akarin.Expr(carried, "x._SceneChangeNext").vszip.PlaneMinMax(prop="Mark")


# In these expressions x is the interval itself, y the one before, z the one after, a the one two before, b the fine
# measurement and c the marks. The constants were set on the clips and scenes named in docs/gate.md.
_CONTRAST = "x.Power x.Level dup * - 0 max sqrt x.PowerNext x.LevelNext dup * - 0 max sqrt + 2 / 0.008 +"
_RESIDUAL = "x.Back x.Forth min"
_SMOOTH = "x.Bend z.Bend min x.Plain 0.3 * <"
# One picture made brighter, darker, stronger or weaker: it is much like the one before (correlation), and a gain and an
# offset (a line fitted to the pixels of both) explain nearly all of the change.
_GAIN = (
    "x.PowerNext x.Power + x.Product 2 * - change! x.Power x.Level dup * - 0 max spread! "
    "x.PowerNext x.LevelNext dup * - 0 max spreadNext! x.Product x.Level x.LevelNext * - both! "
    "both@ dup * 0.8 spread@ * spreadNext@ * >= "
    "spreadNext@ both@ dup * spread@ 0.000001 max / - change@ 0.15 * < and change@ 0.000016 > and "
    "spread@ spreadNext@ min 0.00001 > and"
)
# A fade or dissolve: a gain, or linear in time as seen from one end, which no cut is, and not explained by motion.
_FADE = f"{_SMOOTH} x.Beyond x.Plain 0.4 * > and x.Plain 0.0035 > and {_GAIN} or"
_SCORE = {
    # The share of changed blocks times what motion leaves unexplained, relative to contrast.
    "Shot": f"{_FADE} 0 {_RESIDUAL} {_CONTRAST} / x.Changed * dup 0.118 + / ?",
    # The picture returns: a flash entered here (n+2 or n+3 is like n), or leaves here (n+1 is like n-1 or n-2).
    "Returns": "x.Plain2 x.Plain3 min y.Plain2 min a.Plain3 min x.Plain 0.4 * <",
    # A sudden jump of the level that motion and content do not explain.
    "Jump": f"x.LevelNext x.Level - abs dup 0.06 + / {_RESIDUAL} x.Plain 0.5 * < x.Changed 0.2 < and {_SMOOTH} not "
    "and *",
    "Fade": _FADE,
    "Mark": "c.MarkMax",
}


def _decision(options: GateOptions, length: int) -> dict[str, str]:
    """Writes the expressions that turn scores (x) and the fine measurement (y) into the properties."""
    abrupt = "x.Shot x.Jump max"
    held = f"{_still('y', options)} N {length - 1} >= or"
    unmarked = (
        f"{held} {Interval.HOLD:d} "
        f"x.Shot {options.cut} >= x.Returns {Interval.FADE:d} {Interval.CUT:d} ? "
        f"x.Jump {options.cut} >= x.Fade or {Interval.FADE:d} {Interval.MOTION:d} ? ? ?"
    )
    denied = f"x.Mark 0 = x.Shot {options.cut} >= and"
    no_cut = f"{held} {Interval.HOLD:d} {Interval.MOTION:d} ?"
    return {
        INTERVAL_PROPERTY: f"x.Mark 1 = {Interval.CUT:d} {denied} {no_cut} {unmarked} ? ?",
        "VsaiMean": "y.FineAverage",
        "VsaiPeak": "y.BlockMax 65535 /",
        "VsaiCut": f"x.Mark 1 = 1 {abrupt} ?",
    }


def _mark_runs(decided: vs.VideoNode, clip: vs.VideoNode, options: GateOptions) -> vs.VideoNode:
    """Counts how long each frame's drawing has been held.

    Frames that lie 4, 16 and 32 apart are compared again, so that a drift too slow to see from frame to frame ends a
    run.
    """
    held_before = f"N 0 > y.{INTERVAL_PROPERTY} {Interval.HOLD:d} = and"
    run = core.akarin.PropExpr([decided, shift(decided, -1)], dict=lambda: {RUN_PROPERTY: held_before})
    return count_runs(run, lambda run, frames: _measure_drift(run, clip, frames), _still("z", options))


def count_runs(
    run: vs.VideoNode,
    measure: Callable[[vs.VideoNode, int], vs.VideoNode] | None = None,
    accept: str = "1",
) -> vs.VideoNode:
    """Turns "this frame repeats the one before" into "this drawing began so many frames ago".

    It works by doubling: each step looks twice as far back, so that 64 frames take six steps whichever frame is asked
    for first. A run longer than that starts anew at whole multiples of 64: its frames agree on few first frames.

    Args:
        run: A clip with `VsaiRun` 1 where a frame repeats the frame before it, else 0.
        measure: Builds, from the runs so far and a distance in frames, a clip with facts about that distance.
        accept: Expression over those facts (as `z`) that lets a run grow across that distance.

    Returns:
        The clip with `VsaiRun` from 0 to 63.
    """
    length = 1
    for _ in range(_RUN_STEPS):
        sources = [run, shift(run, -length)]
        extend = f"x.{RUN_PROPERTY} {length} = N {length} >= and"
        if measure is not None and length in _RUN_CHECKS_FRAMES:
            sources.append(measure(run, length))
            extend += f" {accept} and"
        longer = f"{extend} x.{RUN_PROPERTY} y.{RUN_PROPERTY} + x.{RUN_PROPERTY} ?"
        # Without this the default cache forgets what lies so far back, and every frame is measured many times.
        run.std.SetVideoCache(mode=1, fixedsize=1, maxsize=2 * length + core.num_threads)
        run = core.akarin.PropExpr(sources, dict=lambda longer=longer: {RUN_PROPERTY: longer})
        length *= 2
    last = f"x.{RUN_PROPERTY} {length} >= N {length} % x.{RUN_PROPERTY} ?"
    return core.akarin.PropExpr(run, dict=lambda: {RUN_PROPERTY: last})


def _measure_drift(run: vs.VideoNode, clip: vs.VideoNode, frames: int) -> vs.VideoNode:
    """Measures the difference to the frame some frames ago, where a run is that long and nowhere else."""
    facts = _measure_fine(clip, -frames)
    nothing = core.std.BlankClip(facts, keep=True).std.SetFrameProps(BlockMax=0, FineAverage=0)
    return core.akarin.Select([nothing, facts], run, f"x.{RUN_PROPERTY} {frames} = 1 0 ?")


def _still(facts: str, options: GateOptions) -> str:
    """Writes the test of a fine measurement for a hold."""
    mean = options.hold / _HOLD_PEAK_TO_MEAN
    return f"{facts}.BlockMax 65535 / {options.hold} <= {facts}.FineAverage {mean} <= and"
