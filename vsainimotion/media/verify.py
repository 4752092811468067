"""The proof of a result: an output is read back and measured against the plan before it gets its name."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.container

from vsainimotion.errors import JobError


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
    stamps = _stamps(container)
    pairs: list[tuple[str, object, object]] = [
        (f"{kind} streams", kinds[kind], count) for kind, count in sorted(expected.kinds.items())
    ]
    pairs += [
        ("size", size, (expected.width, expected.height)),
        ("frames", len(stamps[expected.video]), expected.frames),
        ("chapters", len(container.chapters()), expected.chapters),
    ]
    found = [f"{what} {got} instead of {wanted}" for what, got, wanted in pairs if got != wanted]
    return found or _compare_times(container, stamps, expected)


def _compare_times(
    container: av.container.InputContainer, stamps: Mapping[int, list[Fraction]], expected: Expected
) -> list[str]:
    """Compares every frame's time with k/fps and every stream's last timestamp, within a tick of the container."""
    differences = []
    tick = Fraction(1, container.streams[expected.video].time_base.denominator)
    for number, stamp in enumerate(sorted(stamps[expected.video])):
        wanted = expected.lead + number / expected.fps
        if abs(stamp - wanted) > tick:
            differences.append(f"frame {number} at {float(stamp):.6f} s instead of {float(wanted):.6f} s")
            break
    for index, end in expected.ends.items():
        got = max(stamps[index], default=None)
        if got is None or abs(got - end) > Fraction(2, 1000):
            shown = "nothing" if got is None else f"{float(got):.3f} s"
            differences.append(f"stream {index} ends at {shown} instead of {float(end):.3f} s")
    return differences


def _stamps(container: av.container.InputContainer) -> dict[int, list[Fraction]]:
    stamps: dict[int, list[Fraction]] = defaultdict(list)
    for packet in container.demux():
        stamp = packet.pts if packet.pts is not None else packet.dts
        if packet.size and stamp is not None:
            stamps[packet.stream_index].append(
                stamp * Fraction(packet.time_base.numerator, packet.time_base.denominator)
            )
    return stamps
