"""What decisions come to."""

import pytest

from tests.report.stories import make_scope, record_of, tell
from vsainimotion.gate import Interval
from vsainimotion.report.decision import DecisionReader
from vsainimotion.report.record import Record
from vsainimotion.report.summary import Summary, Work, spread, summarize


def summary_of(intervals: str, confidences: dict[int, float] | None = None) -> Summary:
    return summarize(record_of(intervals, confidences), make_scope(len(intervals)))


def test_intervals_and_frames_are_counted_and_the_last_frame_has_no_interval() -> None:
    summary = summary_of("mmhcfh")
    assert summary.intervals == {Interval.MOTION: 2, Interval.HOLD: 1, Interval.CUT: 1, Interval.FADE: 1}
    assert summary.frames == {"source": 6, "made": 2, "blended": 1, "repeated": 3}


def test_the_work_saved_is_told_against_doing_all_of_it() -> None:
    summary = summary_of("mhmhh")
    assert (summary.interpolation.done, summary.interpolation.whole, summary.interpolation.saved) == (2, 4, 0.5)
    assert (summary.upscaling.done, summary.upscaling.whole) == (3, 5)
    assert summary.upscaling.saved == pytest.approx(0.4)


def test_a_drawing_of_which_a_part_is_redrawn_counts_as_that_part() -> None:
    reader, record = DecisionReader(make_scope(2)), Record()
    for told in tell("mm"):
        for decision in reader.read(told | {"VsaiReused": 0.8}):
            record.add(decision)
    for decision in reader.finish():
        record.add(decision)
    assert summarize(record, make_scope(2)).upscaling == Work(done=0.4, whole=2)


def test_a_shot_ends_at_a_cut_and_has_its_cadence() -> None:
    shots = summary_of("mmmc" + "hmhmhmhc" + "hhmhhmhhc" + "hhhhhh").shots
    assert [(shot.first, shot.frames, shot.drawings) for shot in shots] == [
        (0, 4, 4),
        (4, 8, 4),
        (12, 9, 3),
        (21, 6, 1),
    ]
    assert [shot.cadence for shot in shots] == ["ones", "twos", "threes", "longer"]
    assert all(shot.shares[shot.cadence] == 1 for shot in shots)


def test_a_cut_is_timed_by_the_frame_after_it() -> None:
    cut = summary_of("mmcmm").cuts[0]
    assert (cut.before, cut.after, cut.number) == (2, 3, 6)


def test_the_longest_holds_come_first_and_short_repeats_are_none() -> None:
    holds = summary_of("hhhm" + "hhhhhm" + "hm" + "hhhhm").holds
    assert [(hold.first, hold.last, hold.number) for hold in holds] == [(4, 9, 8), (12, 16, 24), (0, 3, 0)]


def test_the_frames_of_doubt_are_the_worst_that_lie_apart() -> None:
    doubts = summary_of("m" * 100, {21: 0.2, 23: 0.25, 121: 0.3}).doubts
    assert [row.number for row in doubts[:2]] == [21, 121]
    numbers = [row.number for row in doubts]
    assert all(abs(a - b) >= 24 for a in numbers for b in numbers if a != b)


def test_a_film_of_one_frame_is_summed_up_too() -> None:
    summary = summary_of("h")
    assert (len(summary.shots), summary.drawings, summary.interpolation.saved) == (1, 1, 0.0)


@pytest.mark.parametrize(("count", "most"), [(0, 5), (5, 5), (6, 5), (1000, 72)])
def test_a_choice_is_spread_over_all(count: int, most: int) -> None:
    chosen = spread(count, most)
    assert len(chosen) == min(count, most)
    if chosen:
        assert (chosen[0], chosen[-1]) == (0, count - 1)
