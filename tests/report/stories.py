"""Films as they would come out of `interpolate`, told in one letter for each interval."""

from collections.abc import Iterator
from fractions import Fraction

from vsainimotion.gate import Interval
from vsainimotion.media.colour import Property
from vsainimotion.report.decision import DecisionReader
from vsainimotion.report.record import Record
from vsainimotion.report.scope import Models, Scope

LETTERS = {"m": Interval.MOTION, "h": Interval.HOLD, "c": Interval.CUT, "f": Interval.FADE}


def make_scope(frames: int, *, first: int = 0, factor: int = 2, is_asked: bool = True) -> Scope:
    """What a job over so many frames of 24000/1001 a second is about."""
    fps = Fraction(24000, 1001)
    return Scope(
        film='/films/a <b>film</b> & "more".mkv',
        first=first,
        frames=frames,
        source_fps=fps,
        fps=fps * factor,
        total=frames * factor,
        size=(1920, 1080),
        new_size=(2560, 1440),
        models=Models(interpolator="flow-fast", upscaler="luma-fast"),
        is_asked=is_asked,
        script="clip = 1 < 2\n",
    )


def tell(intervals: str, confidences: dict[int, float] | None = None) -> Iterator[dict[str, Property]]:
    """The properties of the output frames at twice the rate: m motion, h hold, c cut, f fade; the last is a hold.

    Args:
        intervals: One letter for each frame of the film.
        confidences: Of made frames, by output frame; 0.9 for the others.
    """
    run = 0
    for number, letter in enumerate(intervals):
        kind = LETTERS[letter]
        run = run + 1 if number and intervals[number - 1] == "h" else 0
        shared: dict[str, Property] = {"VsaiPeak": 0.25, "VsaiMean": 0.01, "_DurationNum": 1001, "_DurationDen": 48000}
        # Between the frames before a cut nothing changes: `timeline.describe` says so of all but the last of them.
        shown = Interval.HOLD if kind is Interval.CUT else kind
        yield {**shared, "VsaiOrigin": 0, "VsaiInterval": int(shown), "VsaiConfidence": 1, "VsaiRun": run % 64}
        origin = 1 if letter in "mf" else 2
        trust = (confidences or {}).get(2 * number + 1, 0.9) if letter == "m" else 1
        later = {
            "VsaiOrigin": origin,
            "VsaiInterval": int(kind),
            "VsaiConfidence": trust,
            "VsaiRun": int(letter == "h"),
        }
        yield shared | later


def record_of(intervals: str, confidences: dict[int, float] | None = None) -> Record:
    """The decisions of such a film."""
    reader, record = DecisionReader(make_scope(len(intervals))), Record()
    for properties in tell(intervals, confidences):
        for decision in reader.read(properties):
            record.add(decision)
    for decision in reader.finish():
        record.add(decision)
    return record
