"""The page: one HTML file that opens from disk, with a timeline, figures and contact sheets."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from fractions import Fraction
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from vsainimotion.interpolate import Ladder
from vsainimotion.report.record import Record
from vsainimotion.report.scope import Scope
from vsainimotion.report.sheets import Sheets, shown_cuts
from vsainimotion.report.summary import CADENCES, Shot, Summary, Work

KINDS = {
    "motion": "motion: a frame is made",
    "simpler": "made with simpler motion",
    "nearest": "partly the nearest drawing",
    "hold": "hold: repeated",
    "fade": "fade or flash",
    "cut": "cut",
}
"""What the colours of the timeline mean, by their class in page.css."""

LADDER_CLASSES = {
    Ladder.NETWORK: "motion",
    Ladder.SURROUNDINGS: "simpler",
    Ladder.BLOCKS: "simpler",
    Ladder.NEAREST_DRAWING: "nearest",
}

FRAME_WORDS = {
    "source": "the film's own",
    "made": "made from motion",
    "blended": "blended in a fade",
    "repeated": "repeated",
}

CADENCE_WORDS = {"ones": "on ones", "twos": "on twos", "threes": "on threes", "longer": "held longer"}


def clock(seconds: Fraction) -> str:
    """Returns a time as HH:MM:SS.mmm, rounded once."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def render_page(scope: Scope, record: Record, summary: Summary, sheets: Sheets, problem: str | None) -> str:
    """Writes the page.

    Args:
        scope: What it is about.
        record: The decisions, as many as there are.
        summary: What they come to.
        sheets: Thumbnails.
        problem: Why the decisions end early, as words for a person; None where they are whole.
    """
    done = f"{len(record)} of {scope.total} frames, to {clock(len(record) / scope.fps)}"
    return Template(_text("page.html")).substitute(
        title=escape(Path(scope.film).name),
        style=_text("page.css"),
        script=_text("page.js"),
        state_class="partial" if problem else "whole",
        state=escape(f"This report is partial ({problem}): {done}." if problem else f"Complete: {done}."),
        facts="\n".join(_facts(scope, summary)),
        legend=" ".join(f'<span><i class="{name}"></i>{words}</span>' for name, words in KINDS.items()),
        shares=_shares(scope, summary),
        cadence=_cadence(scope, summary),
        sheets=_sheets(scope, summary, sheets),
        vpy=escape(scope.script),
        data=_data(scope, record),
    )


def _text(name: str) -> str:
    return files("vsainimotion.report").joinpath(name).read_text("utf-8")


def _data(scope: Scope, record: Record) -> str:
    data = {
        "count": len(record),
        "fps": [scope.fps.numerator, scope.fps.denominator],
        "asked": scope.is_asked,
        "network": scope.models.interpolator,
        "enlarger": scope.models.enlarger,
        "columns": asdict(record.columns()),
    }
    # Within a script element only "<" could end it or begin a comment.
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _facts(scope: Scope, summary: Summary) -> Iterable[str]:
    source, result = ("x".join(str(side) for side in size) for size in (scope.size, scope.new_size))
    rows = {
        "film": scope.film,
        "from": f"{scope.frames} frames from {scope.first} on, {source}, {scope.source_fps} fps, "
        f"{clock(scope.first / scope.source_fps)} to {clock((scope.first + scope.frames) / scope.source_fps)}",
        "to": f"{scope.total} frames, {result}, {scope.fps} fps, {clock(scope.total / scope.fps)}",
        "models": " and ".join(filter(None, (scope.models.interpolator, scope.models.upscaler))) or "none",
        "shots": f"{len(summary.shots)} with {summary.drawings} drawings",
    }
    return (f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in rows.items())


def _bar(shares: Mapping[str, float]) -> str:
    """Returns a bar of coloured parts by class; the figures stand beside it for those who do not see it."""
    parts = (f'<span class="{name}" style="width:{share:.3%}"></span>' for name, share in shares.items() if share > 0)
    return f'<div class="bar" aria-hidden="true">{"".join(parts)}</div>'


def _group(title: str, counts: Mapping[str, tuple[str, int]]) -> str:
    """Returns a bar and a table of counts: by class, the words and the number."""
    whole = sum(count for _, count in counts.values())
    bar = _bar({name: count / whole for name, (_, count) in counts.items()} if whole else {})
    rows = "".join(
        f'<tr><td><i class="{name}"></i>{words}</td>'
        f'<td class="n">{count}</td><td class="n">{_percent(count, whole)}</td></tr>'
        for name, (words, count) in counts.items()
    )
    return f"<div><h3>{title}</h3>{bar}<table><tbody>{rows}</tbody></table></div>"


def _percent(count: int, whole: int) -> str:
    return f"{count / whole:.1%}" if whole else "-"


def _shares(scope: Scope, summary: Summary) -> str:
    intervals = {kind.name.lower(): count for kind, count in summary.intervals.items()}
    groups = [
        _group("Between the film's frames", {name: (KINDS[name], count) for name, count in intervals.items()}),
        _group("Frames put out", {name: (words, summary.frames[name]) for name, words in FRAME_WORDS.items()}),
    ]
    if scope.is_asked and scope.models.interpolator:
        steps: Counter[str] = Counter()
        for step, count in summary.ladder.items():
            steps[LADDER_CLASSES[step]] += count
        groups.append(_group("How motion was made", {name: (KINDS[name], count) for name, count in steps.items()}))
    works = [
        (scope.models.interpolator, summary.interpolation, "frames between the film's own"),
        (scope.models.enlarger, summary.upscaling, "frames of the film"),
    ]
    lines = "".join(f"<p>{escape(describe_work(name, work, what))}</p>" for name, work, what in works if name)
    return f'{lines}<div class="groups">{"".join(groups)}</div>'


def describe_work(name: str, work: Work, what: str) -> str:
    """Returns one sentence about what a model was needed for."""
    return f"{name}: needed for {work.done:g} of {work.whole} {what}, {work.saved:.1%} saved."


def _cadence(scope: Scope, summary: Summary) -> str:
    shares = summary.cadence_shares()
    legend = " ".join(
        f'<span><i class="{name}"></i>{CADENCE_WORDS[name]} {shares[name]:.1%}</span>' for name in CADENCES
    )
    head = "".join(
        f"<th{' class=n' if k in {1, 2, 3, 4} else ''}>{name}</th>"
        for k, name in enumerate(("starts", "film's frame", "lasts", "drawings", "drawings a second", "mostly", ""))
    )
    rows = "".join(_shot_row(scope, shot) for shot in summary.shots)
    return (
        f'{_bar(shares)}<p class="legend">{legend}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Shots"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _shot_row(scope: Scope, shot: Shot) -> str:
    length = shot.frames / scope.source_fps
    cells = [str(shot.first), f"{float(length):.3f} s", str(shot.drawings), f"{float(shot.drawings / length):.1f}"]
    numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
    return (
        f"<tr><td>{_link(scope, shot.number)}</td>{numbers}<td>{CADENCE_WORDS[shot.cadence]}</td>"
        f"<td>{_bar(shot.shares)}</td></tr>"
    )


def _link(scope: Scope, number: int) -> str:
    return f'<a class="at" href="#h-timeline" data-frame="{number}">{clock(number / scope.fps)}</a>'


def _sheets(scope: Scope, summary: Summary, sheets: Sheets) -> str:
    film, made = sheets.film, sheets.made
    cuts = [
        _figure(
            {"before": film.get(cut.before), "after": film.get(cut.after)},
            f"{_link(scope, cut.number)} after frame {cut.before}",
        )
        for cut in shown_cuts(summary)
    ]
    holds = [
        _figure(
            {"first frame": film.get(hold.first), "last frame": film.get(hold.last)},
            f"{_link(scope, hold.number)} for {float((hold.last - hold.first + 1) / scope.source_fps):.3f} s, "
            f"frames {hold.first} to {hold.last}",
        )
        for hold in summary.holds
    ]
    doubts = [
        _figure(
            {"before": film.get(row.before), "made": made.get(row.number), "after": film.get(row.after)},
            f"{_link(scope, row.number)} confidence {row.confidence:.2f}, frame {row.number} between {row.before} and "
            f"{row.after}",
        )
        for row in summary.doubts
    ]
    note = f"<p>Pictures are missing: {escape(sheets.problem)}</p>" if sheets.problem else ""
    some = "" if len(cuts) == len(summary.cuts) else f" ({len(cuts)} of {len(summary.cuts)}, evenly spread)"
    return note + "\n".join(
        (
            _sheet("cuts", f"Cuts: before and after{some}", cuts, "22rem"),
            _sheet("holds", "The longest holds: first and last frame", holds, "22rem"),
            _sheet("doubts", "The frames of least confidence: between both neighbours", doubts, "32rem"),
        )
    )


def _figure(pictures: Mapping[str, str | None], caption: str) -> str:
    """Returns pictures side by side, each with its words for those who do not see it."""
    images = "".join(f'<img src="{uri}" alt="{words}" loading="lazy">' for words, uri in pictures.items() if uri)
    return f"<figure><div>{images}</div><figcaption>{caption}</figcaption></figure>"


def _sheet(name: str, title: str, figures: list[str], wide: str) -> str:
    if not figures:
        return ""
    return (
        f'<section aria-labelledby="h-{name}"><h2 id="h-{name}">{title}</h2>'
        f'<div class="sheet" style="--wide:{wide}">{"".join(figures)}</div></section>'
    )
