"""What would be decided: the gate and the schedule over a whole film, without a new frame and without an encoder."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import vapoursynth as vs

from vsainimotion.cadence import EVEN
from vsainimotion.enhance import OFF, render_script
from vsainimotion.gate import GateOptions, gate
from vsainimotion.intervals import Overrides
from vsainimotion.layers import lay_out_layers
from vsainimotion.media.job import Opened
from vsainimotion.media.survey import read_frames
from vsainimotion.report.journal import Journal
from vsainimotion.timeline import describe, lay_out
from vsainimotion.timing import plan_schedule

SCRIPT = """import vapoursynth as vs
import vsainimotion
from vsainimotion.report.explain import outline

vs.core.max_cache_size = 1024
outline({source}, {numerator}, {denominator}, span={span}, overrides={overrides}).set_output()
"""

FRAMES = "import vsainimotion\n\n{source}.set_output()\n"


def outline(
    clip: vs.VideoNode, numerator: int, denominator: int, *, span: int | None, overrides: Overrides | None = None
) -> vs.VideoNode:
    """Plans the output frames of `interpolate` without making one.

    Args:
        clip: The source.
        numerator: Of output rate over source rate.
        denominator: Of output rate over source rate.
        span: Longest hold that is spread evenly, in frames; None to keep the timing of all drawings.
        overrides: Corrections to the gate.

    Returns:
        One pixel for each output frame, with the properties that the gate and the schedule decide. It has no
        `VsaiConfidence`.
    """
    schedule = plan_schedule(clip.num_frames, Fraction(numerator, denominator))
    gated, cut = gate(clip, overrides=overrides), GateOptions().cut
    plan = (lay_out(gated, schedule, cut) if span is None else lay_out_layers(gated, schedule, cut, span).figure).plan
    return describe(plan, plan)


def outline_script(opened: Opened, factor: Fraction) -> str:
    """Writes the script that plans a film's output frames."""
    numerator, denominator = factor.as_integer_ratio()
    options = opened.options
    span = options.span if options.cadence == EVEN else None
    return SCRIPT.format(
        source=opened.source, numerator=numerator, denominator=denominator, span=span, overrides=options.overrides
    )


def full_script(opened: Opened) -> str:
    """Writes the script that also makes the new frames, so that their confidence is known; nothing is enlarged."""
    plain = replace(opened.options, upscaler=OFF, width=None, height=None, scale=None)
    return render_script(opened.source, plain)


def frames_script(opened: Opened) -> str:
    """Writes the script that puts out the frames taken as they are."""
    return FRAMES.format(source=opened.source)


def explain(script: str, journal: Journal, on_progress: Callable[[int], None]) -> None:
    """Renders a script for its decisions alone.

    Args:
        script: As `outline_script` or `full_script` writes it.
        journal: Takes the decisions; closed as partial if the rendering stops.
        on_progress: Is told how many frames have been decided.

    Raises:
        VsaiError: The film or a frame failed.
        KeyboardInterrupt: The user stopped it.
    """
    with journal:
        for number, properties in enumerate(read_frames(script), 1):
            journal.add(properties)
            on_progress(number)
