"""`ainimotion explain`: what would be decided, without encoding."""

from pathlib import Path
from typing import Any

import click

from vsainimotion.cli.options import FILM, GRAPH_OPTIONS, PATH, QUIET, read_graph_options, with_options
from vsainimotion.cli.progress import ProgressLine
from vsainimotion.media.job import open_film
from vsainimotion.media.workplace import check_folder
from vsainimotion.report.explain import explain, frames_script, full_script, outline_script
from vsainimotion.report.journal import NAMES, Journal
from vsainimotion.report.page import CADENCE_WORDS, FRAME_WORDS, clock, describe_work
from vsainimotion.report.scope import Scope, planned_factor, planned_scope
from vsainimotion.report.sheets import Scripts, plan_thumbnail
from vsainimotion.report.summary import Summary

REPORT_EVERY_FRAMES = 24


@click.command("explain")
@FILM
@with_options(GRAPH_OPTIONS)
@click.option("--full", is_flag=True, help="Also make the new frames, to know how far each is to be trusted.")
@click.option("--out", type=PATH, metavar="DIR", help="Write the report into DIR, which is made.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier report in DIR.")
@QUIET
def command(
    source: Path,
    *,
    full: bool,
    out: Path | None,
    overwrite: bool,
    quiet: bool,
    **values: Any,  # noqa: ANN401 (click hands over what its options declare)
) -> None:
    """Show what `enhance` would decide for the frames of IN: what moves, what is held, where the cuts are.

    The gate looks at every frame and the schedule is laid out; no network runs and nothing is encoded. With --full the
    new frames are made, at the film's own size, and their confidence is known.
    """
    options, span = read_graph_options(values)
    if out:
        check_folder("explain", out, NAMES, overwrite=overwrite)
    with ProgressLine(quiet=quiet) as line:
        opened = open_film(source, options, None, span, line.report)
        scope = planned_scope(opened, options, is_asked=full)
        script = full_script(opened) if full else outline_script(opened, planned_factor(opened, options))

        def show(frames: int) -> None:
            if frames % REPORT_EVERY_FRAMES == 0:
                line.report(f"looking at frame {frames} of {scope.total}")

        journal = Journal(out, scope)
        explain(script, journal, show)
        size = plan_thumbnail(scope.size, opened.info.video.colour.sample_aspect)
        summary = journal.finish(Scripts(film=frames_script(opened), made=script), size, line.report)
    click.echo(describe_summary(scope, summary))
    if out:
        click.echo(f"  report    {journal.page}")


def describe_summary(scope: Scope, summary: Summary) -> str:
    """Returns what the decisions come to, as lines for a person."""
    intervals = {kind.name.lower(): count for kind, count in summary.intervals.items()}
    frames = {FRAME_WORDS[name]: count for name, count in summary.frames.items()}
    cadence = [f"{CADENCE_WORDS[name]} {share:.0%}" for name, share in summary.cadence_shares().items()]
    seconds = sum(shot.frames for shot in summary.shots) / scope.source_fps
    works = [
        (scope.models.interpolator, summary.interpolation, "frames between the film's own"),
        (scope.models.enlarger, summary.upscaling, "frames of the film"),
    ]
    rates = f"{scope.frames} frames at {scope.source_fps} fps become {scope.total} at {scope.fps} fps"
    pace = f"{len(summary.shots)} shots, {float(summary.drawings / seconds):.1f} drawings a second"
    lines = [
        f"{scope.film}: {rates}, {clock(scope.total / scope.fps)}",
        f"  intervals {_shares(intervals)}",
        f"  frames    {_shares(frames)}",
        *(f"  work      {describe_work(name, work, what)}" for name, work, what in works if name),
        f"  cadence   {pace}; {', '.join(cadence)}",
    ]
    if summary.doubts:
        worst = ", ".join(f"{clock(row.number / scope.fps)} ({row.confidence:.2f})" for row in summary.doubts[:3])
        lines.append(f"  doubt     {worst}")
    return "\n".join(lines)


def _shares(counts: dict[str, int]) -> str:
    whole = sum(counts.values()) or 1
    return ", ".join(f"{name} {count} ({count / whole:.0%})" for name, count in counts.items())
