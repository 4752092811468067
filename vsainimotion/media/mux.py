"""Muxing: the encoded picture and untouched copies of every other stream of the film, on one exact clock."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.container
import av.stream

from vsainimotion.errors import InputError, OutputError, VsaiError
from vsainimotion.media.clock import Packet, StreamClock
from vsainimotion.media.colour import Colour
from vsainimotion.media.container import COVERS, Container, is_attached
from vsainimotion.media.ffmpeg import run_ffmpeg

if TYPE_CHECKING:  # av has this type in its stubs only
    from av.container.core import Chapter

CONTAINER_TAGS = frozenset({"encoder", "major_brand", "minor_version", "compatible_brands"})
"""Tags that describe the old file, not the film."""

STATISTICS = ("duration", "bps", "number_of_", "_statistics", "encoder")
"""How tags begin that count what a stream held before; they are dropped where that has changed."""

NEGLIGIBLE = Fraction(1, 1000)
"""Seconds before zero that are rounding, not a beginning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MuxPlan:
    """What goes into the output, and when."""

    source: Path
    picture: Path
    """The encoded video alone, its first frame at zero."""
    output: Path
    container: Container
    video: int
    """Index of the film's main picture, which `picture` replaces."""
    copied: tuple[int, ...]
    """Indexes of the streams to copy."""
    colour: Colour
    """Colour of the picture, told to the container as well."""
    origin: Fraction
    """Time on the film's clock, in seconds, of the output's first frame."""
    starts: Mapping[int, Fraction]
    """First timestamp of the film's streams, in seconds on its clock."""
    length: Fraction | None
    """Seconds to keep of the other streams, after `--clip`; None keeps all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Muxed:
    """What was written."""

    lead: Fraction
    """Seconds by which sound starts before the picture; the whole output is moved so that nothing is negative."""
    ends: Mapping[int, Fraction]
    """For each stream of the output the latest timestamp that was written, in seconds."""
    chapters: int
    video: int
    """Index of the picture in the output."""


def mux(plan: MuxPlan) -> Muxed:
    """Writes the output.

    Timestamps of copied packets are moved by one exact offset and rounded once, to the output's time base. With a
    length, sound is kept from the first packet that begins in it to the last one, subtitles that overlap its edges
    are shortened, and chapters are cut.

    Raises:
        InputError: A packet of the film cannot be read.
        OutputError: The output cannot be written; a full disc is told as such.
    """
    try:
        with av.open(str(plan.source)) as film, av.open(str(plan.picture)) as picture:
            return _write(plan, film, picture)
    except av.InvalidDataError as error:
        raise InputError(f"mux: {str(plan.source)!r} is damaged ({error.strerror}). Check the file") from error
    except OSError as error:  # av's errors of files and discs are also the builtin ones
        raise write_error(error) from error


def set_aspect(ffmpeg: Path, path: Path, result: Path, video: int, form: str, aspect: Fraction) -> None:
    """Copies an output and gives its picture a display aspect on the way.

    av cannot set the aspect of a stream, and Matroska takes it from nowhere else; ffmpeg's copy changes nothing else.

    Args:
        ffmpeg: The program.
        path: The output without aspect.
        result: The output to write.
        video: Index of the picture.
        form: libav's name of the container.
        aspect: Display aspect, width by height.
    """
    arguments = ["-copyts", "-i", f"file:{path}", "-map", "0", "-c", "copy", "-avoid_negative_ts", "disabled"]
    arguments += [f"-aspect:{video}", f"{aspect.numerator}:{aspect.denominator}", "-f", form, f"file:{result}"]
    run_ffmpeg(ffmpeg, ["-loglevel", "error", "-y", *arguments])


def write_error(error: OSError) -> VsaiError:
    """Makes the error that a failed write reports its user's."""
    reason = (error.strerror or str(error)).lower()
    if "no space" in reason:
        return OutputError("out: the disc is full. Make room, or write to another disc with --out")
    return OutputError(f"out: the file cannot be written ({reason}). Choose another place")


def cut_chapters(chapters: "Iterable[Chapter]", shift: Fraction, length: Fraction | None) -> "list[Chapter]":
    """Moves chapters to the output's clock and keeps the parts that lie in it.

    Args:
        chapters: The film's chapters.
        shift: Seconds to take from their times.
        length: Seconds to keep; None keeps all that end after zero.

    Returns:
        The chapters, in their own time bases.
    """
    kept: list[Chapter] = []
    for chapter in chapters:
        base = Fraction(chapter["time_base"].numerator, chapter["time_base"].denominator)
        start, end = (max(Fraction(0), chapter[edge] * base - shift) for edge in ("start", "end"))
        if length is not None:
            start, end = min(start, length), min(end, length)
        if end > start:
            kept.append({**chapter, "start": round(start / base), "end": round(end / base)})
    return kept


def _write(plan: MuxPlan, film: av.container.InputContainer, picture: av.container.InputContainer) -> Muxed:
    lead = _lead(plan, film)
    encoded = picture.streams.video[0]
    with av.open(str(plan.output), "w", format=plan.container.format, options=dict(plan.container.options)) as output:
        streams = _add_streams(plan, output, film, encoded)
        output.metadata.update({key: text for key, text in film.metadata.items() if key.lower() not in CONTAINER_TAGS})
        chapters = cut_chapters(film.chapters(), plan.origin - lead, plan.length)
        if chapters:
            output.set_chapters(chapters)
        output.start_encoding()
        video = streams.pop(plan.video)
        own = StreamClock(encoded, video, -lead)
        tracks = {index: new for index, new in streams.items() if new.type != "attachment"}
        clocks = {index: StreamClock(film.streams[index], new, plan.origin - lead) for index, new in tracks.items()}
        packets = heapq.merge(
            _place(own, picture.demux(encoded)), _copies(plan, film, clocks), key=lambda placed: placed[0]
        )
        for _, packet in packets:
            output.mux_one(packet)
        ends = {clock.new.index: clock.end for clock in (own, *clocks.values()) if clock.end is not None}
        return Muxed(lead=lead, ends=ends, chapters=len(chapters), video=video.index)


def _lead(plan: MuxPlan, film: av.container.InputContainer) -> Fraction:
    """Returns by how much other streams start before the picture, which no container may show as negative time.

    The samples that a decoder throws away at the start do not count: containers keep those before zero. Nor does less
    than a millisecond, which is Matroska's rounding.
    """
    if plan.length is not None:
        return Fraction(0)
    early = [
        plan.origin - plan.starts[index] - _priming(film.streams[index])
        for index in plan.copied
        if index in plan.starts and not is_attached(film.streams[index])
    ]
    return max([Fraction(0), *(time for time in early if time > NEGLIGIBLE)])


def _add_streams(
    plan: MuxPlan,
    output: av.container.OutputContainer,
    film: av.container.InputContainer,
    encoded: av.stream.Stream,
) -> dict[int, av.stream.Stream]:
    """Adds the output's streams in the film's order, fonts and covers last; returns them by their index in the film."""
    added: dict[int, av.stream.Stream] = {}
    kept = [stream for stream in film.streams if stream.index == plan.video or stream.index in plan.copied]
    for old in sorted(kept, key=is_attached):
        is_main = old.index == plan.video
        if plan.container.attaches and old.type == "video" and is_attached(old):
            added[old.index] = _add_cover(plan, output, old)
            continue
        new = output.add_stream_from_template(encoded if is_main else old, opaque=True)
        added[old.index] = new
        changed = is_main or plan.length is not None
        new.metadata.update(
            {key: text for key, text in old.metadata.items() if not (changed and key.lower().startswith(STATISTICS))}
        )
        if new.codec_context is not None:
            new.disposition = old.disposition
        if is_main:
            _tag_picture(plan, new)
    return added


def _add_cover(
    plan: MuxPlan, output: av.container.OutputContainer, old: av.stream.Stream
) -> av.stream.AttachmentStream:
    """Adds a cover as an attached file, which players show; as a track it would be a film of one frame."""
    name, kind = COVERS[old.codec_context.name]
    with av.open(str(plan.source)) as film:
        data = next(bytes(packet) for packet in film.demux(film.streams[old.index]) if packet.size)
    new = output.add_attachment(old.metadata.get("filename", name), old.metadata.get("mimetype", kind), data)
    new.metadata.update(old.metadata)
    return new


def _tag_picture(plan: MuxPlan, new: av.stream.Stream) -> None:
    """Tells the container what the encoded stream says of itself, or (FFV1) cannot say."""
    context, colour = new.codec_context, plan.colour
    assert isinstance(context, av.VideoCodecContext)  # noqa: S101 (it was made from an encoded picture)
    context.colorspace, context.color_trc, context.color_primaries = colour.matrix, colour.transfer, colour.primaries
    if colour.limited is not None:
        context.color_range = 1 if colour.limited else 2
    tag = plan.container.video_tags.get(context.codec.canonical_name)
    if tag:
        context.codec_tag = tag


def _copies(
    plan: MuxPlan, film: av.container.InputContainer, clocks: Mapping[int, StreamClock]
) -> Iterator[tuple[float, Packet]]:
    """Yields the other streams' packets on the output's clock."""
    if not clocks:
        return
    begun: set[int] = set()
    for packet in film.demux([film.streams[index] for index in clocks]):
        if packet.size == 0:  # libav's mark for the end of a stream
            continue
        clock = clocks[packet.stream_index]
        if packet.stream.disposition & av.stream.Disposition.attached_pic:
            yield from _cover(clock, packet)
        elif plan.length is None:
            yield from _place(clock, [packet])
        elif _is_inside(plan.length, clock, packet, begun):
            yield from _trim(plan.length, clock, packet)


def _place(clock: StreamClock, packets: Iterable[Packet]) -> Iterator[tuple[float, Packet]]:
    """Moves packets onto the output's clock and yields each with its time in seconds, for the order of writing."""
    for packet in packets:
        if packet.size == 0:
            continue
        stamp = packet.dts if packet.dts is not None else packet.pts
        seconds = 0.0 if stamp is None else float(clock.seconds(stamp))
        clock.place(packet)
        yield seconds, packet


def _cover(clock: StreamClock, packet: Packet) -> Iterator[tuple[float, Packet]]:
    """Places an attached picture: it has no time of its own."""
    for _, placed in _place(clock, [packet]):
        placed.pts = placed.dts = 0
        clock.end = None
        yield 0.0, placed


def _is_inside(length: Fraction, clock: StreamClock, packet: Packet, begun: set[int]) -> bool:
    """Answers whether a packet belongs to the part that is kept: subtitles that overlap it, else what begins in it."""
    stamp = packet.pts if packet.pts is not None else packet.dts
    if stamp is None:
        return False
    start = clock.seconds(stamp)
    if packet.stream.type == "subtitle":
        return start < length and (start >= 0 or clock.seconds(stamp + (packet.duration or 0)) > 0)
    if packet.stream.type == "video" and packet.stream_index not in begun and not packet.is_keyframe:
        return False
    priming = _priming(packet.stream)
    inside = -priming <= start < length
    if inside:
        begun.add(packet.stream_index)
    return inside


def _priming(stream: av.stream.Stream) -> Fraction:
    """Returns the seconds that a decoder of this sound throws away at its start: they may lie before zero."""
    context = stream.codec_context
    if not isinstance(context, av.AudioCodecContext) or not context.sample_rate:
        return Fraction(0)
    return Fraction(context.initial_padding, context.sample_rate)


def _trim(length: Fraction, clock: StreamClock, packet: Packet) -> Iterator[tuple[float, Packet]]:
    """Places a packet and shortens a subtitle to the part that is kept."""
    is_subtitle = packet.stream.type == "subtitle"
    for seconds, placed in _place(clock, [packet]):
        if is_subtitle and placed.pts is not None:
            stop = min(placed.pts + (placed.duration or 0), round(length / clock.tick))
            placed.pts = placed.dts = max(placed.pts, 0)
            placed.duration = max(stop - placed.pts, 0)
            clock.note(placed)
        yield max(seconds, 0.0), placed
