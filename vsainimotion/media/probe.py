"""What is in a film: its streams, their timing and tags, read by demuxing without decoding more than a few frames."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import av.container
import av.stream
import av.video.stream

from vsainimotion.errors import ArgumentError, InputError
from vsainimotion.media.colour import Colour
from vsainimotion.media.film import SourceInfo, StreamInfo, VideoInfo
from vsainimotion.media.rate import find_rate
from vsainimotion.media.structure import missing_bytes

PEEKED_FRAMES = 8
"""Frames that are decoded to learn what only the picture knows: interlacing, repeated fields, rotation."""

DECLARING = "matroska"
"""libav's name of the format whose head says when its last packet ends; the head of an MP4 lists the packets."""

SHORT_S = 1
"""Seconds by which a film may be shorter than it says."""

NOT_FILMS = frozenset({"tty"})
"""libav formats that turn any text into a picture."""


def probe(path: str | Path) -> SourceInfo:
    """Reads what is in a film.

    Every packet is read and a few frames are decoded, so the frame count and the rate are exact.

    Args:
        path: The film.

    Returns:
        Its streams; the video is the first stream that is not a cover.

    Raises:
        ArgumentError: There is no such file.
        InputError: The file is empty, truncated, not a film, or has no picture.
    """
    file = Path(path).absolute()
    check_readable(file)
    try:
        with av.open(str(file)) as container:
            return _read(file, container)
    except av.FFmpegError as error:
        raise InputError(f"{str(path)!r} cannot be read as a film ({_reason(error)}). Check the file") from error


def check_readable(path: Path) -> None:
    """Checks that a file is there and can be opened.

    Raises:
        ArgumentError: There is no such file, or it is a folder.
        InputError: It is empty or may not be read.
    """
    name = str(path)
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{os.fsencode(path)!r} is not a name in UTF-8. Rename the file first") from error
    try:
        if path.is_dir():
            raise ArgumentError(f"{name!r} is a folder, not a film. Name one file")
        if not path.exists():
            raise ArgumentError(f"{name!r} does not exist. Check the name and the folder")
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(f"{name!r} is empty. Check where it came from")
    except OSError as error:
        raise InputError(f"{name!r} cannot be read ({error.strerror}). Check its permissions") from error


def main_video(container: av.container.InputContainer) -> av.video.stream.VideoStream:
    """Returns the first video stream that is not an attached picture.

    Raises:
        InputError: There is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    kinds = sorted({"a cover" if stream.type == "video" else stream.type for stream in container.streams})
    raise InputError(f"{container.name!r} has no moving picture, only {' and '.join(kinds) or 'nothing'}. Name a film")


def _read(file: Path, container: av.container.InputContainer) -> SourceInfo:
    if container.format.name in NOT_FILMS:
        raise InputError(f"{str(file)!r} is text, not a film. Name a film")
    video = main_video(container)
    _check_whole(file, container.format.name)
    timings = _scan(container)
    if not timings[video.index].packets:
        raise InputError(f"{str(file)!r} has a video stream without a single frame. Check where it came from")
    streams = tuple(_stream_info(stream, timings[stream.index]) for stream in container.streams)
    _check_length(
        file, container, max((stream.end for stream in streams if stream.end is not None), default=Fraction(0))
    )
    ends = [stream.end - (stream.start or 0) for stream in streams if stream.end is not None]
    return SourceInfo(
        path=file,
        container=container.format.name,
        duration=max(ends, default=Fraction(0)),
        video=_video_info(file, video, timings[video.index]),
        streams=streams,
        chapters=len(container.chapters()),
        tags=dict(container.metadata),
    )


def _check_whole(file: Path, container: str) -> None:
    missing = missing_bytes(file, container)
    if missing:
        raise InputError(f"{str(file)!r} is truncated: at least {missing} bytes are missing. Copy or download it again")


def _check_length(file: Path, container: av.container.InputContainer, end: Fraction) -> None:
    """Refuses a film that ends before its head says: many downloads have their full size from the start, with zeros."""
    declared = Fraction(container.duration or 0, av.time_base)
    if DECLARING in container.format.name.split(",") and declared - end > SHORT_S:
        raise InputError(
            f"{str(file)!r} is damaged: it ends at {float(end):.3f} s, and its head says {float(declared):.3f} s. "
            "Copy or download it again"
        )


@dataclass(kw_only=True, slots=True)
class _Timing:
    """Timestamps of one stream as they are met."""

    pts: list[int] = field(default_factory=list)
    packets: int = 0
    end: int | None = None
    step: int | None = None
    """Duration of the first packet, which is all that bare streams tell."""


def _scan(container: av.container.InputContainer) -> dict[int, _Timing]:
    timings: dict[int, _Timing] = defaultdict(_Timing)
    for packet in container.demux():
        if packet.size == 0 or packet.is_discard:
            continue
        timing = timings[packet.stream_index]
        timing.packets += 1
        timing.step = timing.step or packet.duration
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            continue
        timing.pts.append(stamp)
        timing.end = max(timing.end or stamp, stamp + (packet.duration or 0))
    return timings


def _stream_info(stream: av.stream.Stream, timing: _Timing) -> StreamInfo:
    base = Fraction(stream.time_base.numerator, stream.time_base.denominator)
    disposition = stream.disposition
    return StreamInfo(
        index=stream.index,
        kind=stream.type,
        codec=stream.codec_context.name if stream.codec_context else stream.metadata.get("mimetype", "unknown"),
        language=stream.language,
        tags=dict(stream.metadata),
        dispositions=tuple(flag.name for flag in av.stream.Disposition if flag in disposition and flag.name),
        is_picture=bool(disposition & av.stream.Disposition.attached_pic),
        packets=timing.packets,
        start=min(timing.pts) * base if timing.pts else None,
        end=None if timing.end is None else timing.end * base,
        detail=_detail(stream),
    )


def _detail(stream: av.stream.Stream) -> dict[str, str | int]:
    if isinstance(stream, av.AudioStream):
        return {"sample_rate": stream.codec_context.sample_rate, "layout": stream.codec_context.layout.name}
    if isinstance(stream, av.stream.AttachmentStream):
        return {"mimetype": stream.mimetype or "", "bytes": len(stream.data)}
    return {}


def _video_info(file: Path, stream: av.video.stream.VideoStream, timing: _Timing) -> VideoInfo:
    context = stream.codec_context
    base = Fraction(stream.time_base.numerator, stream.time_base.denominator)
    rate = find_rate(sorted(timing.pts), base, _declared_rate(stream, timing, base))
    frames = _peek(file, stream.index)
    pixels = context.format
    if pixels is None or not context.width or not frames:
        raise InputError(f"{str(file)!r} has a picture ({context.name}) that cannot be decoded. Convert it first")
    span = (max(timing.pts, default=0) - min(timing.pts, default=0)) * base
    return VideoInfo(
        index=stream.index,
        width=context.width,
        height=context.height,
        pixel_format=pixels.name,
        bits=max(component.bits for component in pixels.components),
        rate=rate,
        frames=timing.packets,
        last=max(timing.pts) * base if timing.pts else None,
        duration=Fraction(timing.packets) / rate.fps if rate.constant else span + 1 / rate.fps,
        colour=_colour(stream),
        rotation=frames[0].rotation,
        interlaced=any(frame.interlaced_frame for frame in frames),
        telecined=_is_telecined(frames, base),
        has_alpha=any(component.is_alpha for component in pixels.components),
        hdr=_hdr_kinds(frames, context),
    )


def _declared_rate(stream: av.video.stream.VideoStream, timing: _Timing, base: Fraction) -> Fraction | None:
    """Returns the rate that the container declares, or for a bare stream the one that its packets imply."""
    if not timing.pts and timing.step:
        return 1 / (timing.step * base)
    declared = stream.average_rate
    return Fraction(declared.numerator, declared.denominator) if declared else None


def _peek(file: Path, index: int) -> list[av.VideoFrame]:
    """Decodes the first frames, on a container of their own so that the packet scan is left alone."""
    with av.open(str(file)) as container:
        return list(islice(_decodable(container, index), PEEKED_FRAMES))


def _decodable(container: av.container.InputContainer, index: int) -> Iterator[av.VideoFrame]:
    """Decodes a stream, passing over packets that cannot be decoded, as players do at a cut start."""
    for packet in container.demux(container.streams[index]):
        try:
            yield from (frame for frame in packet.decode() if isinstance(frame, av.VideoFrame))
        except av.FFmpegError:
            continue


def _is_telecined(frames: Sequence[av.VideoFrame], base: Fraction) -> bool:
    """Soft telecine alternates frames of two and three fields, so interlaced flags mix with clean ones."""
    durations = {frame.duration * base for frame in frames if frame.duration}
    return len(durations) > 1 and any(frame.interlaced_frame for frame in frames)


def _colour(stream: av.video.stream.VideoStream) -> Colour:
    context = stream.codec_context
    ranges = {1: True, 2: False}
    aspect = stream.sample_aspect_ratio
    location = int(context.chroma_sample_location)
    return Colour(
        matrix=int(context.colorspace),
        transfer=int(context.color_trc),
        primaries=int(context.color_primaries),
        limited=ranges.get(int(context.color_range)),
        chroma_location=location - 1 if location else None,
        sample_aspect=Fraction(aspect.numerator, aspect.denominator) if aspect else Fraction(1),
    )


def _hdr_kinds(frames: Sequence[av.VideoFrame], context: av.VideoCodecContext) -> tuple[str, ...]:
    found = {str(key.name) for frame in frames for key in frame.side_data.keys()}  # noqa: SIM118 (not a dict)
    found |= {name.upper() for name in context.coded_side_data}
    return tuple(title for name, title in HDR_TITLES.items() if name in found)


HDR_TITLES: Mapping[str, str] = {
    "MASTERING_DISPLAY_METADATA": "mastering display",
    "CONTENT_LIGHT_LEVEL": "content light level",
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DOVI_CONF": "Dolby Vision",
    "DOVI_METADATA": "Dolby Vision frames",
}
"""What a person calls libav's side data."""


def _reason(error: av.FFmpegError) -> str:
    return (error.strerror or str(error)).lower()
