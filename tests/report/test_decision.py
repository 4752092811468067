"""Decisions, read from frame properties."""

import json
from fractions import Fraction

from tests.report.stories import make_scope, tell
from vsainimotion.gate import Interval
from vsainimotion.interpolate import Ladder
from vsainimotion.report.decision import Decision, DecisionReader
from vsainimotion.report.scope import Models
from vsainimotion.timeline import Origin


def read(intervals: str, **changes: float) -> list[Decision]:
    """The decisions of a film whose every frame has some properties more."""
    reader = DecisionReader(make_scope(len(intervals)))
    decisions = [decision for told in tell(intervals) for decision in reader.read(told | changes)]
    return decisions + reader.finish()


def test_a_frame_has_its_exact_time_and_its_neighbours() -> None:
    last = read("mmm")[5]
    assert (last.number, last.time, last.before, last.after) == (5, Fraction(5 * 1001, 48000), 2, 2)
    made = read("mmm")[3]
    assert (made.before, made.after, made.timestep, made.origin) == (1, 2, Fraction(1, 2), Origin.INTERPOLATED)


def test_neighbours_are_numbered_as_in_the_film_when_only_a_part_is_taken() -> None:
    reader = DecisionReader(make_scope(3, first=100))
    decisions = [decision for told in tell("mmh") for decision in reader.read(told)] + reader.finish()
    assert [(d.before, d.after) for d in decisions] == [
        (100, 101),
        (100, 101),
        (101, 102),
        (101, 102),
        *[(102, 102)] * 2,
    ]


def test_all_frames_before_a_cut_know_of_it() -> None:
    assert [d.interval for d in read("mch")][2:4] == [Interval.CUT, Interval.CUT]


def test_the_interpolator_is_asked_only_where_motion_was_looked_for() -> None:
    models = Models(interpolator="flow-fast", upscaler=None)
    asked = [decision.number for decision in read("mhcfm") if decision.networks(models)]
    assert asked == [1, 9]


def test_the_upscaler_is_asked_only_for_new_drawings() -> None:
    models = Models(interpolator=None, upscaler="luma-fast")
    asked = [decision.number for decision in read("mhhmch") if decision.networks(models)]
    assert asked == [0, 2, 8, 10]


def test_a_long_hold_is_redrawn_once_in_64_frames_and_a_wrapped_run_is_no_new_drawing() -> None:
    told = [{"VsaiOrigin": 2 * (k % 2), "VsaiInterval": 1, "VsaiRun": k % 64} for k in range(300)]
    reader = DecisionReader(make_scope(150))
    decisions = [decision for properties in told for decision in reader.read(properties)] + reader.finish()
    assert [d.before for d in decisions if d.redrawn] == [0, 64, 128]


def test_what_the_upscaler_says_it_reused_goes_before_the_run() -> None:
    decisions = read("mhm", VsaiReused=0.75)
    assert [decision.redrawn for decision in decisions] == [0.25, 0, 0.25, 0, 0.25, 0]
    reused = read("mm", VsaiReused=1)
    assert not any(decision.redrawn for decision in reused)


def test_kernels_and_block_motion_are_no_networks() -> None:
    models = Models(interpolator="mvtools", upscaler="spline36")
    assert not any(decision.networks(models) for decision in read("mmm"))
    assert [decision.is_made for decision in read("mm")] == [False, True, False, True]


def test_a_frame_that_the_ladder_gave_up_asked_the_network_all_the_same() -> None:
    reader = DecisionReader(make_scope(1))
    told = {"VsaiOrigin": 2, "VsaiInterval": 0, "VsaiLadder": 3, "VsaiConfidence": 0.2}
    decisions = [*reader.read({"VsaiOrigin": 0}), *reader.read(told), *reader.finish()]
    assert (decisions[1].ladder, decisions[1].is_made) == (Ladder.NEAREST_DRAWING, True)


def test_what_the_frames_say_of_their_place_is_believed_before_the_schedule() -> None:
    reader = DecisionReader(make_scope(10, first=5))
    told = {"VsaiOrigin": 1, "VsaiInterval": 0, "VsaiSource": 3, "VsaiNext": 6, "VsaiTimestep": 1 / 3}
    reader.read(told)
    decision = reader.finish()[0]
    assert (decision.before, decision.after, decision.timestep) == (8, 11, Fraction(1, 3))


def test_properties_that_are_absent_mean_a_plain_source_frame() -> None:
    reader = DecisionReader(make_scope(1, factor=1))
    reader.read({})
    decision = reader.finish()[0]
    assert (decision.origin, decision.interval, decision.ladder) == (Origin.SOURCE, None, Ladder.NETWORK)
    assert (decision.confidence, decision.redrawn, decision.is_made) == (1, 1, False)


def test_a_confidence_that_no_network_was_asked_for_is_not_claimed() -> None:
    reader = DecisionReader(make_scope(1, is_asked=False))
    for told in tell("m"):
        reader.read(told)
    assert [decision.confidence for decision in reader.finish()] == [None, None]


def test_a_line_is_json_with_every_fact() -> None:
    models = Models(interpolator="flow-fast", upscaler="luma-fast")
    assert json.loads(read("mm")[1].as_line(models)) == {
        "frame": 1,
        "time": "1001/48000",
        "seconds": 0.020854,
        "origin": "interpolated",
        "before": 0,
        "after": 1,
        "timestep": "1/2",
        "interval": "motion",
        "confidence": 0.9,
        "ladder": 0,
        "redrawn": 0.0,
        "networks": ["flow-fast"],
    }
