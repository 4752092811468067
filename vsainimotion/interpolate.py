"""Interpolation: frames between drawings, and only where something moved.

The schedule says which source frames an output frame lies between, the gate says what lies between those, and one
lazy selection asks for a source frame, a repeat, a blend or a generated frame: what is not asked for is never computed.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from fractions import Fraction
from types import MappingProxyType

import vapoursynth as vs

from vsainimotion.backend import Choice, choose_backend, run_network
from vsainimotion.blocks import LEAST_PX, interpolate_blocks
from vsainimotion.cadence import DEFAULT_SPAN_FRAMES, EVEN, check_cadence
from vsainimotion.errors import ArgumentError
from vsainimotion.fusion import correct_by_blocks, weigh
from vsainimotion.gate import INTERVAL_PROPERTY, GateOptions, Interval, gate
from vsainimotion.layers import compose, lay_out_layers, unweave
from vsainimotion.models import Card, find_card
from vsainimotion.motion import analysis_copy, estimate_motion, timestep_plane
from vsainimotion.native import check_clip, check_plugins, keep, once
from vsainimotion.overlays import find_overlays
from vsainimotion.refine import plan_finest, refine_flow
from vsainimotion.rgb import from_rgb, to_rgb
from vsainimotion.timeline import (
    ORIGIN_PROPERTY,
    TIMESTEP_PROPERTY,
    Origin,
    Timeline,
    describe,
    lay_out,
    set_rate,
)
from vsainimotion.timing import plan_schedule, snap_to_ntsc
from vsainimotion.warp import warp_blend, warp_fused

core = vs.core

MVTOOLS = "mvtools"
DEFAULT_MODEL = "flow-fast"
CONFIDENCE_PROPERTY = "VsaiConfidence"
LADDER_PROPERTY = "VsaiLadder"
_GATE_DEFAULTS = GateOptions()
_STEP_SHARE = 0.02
"""Share of the picture, 0 to 1, that a step of the ladder must have made for a frame to be marked with it."""
_DOUBT = (0.03, 0.1)
"""Mean difference of luma, 0 to 1, left between both sides up to which a place is trusted, and from which it is not."""


class Ladder(IntEnum):
    """How a generated frame was made in the end; the values of the property `VsaiLadder`. Absent, it is `NETWORK`."""

    NETWORK = 0
    SURROUNDINGS = 1
    """Partly it moves as the trusted places around do."""
    BLOCKS = 2
    """Partly it moves as blocks say."""
    NEAREST_DRAWING = 3
    """Partly it is of the nearer drawing alone."""


def interpolate(
    clip: vs.VideoNode,
    *,
    multi: Fraction | float | None = None,
    fps: Fraction | float | None = None,
    model: str = DEFAULT_MODEL,
    backend: str = "auto",
    kernel: str = "catmull-rom",
    cadence: str = "keep",
    span: int = DEFAULT_SPAN_FRAMES,
    hold: float | None = _GATE_DEFAULTS.hold,
    cut: float = _GATE_DEFAULTS.cut,
) -> vs.VideoNode:
    """Raises the frame rate of a clip by making the frames between its drawings.

    Source frames stay as they are. A frame inside a hold repeats it, a frame across a cut or flash repeats the drawing
    before it, a frame inside a fade is a blend; only motion asks for a network. Intervals that `gate` has already
    judged upstream are not measured again. The last frame is repeated until its time is over.

    Args:
        clip: Any clip of 8 to 16 bit integer or float, one format and size, one frame or more.
        multi: Output rate over source rate, above 0; 2 if neither this nor `fps` is given. Works on clips without a
            constant rate, too.
        fps: Output rate in frames per second, such as Fraction(60000, 1001). Needs a clip of constant rate.
        model: "mvtools" (block motion, no network) or the name of an interpolation network in the catalogue.
        backend: What runs the network: "auto" or a name from `vsainimotion.backend`.
        kernel: How flow networks read between pixels: "bilinear" or "catmull-rom".
        cadence: "keep" leaves each drawing its timing: new frames lie in the last interval of a hold only. "even"
            spreads drawings that change at a regular pace on twos or threes: the frames between two drawings are made
            at their even times, also in place of repeats in the source; never across a cut. A figure on twos over a pan
            on ones is spread alone, and the pan goes on. Not with "mvtools".
        span: With "even", the longest hold to spread, 2 to 8 frames of the source.
        hold: See `gate`.
        cut: See `gate`.

    Returns:
        Format and size of the clip at the new rate, with ceil(frames * factor) frames. Every frame has the properties
        of the source frame at or before it, its own `_DurationNum`/`_DurationDen`, `VsaiOrigin` (an `Origin`),
        `VsaiConfidence` (0 to 1; 1 where nothing was generated), `VsaiLadder` (a `Ladder`; absent where 0), the
        numbers of the source frames before and after in `VsaiSource` and `VsaiNext`, its `VsaiTimestep` between them,
        and the gate's properties for its own interval.

    Raises:
        ArgumentError: A rate is not above zero, both or an impossible one were given, or the clip has no one format.
        UnknownNameError: There is no such model, backend or kernel.
        MissingError: A plugin or backend is missing.
    """
    check_clip("interpolate", clip)
    check_plugins("interpolate", "akarin", "mv", "vszip")
    factor = plan_factor(clip.fps, multi=multi, fps=fps)
    schedule = plan_schedule(clip.num_frames, factor)
    check_cadence(cadence, span)
    if cadence == EVEN and model == MVTOOLS:
        raise ArgumentError(
            "interpolate: 'cadence' must be keep with mvtools, whose frames are evenly spaced (got even)."
        )
    generate = _choose_generator(model, backend, kernel)
    judged = _gate_once(clip, hold=hold, cut=cut)
    if cadence == EVEN:
        layers = lay_out_layers(keep(judged, 6 * span), schedule, cut, span)
        ground, figure = unweave(generate(layers.weave()))
        chosen = compose(layers, _choose_frames(layers.ground, ground), figure)
        return set_rate(describe(chosen, layers.figure.plan), clip.fps, factor)
    timeline = lay_out(keep(judged, 4), schedule, cut)
    chosen = _choose_frames(timeline, generate(timeline))
    return set_rate(describe(chosen, timeline.plan), clip.fps, factor)


def plan_factor(
    rate: Fraction, *, multi: Fraction | float | None = None, fps: Fraction | float | None = None
) -> Fraction:
    """Plans the factor between two rates.

    Args:
        rate: Rate of the source, 0 if it has no constant one.
        multi: Output rate over source rate, or None.
        fps: Output rate, or None.

    Returns:
        Output rate over source rate; 2 if neither was given.

    Raises:
        ArgumentError: Both are given, one is not above zero, or `fps` is asked of a clip without a constant rate.
    """
    if multi is not None and fps is not None:
        raise ArgumentError(f"interpolate: give either 'multi' or 'fps', not both (got {multi!r} and {fps!r}).")
    asked, name = (multi, "multi") if fps is None else (fps, "fps")
    try:
        value = Fraction(2) if asked is None else Fraction(asked).limit_denominator(1_000_000)
    except (ValueError, TypeError, OverflowError):
        value = Fraction(0)
    if value <= 0:
        raise ArgumentError(f"interpolate: '{name}' must be a rate above 0 (got {asked!r}).")
    if fps is None:
        return value
    if rate == 0:
        raise ArgumentError(
            f"interpolate: 'fps' needs a clip of constant rate (got a variable one, {fps!r} asked). "
            "Use 'multi', or set the rate with std.AssumeFPS first."
        )
    return snap_to_ntsc(value) / rate if isinstance(fps, float) else value / rate


type _Generator = Callable[[Timeline], vs.VideoNode]


def _choose_generator(model: str, backend: str, kernel: str) -> _Generator:
    """Finds what makes a middle frame from a timeline; the frame carries its confidence."""
    if model == MVTOOLS:
        return _generate_by_blocks
    card = find_card(model)
    if card.task != "interpolate":
        raise ArgumentError(f"interpolate: 'model' must be an interpolation network (got {model!r}, for {card.task}).")
    choice = choose_backend(backend)
    return lambda timeline: _NETWORK_KINDS[card.kind](timeline, card, choice, kernel)


def _generate_by_flow(timeline: Timeline, card: Card, choice: Choice, kernel: str) -> vs.VideoNode:
    """Moves the pixels of both neighbours along a network's flow."""
    copy = analysis_copy(timeline.clip, card)
    small = timeline.before(copy), timeline.after(copy)
    motion = estimate_motion(*small, card, choice)
    before, after = timeline.before(timeline.clip), timeline.after(timeline.clip)
    corrected = correct_by_blocks(motion.flow, small)
    overlays = find_overlays(before, after, plan_finest(corrected.flow, before))
    refined = refine_flow(corrected.flow, before, after, overlays)
    middle = warp_blend(before, after, refined.flow, kernel=kernel)
    steps = {Ladder.BLOCKS: corrected.share, Ladder.NEAREST_DRAWING: refined.nearest}
    return _judge(middle, refined.left, {Ladder.SURROUNDINGS: _invert(motion.trust)} | steps)


def _generate_by_fusion(timeline: Timeline, card: Card, choice: Choice, kernel: str) -> vs.VideoNode:
    """Mixes both neighbours, as they are and along two flows, by the weights of a network."""
    flow_card = find_card(card.motion or "")
    copy = analysis_copy(timeline.clip, flow_card)
    small = timeline.before(copy), timeline.after(copy)
    motion = estimate_motion(*small, flow_card, choice)
    before, after = timeline.before(timeline.clip), timeline.after(timeline.clip)
    fusion = weigh(motion, before, after, small, card, choice)
    middle = warp_fused(before, after, fusion.flows, fusion.weights, kernel=kernel)
    return _judge(middle, fusion.left, {Ladder.SURROUNDINGS: _invert(motion.trust)})


def _judge(middle: vs.VideoNode, left: vs.VideoNode, steps: Mapping[Ladder, vs.VideoNode | None]) -> vs.VideoNode:
    """Writes on a generated frame how far it is to be trusted, and the last step of the ladder that made much of it.

    What is left between both sides tells how wrong a frame is better than a network does (docs/interpolation.md).
    """
    surely, never = _DOUBT
    trusted = core.akarin.Expr(left, f"{never} x - {never - surely} / 0 max 1 min").std.PlaneStats(prop="Share")
    shares = [plane.std.PlaneStats(prop="Share") for plane in steps.values() if plane]
    last = f"{Ladder.NETWORK:d}"
    for letter, step in zip("yzabc", (step for step, plane in steps.items() if plane), strict=False):
        last = f"{letter}.ShareAverage {_STEP_SHARE} > {step:d} {last} ?"
    middle = core.akarin.PropExpr([once(middle), *shares], dict=lambda: {LADDER_PROPERTY: last})
    return _set_confidence(once(middle), trusted, "y.ShareAverage")


def _invert(share: vs.VideoNode) -> vs.VideoNode:
    return core.akarin.Expr(share, "1 x -")


def _generate_by_frame(timeline: Timeline, card: Card, choice: Choice, _kernel: str) -> vs.VideoNode:
    """Asks a network for the whole frame and converts it to the clip's own format.

    Such a network says nothing of how far to trust it: its confidence is one half everywhere.
    """
    rgb = to_rgb(timeline.clip)
    before = timeline.before(rgb)
    middle = run_network([before, timeline.after(rgb), timestep_plane(before)], card, choice)
    own = from_rgb(middle, timeline.clip).std.CopyFrameProps(timeline.before(timeline.clip))
    return _set_confidence(own, own, "0.5")


_NETWORK_KINDS: Mapping[str, Callable[[Timeline, Card, Choice, str], vs.VideoNode]] = MappingProxyType(
    {"flow": _generate_by_flow, "fusion": _generate_by_fusion, "frame": _generate_by_frame}
)


def _generate_by_blocks(timeline: Timeline) -> vs.VideoNode:
    """Moves the pixels of both neighbours along block vectors; clips too small for blocks are blended."""
    clip = timeline.clip
    if min(clip.width, clip.height) < LEAST_PX:
        blend = _blend(timeline.before(clip), timeline.after(clip))
        return _set_confidence(blend, blend, "0.5")
    frames, doubt = interpolate_blocks(clip, timeline.schedule)
    middle = frames.std.CopyFrameProps(timeline.before(clip))
    return _set_confidence(middle, timeline.before(doubt), "1 y.DoubtAverage -")


def _set_confidence(middle: vs.VideoNode, facts: vs.VideoNode, expression: str) -> vs.VideoNode:
    return core.akarin.PropExpr([middle, facts], dict=lambda: {CONFIDENCE_PROPERTY: expression})


def _gate_once(clip: vs.VideoNode, *, hold: float | None, cut: float) -> vs.VideoNode:
    """Measures the intervals, but leaves a frame that `gate` has judged upstream as it is, without measuring it again.

    A frame that was judged is no motion, or motion with a peak above zero.
    """
    judged = f"x.{INTERVAL_PROPERTY} 0 > x.VsaiPeak 0 > or 1 0 ?"
    return core.akarin.Select([gate(clip, hold=hold, cut=cut), clip], clip, judged)


def _choose_frames(timeline: Timeline, generated: vs.VideoNode) -> vs.VideoNode:
    """Asks, frame by frame, only for what the plan says: the frame before, a blend or a generated frame."""
    before = timeline.before(timeline.clip)
    sure = before.akarin.PropExpr(dict=lambda: {CONFIDENCE_PROPERTY: 1})
    blend = _blend(sure, timeline.after(timeline.clip))
    choice = f"x.{ORIGIN_PROPERTY} {Origin.INTERPOLATED:d} = x.{INTERVAL_PROPERTY} {Interval.MOTION:d} = 2 1 ? 0 ?"
    return core.akarin.Select([sure, once(blend), once(generated)], timeline.plan, choice)


def _blend(a: vs.VideoNode, b: vs.VideoNode) -> vs.VideoNode:
    """Mixes two clips by the timestep of the first."""
    return core.akarin.Expr([a, b], f"y x - x.{TIMESTEP_PROPERTY} * x +")
