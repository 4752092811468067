"""The job: everything that can be known and refused before it starts, as a plan; then the run of that plan."""

import shlex
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av

from vsainimotion.enhance import Options, render_script
from vsainimotion.errors import InputError
from vsainimotion.intervals import take_overrides
from vsainimotion.media.colour import HDR_TRANSFERS, Colour, read_colour
from vsainimotion.media.container import Container, check_video, find_container, split_streams
from vsainimotion.media.encode import (
    DEPTHS,
    EncodeOptions,
    check_encoder,
    choose_format,
    encode_command,
    parse_format,
    pipe_container,
)
from vsainimotion.media.encoders import find_encoder
from vsainimotion.media.ffmpeg import find_ffmpeg
from vsainimotion.media.film import SourceInfo, main_track
from vsainimotion.media.mux import Muxed, MuxPlan, mux, set_aspect
from vsainimotion.media.probe import SHORT_S, check_readable, probe
from vsainimotion.media.render import OnFrame, Progress, render
from vsainimotion.media.span import Span, plan_frames
from vsainimotion.media.timeline import Timeline, read_timeline
from vsainimotion.media.verify import Expected, verify
from vsainimotion.media.vspipe import SCRIPT_NAME, ScriptInfo, pipe_command, read_output
from vsainimotion.media.workplace import check_output, move_in_place, temporary_files

COUNTED_KINDS = frozenset({"video", "audio", "subtitle", "attachment"})
"""Kinds of streams that the result is checked for; muxers write data streams of their own."""

DYNAMIC_HDR = frozenset({"HDR10+", "Dolby Vision", "Dolby Vision frames"})
"""HDR metadata that describes single frames, which no longer fits when frames are added."""

type Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What the user asks for."""

    source: Path
    out: Path
    enhance: Options = field(default_factory=Options)
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    span: Span | None = None
    """Part of the film; None takes all of it."""
    ffmpeg: str | None = None
    """The ffmpeg to use; None takes the one that comes with imageio-ffmpeg."""
    overwrite: bool = False
    """Whether an output of that name may be replaced."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A film that has been opened, and the script over it."""

    info: SourceInfo
    timeline: Timeline
    first: int
    last: int
    options: Options
    """What the graph does; corrections to the gate count from the first frame taken."""
    source: str
    """The Python expression that opens the frames taken."""
    script: str
    """The .vpy text."""

    @property
    def is_whole(self) -> bool:
        """Whether all frames are taken."""
        return self.first == 0 and self.last == self.timeline.frames - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A job that can start."""

    request: Request
    opened: Opened
    rendered: ScriptInfo
    """What the script puts out."""
    colour: Colour
    ffmpeg: Path
    container: Container
    copied: tuple[int, ...]
    notes: tuple[str, ...]
    """What the user should know, a sentence each."""

    def encode_command(self, picture: Path) -> list[str]:
        """Returns the command that encodes standard input into a file."""
        return encode_command(self.ffmpeg, self.request.encode, self.rendered, self.colour, picture)

    def commands(self) -> list[str]:
        """Returns the command lines of the run, as one would type them."""
        container = pipe_container(self.rendered.format)
        render = shlex.join(pipe_command(Path(SCRIPT_NAME), container=container, properties="frames.json"))
        return [f"{render} | {shlex.join(self.encode_command(Path('picture.mp4')))}"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A job that is done."""

    out: Path
    progress: Progress
    muxed: Muxed


def open_film(
    source: Path, options: Options, encode: EncodeOptions | None, span: Span | None, report: Report
) -> Opened:
    """Opens a film and writes the script over it.

    Args:
        source: The film.
        options: What the graph does.
        encode: How it is encoded, which fixes the format of the graph; None keeps the film's own.
        span: The part to take.
        report: Is told about the index.

    Raises:
        VsaiError: The film is not one, or the part is not in it.
    """
    info = probe(source)
    track = main_track(info)
    timeline = read_timeline(info.path, track, report)
    if span is None:
        _check_decoded(info, timeline)
    first, last = (0, timeline.frames - 1) if span is None else plan_frames(span, timeline.rate.fps, timeline.frames)
    if options.overrides is not None:
        options = replace(options, overrides=take_overrides(options.overrides, first, last, timeline.frames))
    format_name = choose_format(encode, timeline.format) if encode else timeline.format
    arguments = [repr(str(info.path))]
    if (first, last) != (0, timeline.frames - 1):
        arguments += [f"first={first}", f"last={last}"]
    if format_name != timeline.format:
        arguments.append(f"format={format_name!r}")
    if track is not None:
        arguments.append(f"track={track}")
    expression = f"vsainimotion.source({', '.join(arguments)})"
    script = render_script(expression, options)
    return Opened(
        info=info, timeline=timeline, first=first, last=last, options=options, source=expression, script=script
    )


def _check_decoded(info: SourceInfo, timeline: Timeline) -> None:
    """Refuses a film whose picture cannot be decoded up to its end; what is lost in between or before is a note."""
    end = timeline.start + timeline.frames / timeline.rate.fps
    if info.video.last is not None and info.video.last - end > SHORT_S:
        raise InputError(
            f"{str(info.path)!r} is damaged: its picture can be decoded up to {float(end):.3f} s, and goes on to "
            f"{float(info.video.last):.3f} s. Copy or download it again, or take a part before that with --clip"
        )


def plan_job(request: Request, report: Report) -> Plan:
    """Plans a job: checks everything that can be checked before it starts, and writes nothing beside the output.

    Args:
        request: What is asked for.
        report: Is told what is being done, where it takes long.

    Raises:
        VsaiError: The job cannot be done as asked; its class has the exit code.
    """
    container = find_container(request.out)
    check_readable(request.source)
    check_output(request.out, request.source, overwrite=request.overwrite)
    row = find_encoder(request.encode.encoder)
    check_video(container, row.stream)
    program = find_ffmpeg(request.ffmpeg)
    check_encoder(program, row.name)
    opened = open_film(request.source, request.enhance, request.encode, request.span, report)
    video = opened.info.video.index
    with av.open(str(opened.info.path)) as film:
        copied, left_out = split_streams(film, container, video)
    rendered, properties = read_output(opened.script)
    return Plan(
        request=request,
        opened=opened,
        rendered=rendered,
        colour=read_colour(properties),
        ffmpeg=program,
        container=container,
        copied=tuple(copied),
        notes=(*_notes(opened, request), *_left_out(opened.info, left_out, container)),
    )


def run_job(
    plan: Plan, on_progress: Callable[[Progress], None], report: Report, on_frame: OnFrame | None = None
) -> Result:
    """Runs a planned job: renders the picture, muxes, verifies, and only then gives the output its name.

    Args:
        plan: The plan.
        on_progress: Is called a few times a second while frames are rendered.
        report: Is told which step begins.
        on_frame: Is given the properties of each frame; see `render`.

    Returns:
        What was written.

    Raises:
        VsaiError: A step failed; temporary files are gone and the output's name is as it was.
        KeyboardInterrupt: The user stopped it; the same.
    """
    request, opened = plan.request, plan.opened
    out = request.out.absolute()
    suffixes = (".mp4", out.suffix, out.suffix)
    with script_file(opened.script) as script, temporary_files(out, *suffixes) as (picture, muxed_file, shaped):
        command = plan.encode_command(picture)
        rendered = plan.rendered
        progress = render(script, command, rendered.format, rendered.frames, on_progress, on_frame)
        report("adding sound, subtitles and the rest")
        muxed = mux(_mux_plan(plan, picture, muxed_file))
        picture.unlink()
        output = _shape(plan, muxed, muxed_file, shaped)
        report("reading the result back")
        verify(output, _expected(plan, muxed))
        move_in_place(output, out, overwrite=request.overwrite)
    return Result(out=out, progress=progress, muxed=muxed)


@contextmanager
def script_file(text: str) -> Iterator[Path]:
    """Writes a script into a temporary folder, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="vsainimotion-") as folder:
        script = Path(folder, SCRIPT_NAME)
        script.write_text(text, "utf-8")
        yield script


def _mux_plan(plan: Plan, picture: Path, output: Path) -> MuxPlan:
    opened, fps = plan.opened, plan.opened.timeline.rate.fps
    return MuxPlan(
        source=opened.info.path,
        picture=picture,
        output=output,
        container=plan.container,
        video=opened.info.video.index,
        copied=plan.copied,
        colour=plan.colour,
        origin=opened.timeline.start + opened.first / fps,
        starts={stream.index: stream.start for stream in opened.info.streams if stream.start is not None},
        length=None if opened.is_whole else (opened.last - opened.first + 1) / fps,
    )


def _shape(plan: Plan, muxed: Muxed, output: Path, shaped: Path) -> Path:
    """Gives the picture its aspect where neither its codec nor av can; returns the file that has it."""
    samples, codec = plan.colour.sample_aspect, find_encoder(plan.request.encode.encoder).stream
    if samples == 1 or codec not in plan.container.own_aspect:
        return output
    aspect = samples * Fraction(plan.rendered.width, plan.rendered.height)
    set_aspect(plan.ffmpeg, output, shaped, muxed.video, plan.container.format, aspect)
    return shaped


def _expected(plan: Plan, muxed: Muxed) -> Expected:
    kinds = Counter(stream.kind for stream in plan.opened.info.streams if stream.index in plan.copied)
    kinds["video"] += 1
    return Expected(
        frames=plan.rendered.frames,
        fps=plan.rendered.fps,
        width=plan.rendered.width,
        height=plan.rendered.height,
        lead=muxed.lead,
        kinds={kind: count for kind, count in kinds.items() if kind in COUNTED_KINDS},
        ends=muxed.ends,
        video=muxed.video,
        chapters=muxed.chapters,
    )


def _notes(opened: Opened, request: Request) -> list[str]:
    """Returns what the user should know about the film and cannot see in the result's properties."""
    video, timeline, row = opened.info.video, opened.timeline, find_encoder(request.encode.encoder)
    rate = timeline.rate
    lost = [kind for kind in video.hdr if kind in DYNAMIC_HDR or row.metadata is None]
    cropped = (video.width, video.height) not in ((timeline.width, timeline.height), (timeline.height, timeline.width))
    _, depth = parse_format(choose_format(request.encode, timeline.format))
    notes = {
        f"the rate varies ({float(rate.slowest):.3f} to {float(rate.fastest):.3f} fps): the film is read at "
        f"{float(rate.fps):.3f} fps, each frame at its time": not rate.constant,
        "the film is interlaced: it is worked on as it is; deinterlace it first for clean motion": video.interlaced,
        "the film flags repeated fields (telecine): they are not removed": video.telecined,
        "the film has transparency: it is left out": video.has_alpha,
        f"{' and '.join(lost)} cannot be carried over by {row.name}": bool(lost),
        f"the size is cropped from {video.width}x{video.height} to {timeline.width}x{timeline.height}: "
        "its chroma needs even numbers": cropped,
        "the film is HDR and is encoded in 8 bit, where gradients band: choose --bit-depth 10": (
            video.colour.transfer in HDR_TRANSFERS and depth == min(DEPTHS)
        ),
        f"{timeline.frames} of {video.frames} frames can be decoded": timeline.frames < video.frames and rate.constant,
    }
    return [note for note, holds in notes.items() if holds]


def _left_out(info: SourceInfo, indexes: list[int], container: Container) -> list[str]:
    names = ", ".join(stream.title for stream in info.streams if stream.index in indexes)
    return [f"{names} left out: {container.suffix} cannot hold it"] if names else []
