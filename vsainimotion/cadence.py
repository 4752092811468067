"""Cadence: for how many frames each drawing is held, and which drawings can be spread evenly over time.

Animation at 24 frames a second shows a new drawing every second or third frame. Kept as it is, interpolation makes new
frames only in the last interval of each drawing: a still, a still, a step. Spread, the drawings stand at the ends of
their whole span and every frame between is made, so that 24 fps on twos becomes true 48.
"""

import vapoursynth as vs

from vsainimotion.errors import ArgumentError
from vsainimotion.gate import INTERVAL_PROPERTY, Interval, shift

core = vs.core

EVEN = "even"
CADENCES = ("keep", EVEN)
"""`keep` leaves drawings their timing, `even` spreads those that change at a regular pace."""
DEFAULT_SPAN_FRAMES = 3
MOST_SPAN_FRAMES = 8
BACK_PROPERTY = "VsaiBack"
"""How many frames before this one the drawing began that interpolation starts from; 0 unless it is spread."""
AHEAD_PROPERTY = "VsaiAhead"
"""How many frames after this one the drawing begins that interpolation goes to; 1 unless it is spread."""
LAYERED_PROPERTY = "VsaiLayered"
"""1 where the figure alone is spread and the ground behind it is not (`vsainimotion.layers`)."""


def check_cadence(cadence: str, span: int) -> None:
    """Checks the options.

    Raises:
        ArgumentError: There is no such cadence, or the span is out of range.
    """
    if cadence not in CADENCES:
        raise ArgumentError(f"interpolate: 'cadence' must be one of {', '.join(CADENCES)} (got {cadence!r}).")
    if not 2 <= span <= MOST_SPAN_FRAMES:
        raise ArgumentError(f"interpolate: 'span' must be 2 to {MOST_SPAN_FRAMES} frames (got {span!r}).")


def mark_spans(gated: vs.VideoNode, span: int) -> vs.VideoNode:
    """Says for each frame of a clip between which two frames its drawing is to be spread.

    A drawing is spread when it is held for 2 to `span` frames, motion follows it, and the drawing before or after is
    held for as long, give or take a frame, and for 2 at least: a lone hold among drawings on ones is meant.

    Args:
        gated: A clip with the gate's properties.
        span: Longest hold to spread, in frames.

    Returns:
        One pixel for each frame, with `VsaiBack` and `VsaiAhead`.
    """
    pixel = core.std.BlankClip(width=1, height=1, format=vs.GRAY8, length=gated.num_frames, keep=True)
    lengths = _measure_holds(pixel.std.CopyFrameProps(gated, props=[INTERVAL_PROPERTY]), span)
    neighbours = [shift(lengths, frames) for frames in range(-span, span + 1)]

    def source(frames: int) -> str:
        return f"src{frames + span}"

    own = f"{source(0)}.Back {source(0)}.Ahead +"
    # The drawing before ends where this one begins, the one after begins where this one ends.
    before = _pick(f"{source(0)}.Back", {k: f"{source(-k - 1)}.Back 1 +" for k in range(span)})
    before = f"N {source(0)}.Back > {before} 0 ?"
    after = _pick(f"{source(0)}.Ahead", {k: f"{source(k)}.Ahead" for k in range(1, span + 1)})
    like_before, like_after = (f"{length} 2 >= {length} {own} - abs 1 <= and" for length in (before, after))
    moves_on = f"{source(0)}.Next {Interval.MOTION:d} ="
    spread = f"{own} 2 >= {own} {span} <= and {moves_on} and {like_before} {like_after} or and"
    return core.akarin.PropExpr(
        neighbours,
        dict=lambda: {
            BACK_PROPERTY: f"{spread} {source(0)}.Back 0 ?",
            AHEAD_PROPERTY: f"{spread} {source(0)}.Ahead 1 ?",
        },
    )


def _measure_holds(intervals: vs.VideoNode, span: int) -> vs.VideoNode:
    """Counts how long each frame's drawing has been held (`Back`) and until when (`Ahead`), and what follows (`Next`).

    Both stop at `span` + 1: what is longer is not spread.
    """
    neighbours = [shift(intervals, frames) for frames in range(-span, span + 1)]

    def held(frames: int) -> str:
        return f"src{frames + span}.{INTERVAL_PROPERTY} {Interval.HOLD:d} ="

    back, ahead, following = "0", "1", f"src{2 * span}.{INTERVAL_PROPERTY}"
    for frames in range(span, 0, -1):
        back = f"N {frames} >= {held(-frames)} and {back} 1 + 0 ?"
    for frames in range(span - 1, -1, -1):
        goes_on = f"{held(frames)} N {frames} + {intervals.num_frames - 1} < and"  # the last frame holds, by contract
        ahead = f"{goes_on} {ahead} 1 + 1 ?"
        following = f"{goes_on} {following} src{frames + span}.{INTERVAL_PROPERTY} ?"
    return core.akarin.PropExpr(neighbours, dict=lambda: {"Back": back, "Ahead": ahead, "Next": following})


def _pick(number: str, choices: dict[int, str]) -> str:
    """Writes an expression that is the choice with a number, and 0 if there is none."""
    expression = "0"
    for value, choice in choices.items():
        expression = f"{number} {value} = {choice} {expression} ?"
    return expression


def follow(clip: vs.VideoNode, spans: vs.VideoNode, span: int) -> tuple[vs.VideoNode, vs.VideoNode]:
    """Puts the frames between which each frame's drawing is spread in its place.

    Args:
        clip: Any clip as long as `spans`.
        spans: What `mark_spans` returned.
        span: The span it was given.

    Returns:
        The frames where the drawing began, and those where the next one begins.
    """
    begun = core.akarin.Select([shift(clip, -k) for k in range(span)], spans, f"x.{BACK_PROPERTY}")
    coming = core.akarin.Select([shift(clip, k) for k in range(1, span + 1)], spans, f"x.{AHEAD_PROPERTY} 1 -")
    return begun, coming
