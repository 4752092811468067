"""Decisions without new frames."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.films import MakeFilm, picture
from vsainimotion.enhance import Options
from vsainimotion.errors import UnknownNameError
from vsainimotion.media.encode import EncodeOptions
from vsainimotion.media.job import Opened, Request, open_film, plan_job, run_job
from vsainimotion.media.span import parse_span
from vsainimotion.report.explain import explain, frames_script, full_script, outline_script
from vsainimotion.report.journal import LINES, Journal
from vsainimotion.report.scope import Scope, planned_factor, planned_scope, reported_scope
from vsainimotion.report.sheets import Scripts

SIZE = (64, 36)
BLOCKS = Options(multi=Fraction(2), interpolator="mvtools", upscaler="off")


def opened(source: Path, options: Options, part: str | None = None) -> Opened:
    return open_film(source, options, None, parse_span(part) if part else None, lambda _: None)


@pytest.fixture(scope="module")
def small(make_film: MakeFilm, example_clip: Path) -> Path:
    """The example's cut, hold and mouth in a small picture, which is quick to work on."""
    part = ("-vf", "select=between(n\\,52\\,89),scale=256:144", "-fps_mode", "passthrough", "-c:v", "ffv1")
    return make_film("small.mkv", "-i", str(example_clip), "-map", "0:v", *part)


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / LINES).read_text("utf-8").splitlines()]


def write(script: str, scope: Scope, film: Opened, folder: Path) -> list[dict[str, object]]:
    journal = Journal(folder, scope)
    explain(script, journal, lambda _: None)
    journal.finish(Scripts(film=frames_script(film), made=script), SIZE, lambda _: None)
    return lines(folder)


def outline(source: Path, options: Options, folder: Path, part: str | None = None) -> list[dict[str, object]]:
    film = opened(source, options, part)
    return write(
        outline_script(film, planned_factor(film, options)),
        planned_scope(film, options, is_asked=False),
        film,
        folder,
    )


@pytest.mark.parametrize("multi", [Fraction(2), Fraction(5, 2), Fraction(3, 4)])
def test_what_is_explained_is_what_enhance_does(small: Path, tmp_path: Path, multi: Fraction) -> None:
    options, part = Options(multi=multi, interpolator="mvtools", upscaler="off"), "f3-f36"
    told = outline(small, options, tmp_path / "explained", part)
    request = Request(
        source=small, out=tmp_path / "out.mkv", enhance=options, span=parse_span(part),
        encode=EncodeOptions(arguments="-preset ultrafast"),
    )  # fmt: skip
    plan = plan_job(request, lambda _: None)
    journal = Journal(tmp_path / "done", reported_scope(plan.opened, options, plan.rendered))
    with journal:
        run_job(plan, lambda _: None, lambda _: None, journal.add)
    journal.finish(Scripts(film=frames_script(plan.opened), made=plan.opened.script), SIZE, lambda _: None)
    done = lines(tmp_path / "done")
    assert all(line.pop("confidence") is None for line in told)
    assert all(0 <= float(str(line.pop("confidence"))) <= 1 for line in done)
    assert told == done
    assert len(done) == plan.rendered.frames


def test_the_intervals_of_the_example_are_those_that_were_drawn(example_clip: Path, tmp_path: Path) -> None:
    drawn = json.loads(example_clip.with_suffix(".intervals.json").read_text("utf-8"))
    told = outline(example_clip, BLOCKS, tmp_path)
    names = [line["interval"] for line in told if line["origin"] == "source"]
    assert len(names) == 120
    assert names[:-1] == drawn_names(drawn)


def drawn_names(drawn: object) -> list[str]:
    assert isinstance(drawn, dict | list)
    rows = drawn["intervals"] if isinstance(drawn, dict) else drawn
    return [str(row).lower() for row in rows]


def test_the_full_form_knows_the_confidence_of_made_frames(small: Path, tmp_path: Path) -> None:
    options = Options(multi=Fraction(2), interpolator="mvtools", height=1440)
    film = opened(small, options, "f0-f12")
    told = write(full_script(film), planned_scope(film, options, is_asked=True), film, tmp_path)
    trust = [line["confidence"] for line in told if line["origin"] == "interpolated"]
    assert len(trust) >= 3
    assert all(0 < float(str(value)) < 1 for value in trust)


def test_the_scope_is_that_of_the_job(plain: Path, rich: Path, tmp_path: Path) -> None:
    for source, options in (
        (rich, Options(fps=Fraction(60000, 1001), interpolator="mvtools", height=90, upscaler="spline36")),
        (plain, Options(interpolator="off", scale=Fraction(3, 2), upscaler="lanczos")),
        (plain, Options(multi=Fraction(3), interpolator="mvtools", height=24)),
    ):
        film = opened(source, options)
        plan = plan_job(Request(source=source, out=tmp_path / "out.mkv", enhance=options), lambda _: None)
        wanted = reported_scope(film, options, plan.rendered)
        assert planned_scope(film, options, is_asked=True) == wanted


def test_an_unknown_network_is_refused_though_none_runs(plain: Path) -> None:
    options = Options(interpolator="nonsense")
    with pytest.raises(UnknownNameError, match="nonsense"):
        planned_scope(opened(plain, options), options, is_asked=False)


def test_a_film_that_breaks_leaves_a_partial_report(make_film: MakeFilm, tmp_path: Path) -> None:
    source = make_film("film.mkv", *picture(1), "-c:v", "ffv1")
    film = opened(source, BLOCKS)
    scope = planned_scope(film, BLOCKS, is_asked=False)
    source.unlink()
    with pytest.raises(Exception, match="cannot be opened"):
        explain(outline_script(film, Fraction(2)), Journal(tmp_path / "r", scope), lambda _: None)
    assert "This report is partial (the job failed: source: " in (tmp_path / "r" / "report.html").read_text("utf-8")


def test_an_even_cadence_is_explained_as_it_is_rendered(make_film: MakeFilm, tmp_path: Path) -> None:
    twos = "testsrc2=size=320x180:rate=12:duration=1,fps=24"
    film = make_film("twos.mkv", "-f", "lavfi", "-i", twos, "-c:v", "ffv1")
    lines = outline(film, replace(BLOCKS, interpolator="flow-fast", cadence="even"), tmp_path / "even")
    spread = [line for line in lines if line["after"] == int(str(line["before"])) + 2]
    assert [line["timestep"] for line in spread[:4]] == ["0", "1/4", "1/2", "3/4"]


def test_corrections_are_counted_from_the_films_first_frame(make_film: MakeFilm, tmp_path: Path) -> None:
    film = make_film("film.mkv", *picture(1), "-c:v", "ffv1")
    said = tmp_path / "said.txt"
    said.write_text("0-30 motion\n12 cut\n14-15 hold\n".replace("30", "22"))
    lines = outline(film, replace(BLOCKS, overrides=said), tmp_path / "part", "f10-f20")
    kinds = {int(str(line["before"])): line["interval"] for line in lines}
    assert [kinds[frame] for frame in range(10, 17)] == ["motion", "motion", "cut", "motion", "hold", "hold", "motion"]
