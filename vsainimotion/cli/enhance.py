"""`ainimotion enhance`: the job, with a progress line."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from vsainimotion.cli.options import (
    ENCODE_OPTIONS,
    FILM,
    GRAPH_OPTIONS,
    LOUDNESS_OPTIONS,
    PATH,
    REPORT,
    read_encode_options,
    read_graph_options,
    with_options,
)
from vsainimotion.cli.progress import ProgressLine
from vsainimotion.errors import VsaiError
from vsainimotion.media.ffmpeg import read_version
from vsainimotion.media.job import Plan, Request, Result, plan_job, run_job
from vsainimotion.media.workplace import check_folder
from vsainimotion.report.explain import frames_script
from vsainimotion.report.journal import NAMES, Journal
from vsainimotion.report.scope import reported_scope
from vsainimotion.report.sheets import Scripts, plan_thumbnail


@click.command("enhance")
@FILM
@click.option("--out", required=True, type=PATH, metavar="OUT", help=".mkv, .mp4, .mov or .webm.")
@with_options(GRAPH_OPTIONS, ENCODE_OPTIONS)
@click.option("--ffmpeg", metavar="PROGRAM", help="Another ffmpeg; also VSAINIMOTION_FFMPEG.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it is there.")
@click.option("--dry-run", is_flag=True, help="Print the plan and the commands, and stop.")
@REPORT
@with_options(LOUDNESS_OPTIONS)
def command(
    source: Path,
    out: Path,
    *,
    overwrite: bool,
    dry_run: bool,
    report: Path | None,
    quiet: bool,
    verbose: bool,
    **values: Any,  # noqa: ANN401 (click hands over what its options declare)
) -> None:
    """Make the film IN smoother and larger, and write it to OUT.

    Sound, subtitles, fonts, chapters, tags and languages are copied untouched. OUT appears when it is whole and has
    been checked; until then, or if anything fails, what was there stays as it was.
    """
    options, span = read_graph_options(values)
    encode = read_encode_options(values)
    request = Request(
        source=source, out=out, enhance=options, encode=encode, span=span, overwrite=overwrite, ffmpeg=values["ffmpeg"]
    )
    if report:
        check_folder("report", report, NAMES, overwrite=overwrite)
    with ProgressLine(quiet=quiet) as line:
        plan = plan_job(request, line.report)
        for note in plan.notes:
            line.say(f"note: {note}")
        if dry_run or verbose:
            click.echo(describe_plan(plan))
        if dry_run:
            return
        journal = Journal(report, reported_scope(plan.opened, options, plan.rendered)) if report else None
        try:
            with journal or nullcontext():
                result = run_job(plan, line.show, line.report, journal.add if journal else None)
        except KeyboardInterrupt:
            line.say(f"stopped: nothing was kept{f', but a partial report in {report}' if report else ''}")
            raise
        except VsaiError:
            if report:
                line.say(f"a partial report is in {report}")
            raise
        line.say(describe_result(plan, result))
        if journal:
            finish_report(plan, journal, line)


def finish_report(plan: Plan, journal: Journal, line: ProgressLine) -> None:
    """Writes the report's page and says where it is; the film is in place by then, whatever becomes of the report."""
    size = plan_thumbnail(journal.scope.size, plan.opened.info.video.colour.sample_aspect)
    scripts = Scripts(film=frames_script(plan.opened), made=plan.opened.script)
    journal.finish(scripts, size, line.report)
    line.say(f"report: {journal.page}")


def describe_plan(plan: Plan) -> str:
    """Returns what a job will do, a line each, with the script and the commands."""
    opened, rendered, timeline = plan.opened, plan.rendered, plan.opened.timeline
    frames = opened.last - opened.first + 1
    source = f"{frames} frames, {timeline.width}x{timeline.height}, {timeline.rate.fps} fps, {timeline.format}"
    result = f"{rendered.frames} frames, {rendered.width}x{rendered.height}, {rendered.fps} fps, {rendered.format}"
    lines = [
        f"in:       {opened.info.path}",
        f"          {source}",
        f"out:      {plan.request.out.absolute()}",
        f"          {result}, {plan.request.encode.encoder}",
        f"copied:   {_copied(plan, plan.opened.info.chapters) or 'nothing'}",
        f"ffmpeg:   {plan.ffmpeg} ({read_version(plan.ffmpeg)})",
        "",
        *(f"    {text}" for text in opened.script.splitlines()),
        "",
        *plan.commands(),
    ]
    return "\n".join(lines)


def describe_result(plan: Plan, result: Result) -> str:
    """Returns one line about a finished job."""
    rendered, progress = plan.rendered, result.progress
    share = "" if progress.repeated_share is None else f", {progress.repeated_share:.0%} repeated"
    return (
        f"{result.out}: {rendered.frames} frames, {rendered.width}x{rendered.height}, {rendered.fps} fps, "
        f"{float(rendered.duration):.3f} s{share}; {progress.fps:.1f} frames a second; "
        f"with {_copied(plan, result.muxed.chapters) or 'nothing else'}"
    )


def _copied(plan: Plan, chapters: int) -> str:
    kinds: dict[str, int] = {}
    for stream in plan.opened.info.streams:
        if stream.index in plan.copied:
            kinds[stream.kind] = kinds.get(stream.kind, 0) + 1
    if chapters:
        kinds["chapter"] = chapters
    return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in kinds.items())
