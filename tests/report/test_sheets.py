"""The pictures of a report."""

import base64
from fractions import Fraction

import pytest

from tests.report.stories import make_scope, record_of
from vsainimotion.report.sheets import MOST_CUTS, Scripts, plan_film_frames, plan_thumbnail, render_sheets, shown_cuts
from vsainimotion.report.summary import summarize

BLANK = (
    "import vapoursynth as vs\n"
    "clip = vs.core.std.BlankClip(width=64, height=36, length={length}, format=vs.YUV420P8, keep=True)\n"
    "clip.set_output()\n"
)


def test_cuts_holds_and_doubts_are_shown_with_their_neighbours() -> None:
    story = "mmc" + "hhhhm"
    summary = summarize(record_of(story, {3: 0.1}), make_scope(len(story)))
    assert plan_film_frames(summary) == [1, 2, 3, 7]


def test_pictures_are_bounded_however_long_the_film_is() -> None:
    story = "mmhhhhc" * 500
    summary = summarize(record_of(story), make_scope(len(story)))
    assert len(summary.cuts) == 499
    assert len(shown_cuts(summary)) == MOST_CUTS
    assert len(plan_film_frames(summary)) <= 2 * MOST_CUTS + 2 * 24 + 2 * 24


@pytest.mark.parametrize(
    ("size", "aspect", "thumbnail"),
    [
        ((1920, 1080), Fraction(1), (192, 108)),
        ((720, 576), Fraction(64, 45), (192, 108)),
        ((1080, 1920), Fraction(1), (96, 170)),
        ((4000, 10), Fraction(1), (192, 2)),
    ],
)
def test_a_thumbnail_has_the_shape_that_a_player_shows(
    size: tuple[int, int], aspect: Fraction, thumbnail: tuple[int, int]
) -> None:
    assert plan_thumbnail(size, aspect) == thumbnail


def test_thumbnails_are_jpegs_of_film_and_result() -> None:
    story = "mmcm"
    scope = make_scope(len(story))
    summary = summarize(record_of(story, {1: 0.1}), scope)
    scripts = Scripts(film=BLANK.format(length=4), made=BLANK.format(length=8))
    sheets = render_sheets(summary, scope, scripts, (64, 36), lambda _: None)
    assert sorted(sheets.film) == [0, 1, 2, 3]
    assert sorted(sheets.made) == [1]
    data = base64.b64decode(sheets.made[1].removeprefix("data:image/jpeg;base64,"))
    assert (data[:3], data[-2:]) == (b"\xff\xd8\xff", b"\xff\xd9")


def test_a_graph_that_fails_leaves_the_reason_instead_of_pictures() -> None:
    scope = make_scope(2)
    summary = summarize(record_of("ch"), scope)
    scripts = Scripts(film="raise ValueError('it has gone')", made="")
    sheets = render_sheets(summary, scope, scripts, (64, 36), lambda _: None)
    assert (dict(sheets.film), sheets.problem) == ({}, "vspipe: it has gone")
