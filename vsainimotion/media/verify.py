"""The proof of a result: an output is read back and measured against the plan before it gets its name."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.container
import av.stream

from vsainimotion.errors import JobError

END_TOLERANCE = Fraction(2, 1000)
"""How far a last timestamp may be from the one written, in seconds: Matroska's two roundings to a millisecond."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What an output must hold."""

    frames: int
    fps: Fraction
    width: int
    height: int
    lead: Fraction
    """Time of the first frame, in seconds."""
    kinds: Mapping[str, int]
    """Number of streams of each kind; data streams are not counted, as muxers write their own."""
    ends: Mapping[int, Fraction]
    """For each stream its last timestamp in seconds."""
    video: int
    """Index of the picture in the output."""
    chapters: int


def verify(path: Path, expected: Expected) -> None:
    """Reads a finished output and compares it with what was planned.

    Args:
        path: The output, under its temporary name.
        expected: What it must hold.

    Raises:
        JobError: It holds something else; the message has the first difference.
    """
    try:
        with av.open(str(path)) as container:
            differences = _compare(container, expected)
    except av.FFmpegError as error:
        raise JobError(f"verify: the result cannot be read back ({error}). Nothing was kept") from error
    if differences:
        raise JobError(f"verify: the result is not what was planned: {differences[0]}. Nothing was kept")


def _compare(container: av.container.InputContainer, expected: Expected) -> list[str]:
    video = container.streams[expected.video]
    context = video.codec_context
    size = (context.width, context.height) if isinstance(context, av.VideoCodecContext) else None
    kinds: dict[str, int] = defaultdict(int)
    for stream in container.streams:
        kinds[stream.type] += 1
    stamps, ends = _read_times(container, expected.video)
    pairs: list[tuple[str, object, object]] = [
        (f"{kind} streams", kinds[kind], count) for kind, count in sorted(expected.kinds.items())
    ]
    pairs += [
        ("size", size, (expected.width, expected.height)),
        ("frames", len(stamps), expected.frames),
        ("chapters", len(container.chapters()), expected.chapters),
    ]
    found = [f"{what} {got} instead of {wanted}" for what, got, wanted in pairs if got != wanted]
    return found or _compare_frames(stamps, _time_base(video), expected) or _compare_ends(ends, expected)


def _compare_frames(stamps: list[int], base: Fraction, expected: Expected) -> list[str]:
    """Compares every frame's time with k/fps, within a tick of the container."""
    for number, stamp in enumerate(sorted(stamps)):
        wanted = expected.lead + number / expected.fps
        if abs(stamp * base - wanted) > base:
            return [f"frame {number} at {float(stamp * base):.6f} s instead of {float(wanted):.6f} s"]
    return []


def _compare_ends(ends: Mapping[int, Fraction], expected: Expected) -> list[str]:
    """Compares every stream's last timestamp with the one that was written."""
    differences = []
    for index, wanted in expected.ends.items():
        got = ends.get(index)
        if got is None or abs(got - wanted) > END_TOLERANCE:
            shown = "nothing" if got is None else f"{float(got):.3f} s"
            differences.append(f"stream {index} ends at {shown} instead of {float(wanted):.3f} s")
    return differences


def _read_times(container: av.container.InputContainer, video: int) -> tuple[list[int], dict[int, Fraction]]:
    """Reads every packet; returns the picture's timestamps in ticks and each stream's last one in seconds."""
    stamps: list[int] = []
    ends: dict[int, int] = {}
    for packet in container.demux():
        stamp = packet.pts if packet.pts is not None else packet.dts
        if not packet.size or stamp is None:
            continue
        index = packet.stream_index
        ends[index] = max(stamp, ends.get(index, stamp))
        if index == video:
            stamps.append(stamp)
    return stamps, {index: end * _time_base(container.streams[index]) for index, end in ends.items()}


def _time_base(stream: av.stream.Stream) -> Fraction:
    return Fraction(stream.time_base.numerator, stream.time_base.denominator)
