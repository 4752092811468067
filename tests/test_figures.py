"""A figure on twos or threes over a pan on ones: it is spread evenly between its drawings, and the pan goes on."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from tests.scenes import array, box, count_requests, figure, pan, still, values
from vsainimotion import figures
from vsainimotion.cadence import LAYERED_PROPERTY
from vsainimotion.gate import gate
from vsainimotion.interpolate import interpolate
from vsainimotion.layers import lay_out_layers
from vsainimotion.pans import find_pans
from vsainimotion.timeline import Origin
from vsainimotion.timing import plan_schedule

core = vs.core

NETWORKS = Path(__file__).parent / "models" / "networks"
AVERAGE = "frame-average"


def spans(clip: vs.VideoNode, span: int = 3, *, layered: bool = True) -> list[tuple[int, int]]:
    """How far back and ahead each frame's drawing of the figure is spread; (0, 1) where it is not."""
    marks = lay_out_layers(gate(clip), plan_schedule(clip.num_frames, Fraction(1)), 0.5, span).figure.spans
    assert marks is not None
    names = "VsaiBack", "VsaiAhead", LAYERED_PROPERTY
    found = list(zip(*(values(marks, name) for name in names), strict=True))
    assert all(alone == (layered and back + ahead > 1) for back, ahead, alone in found)
    return [(int(back), int(ahead)) for back, ahead, _ in found]


ONES = [(0, 1)]
TWO = [(0, 2), (1, 1)]
THREE = [(0, 3), (1, 2), (2, 1)]


@pytest.mark.parametrize(
    ("place", "speed", "every", "expected"),
    [
        ("140", 3, 2, TWO * 5 + ONES * 2),  # fixed on the screen
        ("140", 0.5, 2, TWO * 5 + ONES * 2),
        ("140", -8, 2, TWO * 5 + ONES * 2),
        ("170 N 3 * -", 3, 2, TWO * 5 + ONES * 2),  # painted on the ground
        ("120 N 1.5 * +", 4, 2, TWO * 5 + ONES * 2),  # slides on ones, whatever is drawn on it
        ("140", 3, 3, THREE * 3 + ONES * 3),
        ("140", 3, 1, ONES * 12),
        ("140", 3, 4, ONES * 12),  # longer than the span
    ],
)
def test_a_figure_over_a_pan_is_spread_where_it_changes_at_a_regular_pace(
    place: str, speed: float, every: int, expected: list[tuple[int, int]]
) -> None:
    assert spans(figure(12, place, speed, every=every, step=2)) == expected


def test_a_longer_span_spreads_longer_figure_holds() -> None:
    assert spans(figure(12, "140", 3, every=4, step=2), span=4)[:8] == [(0, 4), (1, 3), (2, 2), (3, 1)] * 2


def test_a_pan_alone_has_no_figure() -> None:
    assert spans(pan(12, 3)) == ONES * 12


def test_a_figure_is_not_spread_across_a_cut() -> None:
    film = figure(5, "140", 3, every=2, step=2) + still(4)
    assert spans(film) == TWO * 2 + ONES * 5


def test_a_figure_is_not_spread_where_the_pan_changes_its_speed() -> None:
    film = figure(16, "140", 3, every=2, step=2)
    uneven = film[:6] + figure(16, "140", 7, every=2, step=2)[7:16]
    assert spans(uneven)[4:6] == ONES * 2


def test_nothing_is_measured_where_the_camera_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []

    def watched(copy: vs.VideoNode) -> vs.VideoNode:
        pans, numbers = count_requests(find_pans(copy))
        asked.append(numbers)
        return pans

    monkeypatch.setattr(figures, "find_pans", watched)
    twos = core.std.Interleave([box(4, 8)] * 2)
    assert spans(twos, layered=False)[:6] == TWO * 3
    spans(figure(8, "140", 3, every=2, step=2))
    assert asked[0] == []
    assert set(asked[1]) == set(range(7))


def test_a_clip_too_small_to_be_followed_keeps_its_timing() -> None:
    assert spans(figure(6, "40", 3, every=2, step=2, width=80, height=64)) == ONES * 6


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSAINIMOTION_MODELS", str(NETWORKS))


@pytest.mark.usefixtures("networks")
def test_the_figure_is_made_between_its_drawings_and_the_ground_between_its_frames() -> None:
    film = figure(8, "140", 3, every=2, step=4)
    even = interpolate(film, multi=2, model=AVERAGE, cadence="even")
    assert np.array_equal(array(even, 4), array(film, 2))
    ground, drawings = array(film, 3).astype(int), (array(film, 2).astype(int) + array(film, 4) + 1) // 2
    between = array(even, 6).astype(int)  # the time of frame 3, which repeats the drawing of frame 2
    assert np.array_equal(between[:, 220:], ground[:, 220:])
    assert np.array_equal(between[:, :60], ground[:, :60])
    inside = slice(60, 120), slice(115, 185)
    assert np.abs(drawings[inside] - ground[inside]).max() > 30
    assert np.abs(between[inside] - drawings[inside]).mean() < 1


@pytest.mark.usefixtures("networks")
def test_the_frames_of_a_spread_figure_say_between_which_drawings_they_lie() -> None:
    even = interpolate(figure(8, "140", 3, every=2, step=4), multi=2, model=AVERAGE, cadence="even")
    assert values(even, "VsaiOrigin")[:8] == [Origin.SOURCE, *[Origin.INTERPOLATED] * 3] * 2
    assert values(even, "VsaiSource")[:8] == [0] * 4 + [2] * 4
    assert values(even, "VsaiNext")[:8] == [2] * 4 + [4] * 4
    assert values(even, "VsaiTimestep")[:8] == [0, 0.25, 0.5, 0.75] * 2
    assert values(even, "VsaiConfidence")[:4] == [1, 0.5, 0.5, 0.5]
    assert set(values(even, "VsaiRun")[:12]) == {0}


@pytest.mark.usefixtures("networks")
@pytest.mark.parametrize("fmt", [vs.GRAYH, vs.RGB24, vs.YUV420P10])
def test_figures_are_spread_in_every_format(fmt: int) -> None:
    luma = figure(8, "140", 3, every=2, step=4).std.SetFrameProps(_Matrix=vs.MATRIX_BT709)
    film = luma.resize.Bicubic(format=fmt, matrix=vs.MATRIX_RGB if fmt == vs.RGB24 else vs.MATRIX_BT709)
    even = interpolate(film, multi=2, model=AVERAGE, cadence="even")
    assert even.format.id == fmt
    between, ground = array(even, 6), array(film, 3)
    assert np.array_equal(between[:, 220:], ground[:, 220:])
    assert not np.array_equal(between[60:120, 115:185], ground[60:120, 115:185])


@pytest.mark.usefixtures("networks")
def test_any_order_of_requests_gives_the_same_spread_frames() -> None:
    film = figure(6, "140", 3, every=2, step=4)
    straight = interpolate(film, fps=60, model=AVERAGE, cadence="even")
    again = interpolate(film, fps=60, model=AVERAGE, cadence="even")
    later = {n: array(again, n) for n in (14, 3, 9, 2, 8)}
    assert all(np.array_equal(array(straight, n), later[n]) for n in sorted(later))


def test_a_network_makes_the_figure_at_its_even_time() -> None:
    film = figure(8, "140", 3, every=2, step=3)
    truth = figure(16, "140", 1.5, step=1.5)
    even, kept = (interpolate(film, multi=2, model="flow-fast", cadence=cadence) for cadence in ("even", "keep"))
    for n in (5, 6, 7):
        wanted = array(truth, n).astype(int)
        off, off_kept = (np.abs(array(clip, n).astype(int) - wanted)[40:140, 90:220].mean() for clip in (even, kept))
        assert off < 6, n
        assert off_kept > 2 * off, n
        assert np.abs(array(even, n).astype(int) - wanted)[:, 230:310].mean() < 1, n


def test_a_figure_that_is_held_stands_still_while_the_ground_moves_on() -> None:
    kept = interpolate(figure(8, "140", 3, every=2, step=3), multi=2, model="flow-fast")
    truth = figure(16, "140", 1.5, every=4, step=1.5)  # the same drawings, seen twice as often
    for n in (5, 9):
        off = np.abs(array(kept, n).astype(int) - array(truth, n).astype(int))[:, 16:-16]
        assert off.mean() < 1.5, n
