"""The containers that can be written, as rows, and what each can hold: tried with libav itself."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import av
import av.container
import av.stream

from vsainimotion.errors import ArgumentError

LEFT_OUT_KINDS = frozenset({"data", "unknown"})
"""Streams that are left out, with a word, where a container cannot hold them: timecode tracks, chapter texts."""

ASPECTLESS = frozenset({"av1", "ffv1"})
"""Codecs that leave the shape of their samples to the container."""

COVERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "png": ("cover.png", "image/png"),
        "mjpeg": ("cover.jpg", "image/jpeg"),
        "gif": ("cover.gif", "image/gif"),
        "bmp": ("cover.bmp", "image/bmp"),
        "webp": ("cover.webp", "image/webp"),
    }
)
"""File name and type of a cover as an attached file, by its codec."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """One container."""

    suffix: str
    format: str
    """libav's name of the format."""
    options: Mapping[str, str] = field(default_factory=dict)
    video_tags: Mapping[str, str] = field(default_factory=dict)
    """Codec tags that players ask for, by codec."""
    attaches: bool | None = None
    """Whether fonts and covers go in as attached files; None where libav decides stream by stream."""
    own_aspect: frozenset[str] = frozenset()
    """Codecs whose sample aspect must be written by ffmpeg: av cannot set it, and the codec does not carry it."""


CONTAINERS: Mapping[str, Container] = MappingProxyType(
    {
        row.suffix: row
        for row in (
            Container(suffix=".mkv", format="matroska", attaches=True, own_aspect=ASPECTLESS),
            Container(suffix=".mp4", format="mp4", options={"movflags": "+faststart"}, video_tags={"hevc": "hvc1"}),
            Container(suffix=".mov", format="mov", options={"movflags": "+faststart"}, video_tags={"hevc": "hvc1"}),
            Container(suffix=".webm", format="webm", attaches=False, own_aspect=ASPECTLESS),
        )
    }
)
"""The containers by suffix. With hvc1 Apple's players take HEVC; faststart puts the index first."""


def find_container(path: Path) -> Container:
    """Returns the container for an output's name.

    Raises:
        ArgumentError: The suffix is not one that can be written.
    """
    row = CONTAINERS.get(path.suffix.lower())
    if row is None:
        raise ArgumentError(
            f"out: the name must end in {', '.join(CONTAINERS)} (got {path.name!r}). Choose .mkv to keep every stream"
        )
    return row


def check_video(container: Container, codec: str) -> None:
    """Checks that a container can hold the encoded picture.

    Raises:
        ArgumentError: It cannot.
    """
    with av.open(io.BytesIO(), "w", format=container.format) as trial:
        known = codec in trial.supported_codecs
    if not known:
        raise ArgumentError(
            f"out: {container.suffix} cannot hold {codec} video. Write to .mkv, or choose another encoder"
        )


def split_streams(source: av.container.InputContainer, container: Container, video: int) -> tuple[list[int], list[int]]:
    """Splits the other streams of a film into those that go into the output and those that are left out.

    Args:
        source: The opened film.
        container: The output's container.
        video: Index of the main picture.

    Returns:
        Indexes of the streams to copy and of the data streams that the container cannot hold.

    Raises:
        ArgumentError: The container cannot hold sound, subtitles, fonts or pictures of the film.
    """
    others = [stream for stream in source.streams if stream.index != video]
    unfit = {stream.index for stream in others if not can_hold(container, stream)}
    refused = [stream for stream in others if stream.index in unfit and stream.type not in LEFT_OUT_KINDS]
    if refused:
        able = [row.suffix for row in CONTAINERS.values() if all(can_hold(row, stream) for stream in refused)]
        advice = f"Write to {' or '.join(able)}, which can" if able else "No container here can: convert it first"
        raise ArgumentError(f"out: {container.suffix} cannot hold {_list_streams(refused)} of the film. {advice}")
    return [stream.index for stream in others if stream.index not in unfit], sorted(unfit)


def can_hold(container: Container, stream: av.stream.Stream) -> bool:
    """Answers whether a container can hold a copy of a stream: by its row, or by writing a header into memory."""
    if container.attaches is not None and is_attached(stream):
        return container.attaches and (stream.type == "attachment" or stream.codec_context.name in COVERS)
    try:
        with av.open(io.BytesIO(), "w", format=container.format) as trial:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True


def is_attached(stream: av.stream.Stream) -> bool:
    """Answers whether a stream is a file rather than a track: a font or a cover."""
    return stream.type == "attachment" or bool(stream.disposition & av.stream.Disposition.attached_pic)


def _list_streams(streams: Iterable[av.stream.Stream]) -> str:
    def name(stream: av.stream.Stream) -> str:
        codec = stream.codec_context.name if stream.codec_context else stream.metadata.get("mimetype", "unknown")
        return f"stream {stream.index} ({stream.type}, {codec})"

    return ", ".join(name(stream) for stream in streams)
