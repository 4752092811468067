"""A look at one place of a film before the whole job: stills before and after, and a short clip by the same graph."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path

from vsainimotion.errors import ArgumentError, OutputError
from vsainimotion.media.film import main_track
from vsainimotion.media.job import Plan, Report, Request, Result, plan_job, run_job
from vsainimotion.media.probe import probe
from vsainimotion.media.render import Progress
from vsainimotion.media.span import Moment, plan_frame, span_around
from vsainimotion.media.stills import PNG, render_stills
from vsainimotion.media.timeline import read_timeline
from vsainimotion.media.workplace import PREFIX

BEFORE, AFTER, BETWEEN, CLIP = "before.png", "after.png", "between.png", "clip.mkv"

NAMES = (BEFORE, AFTER, BETWEEN, CLIP)
"""What a preview writes; `between.png` only where the graph puts a frame between two of the film's."""

LONGEST_S = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """A preview that can start."""

    plan: Plan
    """The job of the short clip."""
    frame: int
    """Number of the film's frame that is looked at."""

    @property
    def shown(self) -> int:
        """Its number within the part."""
        return self.frame - self.plan.opened.first

    @property
    def output_frames(self) -> tuple[int, ...]:
        """The output frame that shows it, and the one after if that lies before the film's next."""
        opened, rendered = self.plan.opened, self.plan.rendered
        factor = rendered.fps / opened.timeline.rate.fps
        first = min(ceil(self.shown * factor), rendered.frames - 1)
        is_between = first + 1 < rendered.frames and first + 1 < (self.shown + 1) * factor
        return (first, first + 1) if is_between else (first,)


def plan_preview(request: Request, at: Moment, seconds: float, report: Report) -> Preview:
    """Plans a preview; like `plan_job` it refuses what can be refused, and writes nothing.

    Args:
        request: The job that is previewed; its output is the short clip, its part is set here.
        at: The place.
        seconds: Length of the clip, above 0, at most a minute.
        report: Is told what is being done, where it takes long.

    Raises:
        VsaiError: The job cannot be done as asked; its class has the exit code.
    """
    if not 0 < seconds <= LONGEST_S:
        raise ArgumentError(
            f"preview: 'seconds' must be above 0 and at most {LONGEST_S} (got {seconds:g}). "
            "For more, use enhance with --clip"
        )
    info = probe(request.source)
    timeline = read_timeline(info.path, main_track(info), report)
    frame = plan_frame(at, timeline.rate.fps, timeline.frames)
    span = span_around(frame, timeline.rate.fps, Fraction(seconds), timeline.frames)
    return Preview(plan=plan_job(replace(request, span=span), report), frame=frame)


def run_preview(preview: Preview, on_progress: Callable[[Progress], None], report: Report) -> tuple[list[Path], Result]:
    """Writes the stills and the clip.

    Args:
        preview: The plan.
        on_progress: Is called while the clip is rendered.
        report: Is told which step begins.

    Returns:
        The stills, and what the job of the clip wrote.

    Raises:
        VsaiError: A step failed.
    """
    folder = preview.plan.request.out.parent
    source = f"import vsainimotion\n\n{preview.plan.opened.source}.set_output()\n"
    report("making the stills")
    stills = [(BEFORE, picture) for picture in render_stills(source, [preview.shown], PNG)]
    made = render_stills(preview.plan.opened.script, preview.output_frames, PNG)
    stills += zip((AFTER, BETWEEN), made, strict=False)
    paths = [_save(folder / name, picture) for name, picture in stills]
    if len(stills) < len((BEFORE, AFTER, BETWEEN)):
        (folder / BETWEEN).unlink(missing_ok=True)  # of an earlier preview: it would be taken for one of this
    return paths, run_job(preview.plan, on_progress, report)


def _save(path: Path, content: bytes) -> Path:
    """Writes a file beside its place and renames it into it."""
    beside = path.parent / f"{PREFIX}{secrets.token_hex(6)}{path.suffix}"
    try:
        beside.write_bytes(content)
        return beside.replace(path)
    except OSError as error:
        raise OutputError(
            f"preview: {str(path)!r} cannot be written ({error.strerror}). Choose another folder"
        ) from error
    finally:
        beside.unlink(missing_ok=True)
