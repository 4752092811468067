"""The facts of a film, as `probe` finds them: plain data for plans, messages and JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from vsainimotion.media.colour import Colour
from vsainimotion.media.rate import Rate


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamInfo:
    """One stream of a film."""

    index: int
    kind: str
    """video, audio, subtitle, attachment or data."""
    codec: str
    language: str | None
    tags: Mapping[str, str]
    dispositions: tuple[str, ...]
    is_picture: bool
    """Whether it is an attached picture, such as a cover."""
    packets: int
    start: Fraction | None
    """Time of its first packet in seconds on the film's clock."""
    end: Fraction | None
    detail: Mapping[str, str | int] = field(default_factory=dict)
    """What is particular to its kind: sample rate, layout, mime type."""

    @property
    def title(self) -> str:
        """How a message names the stream."""
        words = [self.kind, self.codec, self.language or "", self.tags.get("filename", "")]
        return f"stream {self.index} ({', '.join(word for word in words if word)})"


@dataclass(frozen=True, kw_only=True, slots=True)
class VideoInfo:
    """The main picture of a film."""

    index: int
    width: int
    height: int
    pixel_format: str
    bits: int
    rate: Rate
    frames: int
    last: Fraction | None
    """Time of the last frame in seconds on the film's clock; None where frames have no times."""
    duration: Fraction
    """Seconds from the first frame's start to the last one's end."""
    colour: Colour
    rotation: int
    """Degrees by which a player turns the picture."""
    interlaced: bool
    telecined: bool
    """Whether fields are flagged to be repeated."""
    has_alpha: bool
    hdr: tuple[str, ...]
    """Kinds of HDR metadata, such as `mastering display`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceInfo:
    """What is in a film."""

    path: Path
    container: str
    duration: Fraction
    """Seconds, of the longest stream."""
    video: VideoInfo
    streams: tuple[StreamInfo, ...]
    chapters: int
    tags: Mapping[str, str]


def main_track(info: SourceInfo) -> int | None:
    """Returns the index of the main picture for the source filter; None if it is simply the first video stream.

    It is not where a cover comes before it.
    """
    first = next(stream.index for stream in info.streams if stream.kind == "video")
    return None if info.video.index == first else info.video.index
