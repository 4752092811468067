"""`ainimotion info`: what is in a film."""

import json
from pathlib import Path
from typing import Any

import click

from vsainimotion.cli.options import FILM
from vsainimotion.cli.progress import ProgressLine
from vsainimotion.media.film import SourceInfo, StreamInfo, VideoInfo, main_track
from vsainimotion.media.probe import probe
from vsainimotion.media.survey import Survey, survey

REPORT_EVERY_FRAMES = 24


@click.command("info")
@FILM
@click.option("--motion", is_flag=True, help="Also look at every frame: how much is held, where the cuts are.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times and rates are exact, as strings.")
def command(source: Path, *, motion: bool, as_json: bool) -> None:
    """Show the streams of IN, its rate (constant or not), colour and tags.

    With --motion the gate looks at every frame, which decodes the whole film.
    """
    info = probe(source)
    seen = _survey(info) if motion else None
    if as_json:
        click.echo(json.dumps(as_data(info) | motion_data(seen), indent=2, ensure_ascii=False))
    else:
        click.echo(describe(info) + describe_motion(info, seen))


def describe_motion(info: SourceInfo, seen: Survey | None) -> str:
    """Returns what lies between the frames, as lines for a person."""
    if seen is None:
        return ""
    total = max(sum(seen.counts.values()), 1)
    shares = ", ".join(f"{kind.name.lower()} {count} ({count / total:.0%})" for kind, count in seen.counts.items())
    times = ", ".join(f"{float((frame + 1) / info.video.rate.fps):.3f}" for frame in seen.cuts)
    return f"\n    motion  {shares}" + (f"\n    cuts    at {times} s" if times else "")


def motion_data(seen: Survey | None) -> dict[str, Any]:
    """Returns what lies between the frames as JSON data; a cut is named by the frame before it."""
    if seen is None:
        return {}
    return {"motion": {kind.name.lower(): count for kind, count in seen.counts.items()} | {"cuts": list(seen.cuts)}}


def _survey(info: SourceInfo) -> Survey:
    with ProgressLine(quiet=False) as line:

        def report(frames: int) -> None:
            if frames % REPORT_EVERY_FRAMES == 0:
                line.report(f"looking at frame {frames} of {info.video.frames}")

        return survey(info.path, main_track(info), report)


def describe(info: SourceInfo) -> str:
    """Returns a film's facts as lines for a person."""
    video = info.video
    others = [stream for stream in info.streams if stream.index != video.index]
    lines = [
        f"{info.path}",
        f"  {info.container}, {float(info.duration):.3f} s, {info.chapters} chapters",
        f"  picture {video.index}: {describe_picture(info)}",
        f"    rate    {describe_rate(video)}",
        f"    colour  {', '.join(f'{name} {text}' for name, text in video.colour.names().items())}",
        *(f"    note    {note}" for note in picture_notes(video)),
        *(f"  {describe_stream(stream)}" for stream in others),
        *(f"  tag     {name}: {text}" for name, text in info.tags.items()),
    ]
    return "\n".join(lines)


def describe_picture(info: SourceInfo) -> str:
    """Returns codec, size, aspect and format of the main picture."""
    video = info.video
    codec = next(stream.codec for stream in info.streams if stream.index == video.index)
    aspect = video.colour.sample_aspect
    shape = "" if aspect == 1 else f", samples {aspect.numerator}:{aspect.denominator}"
    return f"{codec}, {video.width}x{video.height}{shape}, {video.pixel_format}, {video.bits} bit"


def describe_rate(video: VideoInfo) -> str:
    """Returns the rate, and how far it varies."""
    rate = video.rate
    if rate.constant:
        return f"{rate.fps} fps ({float(rate.fps):.3f}), constant, {video.frames} frames, {float(video.duration):.3f} s"
    return (
        f"varies from {float(rate.slowest):.3f} to {float(rate.fastest):.3f} fps, {video.frames} frames, "
        f"{float(video.duration):.3f} s; read at {rate.fps} fps ({float(rate.fps):.3f})"
    )


def picture_notes(video: VideoInfo) -> list[str]:
    """Returns what is unusual about a picture."""
    notes = {
        "interlaced": video.interlaced,
        "flags repeated fields (telecine)": video.telecined,
        "has transparency": video.has_alpha,
        f"is shown turned by {video.rotation} degrees": bool(video.rotation),
        f"HDR: {', '.join(video.hdr)}": bool(video.hdr),
    }
    return [note for note, holds in notes.items() if holds]


def describe_stream(stream: StreamInfo) -> str:
    """Returns one stream as a line."""
    facts = [stream.codec, stream.language or "", *(str(value) for value in stream.detail.values() if value)]
    facts += [stream.tags.get("title", ""), stream.tags.get("filename", ""), *stream.dispositions]
    if stream.start is not None and stream.end is not None and not stream.is_picture:
        facts.append(f"{float(stream.start):.3f} to {float(stream.end):.3f} s")
    unique = dict.fromkeys(fact for fact in facts if fact)
    return f"{stream.kind} {stream.index}: {', '.join(unique)}"


def as_data(info: SourceInfo) -> dict[str, Any]:
    """Returns a film's facts as JSON data: rates and times as exact fractions in strings."""
    video, rate = info.video, info.video.rate
    picture = {
        name: getattr(video, name)
        for name in (
            "index",
            "width",
            "height",
            "pixel_format",
            "bits",
            "frames",
            "rotation",
            "interlaced",
            "telecined",
        )
    }
    picture |= {
        "fps": str(rate.fps),
        "constant": rate.constant,
        "slowest_fps": str(rate.slowest),
        "fastest_fps": str(rate.fastest),
        "duration": str(video.duration),
        "sample_aspect": str(video.colour.sample_aspect),
        "colour": video.colour.names(),
        "alpha": video.has_alpha,
    }
    return {
        "path": str(info.path),
        "container": info.container,
        "duration": str(info.duration),
        "chapters": info.chapters,
        "tags": dict(info.tags),
        "video": picture,
        "streams": [_stream_data(stream) for stream in info.streams],
    }


def _stream_data(stream: StreamInfo) -> dict[str, Any]:
    data: dict[str, Any] = {
        name: getattr(stream, name) for name in ("index", "kind", "codec", "language", "is_picture", "packets")
    }
    times = {"start": stream.start, "end": stream.end}
    data |= {name: None if time is None else str(time) for name, time in times.items()}
    return {**data, "tags": dict(stream.tags), "dispositions": list(stream.dispositions), **stream.detail}
