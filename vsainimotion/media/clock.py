"""The clock of one stream: its timestamps moved to the output's beginning by an exact offset, rounded once."""

from fractions import Fraction
from typing import Any

import av
import av.packet
import av.stream

type Packet = av.packet.Packet[Any]


class StreamClock:
    """Moves the packets of one stream onto the output's clock.

    Args:
        old: The stream that is read.
        new: The stream that is written; the output's header must have been written, which fixes its time base.
        origin: Time on the old stream's clock, in seconds, that becomes zero.
    """

    def __init__(self, old: av.stream.Stream, new: av.stream.Stream, origin: Fraction) -> None:
        self.new = new
        self.end: Fraction | None = None
        """Latest timestamp that was placed, in seconds."""
        self.tick = Fraction(new.time_base.numerator, new.time_base.denominator)
        self._base = Fraction(old.time_base.numerator, old.time_base.denominator)
        self._origin = origin
        ratio, offset = self._base / self.tick, origin / self.tick
        self._ratio = ratio
        self._factor = ratio.numerator * offset.denominator
        self._shift = offset.numerator * ratio.denominator
        self._divisor = ratio.denominator * offset.denominator
        self._packet_ticks = _packet_ticks(old, self.tick) if self._base > self.tick else None
        self._expected: int | None = None
        self._before: int | None = None

    def seconds(self, stamp: int) -> Fraction:
        """Returns a timestamp of the old stream in seconds on the output's clock."""
        return stamp * self._base - self._origin

    def place(self, packet: Packet) -> None:
        """Gives a packet its stream, time and duration in the output."""
        pts, dts = self._ticks(packet.pts), self._ticks(packet.dts)
        length = self._packet_ticks or round((packet.duration or self._usual_duration(packet)) * self._ratio)
        if self._packet_ticks and pts is not None:
            pts = dts = self._steady(pts, self._packet_ticks)
        packet.stream = self.new
        packet.time_base = self.tick
        packet.pts, packet.dts, packet.duration = pts, dts, length
        self.note(packet)

    def _usual_duration(self, packet: Packet) -> int:
        """Returns the step from the last packet of a sound that gives no durations: MP4 would drop its last packet."""
        before, self._before = self._before, packet.pts
        if packet.stream.type != "audio" or before is None or packet.pts is None:
            return 0
        return max(packet.pts - before, 0)

    def note(self, packet: Packet) -> None:
        """Remembers the latest timestamp, for the check of the result."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None:
            self.end = stamp * self.tick if self.end is None else max(self.end, stamp * self.tick)

    def _ticks(self, stamp: int | None) -> int | None:
        """Returns a timestamp in the output's ticks, halves rounded up; integers only, as it runs for each packet."""
        if stamp is None:
            return None
        return (2 * (stamp * self._factor - self._shift) + self._divisor) // (2 * self._divisor)

    def _steady(self, ticks: int, length: int) -> int:
        """Undoes the rounding of a coarse clock: packets of equal length follow each other without a gap."""
        if self._expected is not None and abs(self._expected - ticks) <= self._ratio:
            ticks = self._expected
        self._expected = ticks + length
        return ticks


def _packet_ticks(stream: av.stream.Stream, tick: Fraction) -> int | None:
    """Returns the length of an audio stream's packets in ticks, if all are equally long and it is whole."""
    if not isinstance(stream, av.AudioStream):
        return None
    samples, rate = stream.codec_context.frame_size, stream.codec_context.sample_rate
    length = Fraction(samples, rate) / tick if samples and rate else Fraction(0)
    return int(length) if length and length.denominator == 1 else None
