"""Cadence: drawings on twos and threes are spread evenly when that is asked for, and only then."""

from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from tests.scenes import OTHER_TEXTURE, TEXTURE, array, draw, pan, still, values
from vsainimotion.cadence import mark_spans
from vsainimotion.errors import ArgumentError
from vsainimotion.gate import INTERVAL_PROPERTY, gate
from vsainimotion.interpolate import interpolate
from vsainimotion.timeline import Origin

core = vs.core

MOTION, HOLD, CUT, FADE = range(4)
NETWORKS = Path(__file__).parent / "models" / "networks"


@pytest.fixture(autouse=True)
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(NETWORKS))


def spans(intervals: list[int], span: int = 3) -> list[tuple[int, int]]:
    pixel = core.std.BlankClip(width=1, height=1, format=vs.GRAY8, length=len(intervals))
    marked = mark_spans(pixel.akarin.PropExpr(lambda: {INTERVAL_PROPERTY: [*intervals]}), span)
    return [(int(b), int(a)) for b, a in zip(values(marked, "VsaiBack"), values(marked, "VsaiAhead"), strict=True)]


def lengths(*holds: int, last: int = MOTION) -> list[int]:
    """Intervals of drawings that are held for so many frames each."""
    found: list[int] = []
    for frames in holds:
        found += [HOLD] * (frames - 1) + [MOTION]
    found[-1] = last
    return found


ONES = [(0, 1)]
TWO = [(0, 2), (1, 1)]
THREE = [(0, 3), (1, 2), (2, 1)]


@pytest.mark.parametrize(
    ("holds", "last", "expected"),
    [
        ((2, 2, 2), MOTION, TWO * 3),
        ((3, 3), MOTION, THREE * 2),
        ((2, 3, 2), MOTION, TWO + THREE + TWO),
        ((1, 1, 2, 1, 1), MOTION, ONES * 6),  # a lone hold among ones is meant
        ((2, 2, 8), MOTION, TWO * 2 + ONES * 8),
        ((2, 2), CUT, TWO + ONES * 2),  # never across a cut
        ((2, 2), FADE, TWO + ONES * 2),
        ((2, 2), HOLD, TWO + ONES * 2),  # the film's end: nothing comes after
        ((4, 4), MOTION, ONES * 8),
    ],
)
def test_what_changes_at_a_regular_pace_is_spread(
    holds: tuple[int, ...], last: int, expected: list[tuple[int, int]]
) -> None:
    assert spans(lengths(*holds, last=last)) == expected


def test_a_longer_span_spreads_longer_holds() -> None:
    assert spans(lengths(4, 4), span=4)[:5] == [(0, 4), (1, 3), (2, 2), (3, 1), (0, 4)]


def on_twos(drawings: int, speed: float) -> vs.VideoNode:
    return draw(drawings * 2, TEXTURE.format(x=f"X N 2 / floor {speed} * +", y="Y"), width=480, height=272)


def test_drawings_on_twos_become_even_motion() -> None:
    film = on_twos(5, 8)
    even = interpolate(film, multi=2, model="flow-pan", cadence="even")  # the network says 8 pixels a step
    truth = pan(20, 2, width=480, height=272)
    for n in range(16):
        off = np.abs(array(even, n).astype(int) - array(truth, n).astype(int))[:, 16:-16]
        assert off.max() <= 3, n
    origins = values(even, "VsaiOrigin")
    assert origins[:9] == [Origin.SOURCE, *[Origin.INTERPOLATED] * 3] * 2 + [Origin.SOURCE]
    assert values(even, INTERVAL_PROPERTY)[:16] == [MOTION] * 16
    assert set(values(even, "VsaiRun")[:16]) == {0}


def test_drawings_keep_their_timing_unless_asked() -> None:
    kept = interpolate(on_twos(4, 8), multi=2, model="flow-pan")
    assert values(kept, "VsaiOrigin")[:8] == [Origin.SOURCE, Origin.REPEATED, Origin.SOURCE, Origin.INTERPOLATED] * 2


def test_even_stops_at_a_cut() -> None:
    film = on_twos(3, 8) + still(4, OTHER_TEXTURE, width=480, height=272)
    even = interpolate(film, multi=2, model="flow-pan", cadence="even")
    origins = values(even, "VsaiOrigin")
    assert origins[8:12] == [Origin.SOURCE, Origin.REPEATED, Origin.SOURCE, Origin.REPEATED]
    assert np.array_equal(array(even, 11), array(film, 4))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cadence": "odd"}, "'cadence' must be one of keep, even"),
        ({"cadence": "even", "span": 1}, "'span' must be 2 to 8 frames"),
        ({"cadence": "even", "model": "mvtools"}, "must be keep with mvtools"),
    ],
)
def test_an_impossible_cadence_is_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        interpolate(on_twos(2, 8), **options)  # type: ignore[arg-type] # the wrong ones are the point


def test_the_gate_finds_the_cadence_of_a_film_on_twos() -> None:
    assert values(gate(on_twos(4, 8)), INTERVAL_PROPERTY)[:7] == [HOLD, MOTION] * 3 + [HOLD]
