"""The page."""

import base64
import json
import re
from array import array
from fractions import Fraction
from html.parser import HTMLParser

import pytest

from tests.report.stories import make_scope, record_of
from vsainimotion.report.page import clock, render_page
from vsainimotion.report.sheets import Sheets, as_uri, plan_film_frames
from vsainimotion.report.summary import summarize

STORY = "mmhmc" + "hhhhhm" + "fff" + "mch"
PICTURE = as_uri(b"\xff\xd8 a picture \xff\xd9")


def page_of(story: str, *, problem: str | None = None, sheets: Sheets | None = None, is_asked: bool = True) -> str:
    scope, record = make_scope(len(story), is_asked=is_asked), record_of(story)
    return render_page(scope, record, summarize(record, scope), sheets or Sheets(), problem)


class Reader(HTMLParser):
    """Collects every address that a page names, and checks that what opens is closed."""

    VOID = frozenset({"meta", "link", "img", "input", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (Fraction(0), "00:00:00.000"),
        (Fraction(1001, 24000), "00:00:00.042"),
        (Fraction(599999, 10000), "00:01:00.000"),
        (Fraction(3_723_004, 1000), "01:02:03.004"),
        (Fraction(360_000), "100:00:00.000"),
    ],
)
def test_a_time_is_hours_minutes_seconds_and_milliseconds(seconds: Fraction, text: str) -> None:
    assert clock(seconds) == text


def test_a_page_needs_nothing_but_itself() -> None:
    scope, record = make_scope(len(STORY)), record_of(STORY)
    summary = summarize(record, scope)
    sheets = Sheets(film=dict.fromkeys(plan_film_frames(summary), PICTURE), made={1: PICTURE})
    page = render_page(scope, record, summary, sheets, None)
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert all(address.startswith(("data:", "#")) for address in reader.addresses)
    assert PICTURE in reader.addresses
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest", page)
    assert "http://" not in page
    assert "https://" not in page


def test_names_and_scripts_are_text_and_no_markup() -> None:
    page = page_of(STORY)
    assert "<b>film" not in page
    assert "a &lt;b&gt;film&lt;/b&gt; &amp; &quot;more&quot;.mkv" in page
    assert "clip = 1 &lt; 2" in page


def test_the_data_of_the_timeline_is_all_decisions() -> None:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page_of(STORY), re.DOTALL)
    assert found is not None
    data = json.loads(found.group(1))
    assert (data["count"], data["fps"], data["asked"]) == (2 * len(STORY), [48000, 1001], True)
    flags = array("B", base64.b64decode(data["columns"]["flags"]))
    assert [flag >> 2 & 3 for flag in flags[::2]] == ["mhcf".index(letter) for letter in STORY]


def test_a_whole_report_and_a_partial_one_say_what_they_are() -> None:
    words = f"{2 * len(STORY)} of {2 * len(STORY)} frames, to {clock(2 * len(STORY) * Fraction(1001, 48000))}."
    assert f"Complete: {words}" in page_of(STORY)
    partial = page_of(STORY, problem="the job was interrupted")
    assert f"This report is partial (the job was interrupted): {words}" in partial
    assert 'class="state partial"' in partial


def test_a_job_that_was_stopped_before_its_first_frame_has_a_page() -> None:
    scope, record = make_scope(5), record_of("")
    page = render_page(scope, record, summarize(record, scope), Sheets(), "the job was interrupted")
    assert "0 of 10 frames, to 00:00:00.000" in page


def test_figures_say_what_was_saved_and_on_what_the_shots_are() -> None:
    page = page_of("mhmhmhmh")
    assert "flow-fast: needed for 4 of 7 frames between the film&#x27;s own, 42.9% saved." in page
    assert "luma-fast: needed for 5 of 8 frames of the film, 37.5% saved." in page
    assert "on twos" in page


def test_steps_of_the_ladder_are_told_only_where_networks_were_asked() -> None:
    assert "How motion was made" in page_of(STORY)
    assert "How motion was made" not in page_of(STORY, is_asked=False)


def test_missing_pictures_leave_their_captions_and_the_reason() -> None:
    page = page_of(STORY, sheets=Sheets(problem="the film <has> gone"))
    assert "Pictures are missing: the film &lt;has&gt; gone" in page
    assert "after frame 4" in page
    assert "<img" not in page
