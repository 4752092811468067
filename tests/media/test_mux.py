"""Muxing: chapters, full discs, codec tags; whole films are in test_job."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from tests.media.films import payloads, times
from vsainimotion.errors import OutputError
from vsainimotion.media.colour import Colour
from vsainimotion.media.container import CONTAINERS
from vsainimotion.media.mux import MuxPlan, cut_chapters, mux, write_error

BASE = Fraction(1, 1000)


def chapter(start: int, end: int) -> dict[str, object]:
    return {"id": 1, "start": start, "end": end, "time_base": BASE, "metadata": {}}


def plan(source: Path, output: Path, **changes: object) -> MuxPlan:
    values: dict[str, object] = {
        "source": source,
        "picture": source,
        "output": output,
        "container": CONTAINERS[".mkv"],
        "video": 0,
        "copied": (1, 2, 3, 4, 5),
        "colour": Colour(),
        "origin": Fraction(0),
        "starts": {},
        "length": None,
    }
    return MuxPlan(**{**values, **changes})  # type: ignore[arg-type] # a table of fields


@pytest.mark.parametrize(
    ("shift", "length", "wanted"),
    [
        (Fraction(0), None, [(0, 1000), (1000, 3000)]),
        (Fraction(1, 2), None, [(0, 500), (500, 2500)]),
        (Fraction(1), None, [(0, 2000)]),
        (Fraction(1, 2), Fraction(1), [(0, 500), (500, 1000)]),
        (Fraction(5), None, []),
        (Fraction(-1, 2), None, [(500, 1500), (1500, 3500)]),
    ],
)
def test_chapters_move_and_are_cut(shift: Fraction, length: Fraction | None, wanted: list[tuple[int, int]]) -> None:
    cut = cut_chapters([chapter(0, 1000), chapter(1000, 3000)], shift, length)  # type: ignore[list-item] # av's own type
    assert [(row["start"], row["end"]) for row in cut] == wanted


def test_a_full_disc_is_told_as_such(rich: Path) -> None:
    with pytest.raises(OutputError, match="the disc is full"):
        mux(plan(rich, Path("/dev/full")))


def test_a_place_that_cannot_be_written_is_told(rich: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot be written \(no such file or directory\)"):
        mux(plan(rich, tmp_path / "none" / "out.mkv"))


def test_other_write_errors_keep_their_reason() -> None:
    assert "input/output error" in str(write_error(OSError(5, "Input/output error")))


def test_packets_and_times_are_copied_exactly(rich: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    muxed = mux(plan(rich, out))
    assert (muxed.lead, muxed.video, muxed.chapters) == (Fraction(0), 0, 2)
    for index in range(5):
        assert payloads(out, index) == payloads(rich, index)
        assert times(out, index) == times(rich, index)
        assert muxed.ends[index] == times(rich, index)[-1]


def test_a_fraction_of_a_tick_is_rounded_once(rich: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    origin = Fraction(1001, 24000)
    mux(plan(rich, out, origin=origin, length=Fraction(2)))
    kept = [time for time in times(rich, 2) if 0 <= time - origin < 2]
    assert times(out, 2) == [Fraction(round((time - origin) * 1000), 1000) for time in kept]


def test_sound_from_a_coarse_clock_runs_without_gaps_on_a_fine_one(rich: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    mux(plan(rich, out, container=CONTAINERS[".mp4"], copied=(1,)))
    found = times(out, 1)
    steps = {after - before for before, after in pairwise(found)}
    assert steps == {Fraction(1024, 48000)}
    assert times(rich, 1) != found
