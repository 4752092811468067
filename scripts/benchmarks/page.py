"""Writes docs/QUALITY.md: tables from measured numbers, pictures, and what people wrote beside them."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.benchmarks.costs import Cost, cost_table
from scripts.benchmarks.measures import MEASURES
from scripts.benchmarks.quality import TASKS, Result
from scripts.benchmarks.sheets import JUDGE, Sheet, caption
from scripts.benchmarks.tables import OVERVIEW, details, gate_report, overview, standings
from scripts.benchmarks.weights import Weight

_INTRODUCTION = """\
# How good it is, measured

`scripts/benchmark.py quality` writes this page; `quality/notes.toml` beside it holds what people wrote about it. A
second run measures only what has changed. `--only WORD` and `--films WORD` measure a part, `--quick` fewer frames for
a page under build/, `--costs` times again, `--page-only` measures nothing.

PSNR and SSIM are of luma; SSIMULACRA2 (vszip) and VMAF (ffmpeg) see the whole picture; *line px* is how far the
lines of the result lie from those that were wanted, in pixels (a chamfer distance of line maps, after arXiv
2111.12792), so less is better there and more elsewhere. Equal pictures count as 60 dB, SSIMULACRA2 below -100 as
-100. In brackets: the mean of the worst 5 % of the frames. Differences come with a paired bootstrap interval of 95
% (frames of a film are drawn in blocks of five); bold ones are surely behind. The best classical method is chosen
for each case and measure.

Interpolation: every network runs through `interpolate` with all intervals marked as motion, so each hidden frame is
made; a table below says what the gate would have done. Upscaling: every network runs through `upscale`.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Half:
    """What is known of one task."""

    results: Sequence[Result]
    costs: Mapping[str, Cost]
    sheets: Sequence[Sheet]


def load_notes(path: Path) -> dict[str, Any]:
    """Reads the notes; empty where there are none."""
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def render_page(
    halves: Mapping[str, Half], weights: Mapping[str, Weight], notes: Mapping[str, Any], *, command: str, machine: str
) -> str:
    """Returns the page.

    Args:
        halves: By task.
        weights: By network.
        notes: `text` for each task and for the costs; for each sheet under `pictures` a `text` and what it `saw`.
        command: The command that made it.
        machine: What the times were measured on.
    """
    parts = [_INTRODUCTION, f"Written by `{command}` on {datetime.now(UTC):%Y-%m-%d}.\n{machine}.\n"]
    for task, half in halves.items():
        parts += _render_half(task, half, notes)
    parts += _render_costs(halves, weights, notes)
    parts += _render_pictures([sheet for half in halves.values() for sheet in half.sheets], notes)
    parts += _render_absent([result for half in halves.values() for result in half.results])
    return "\n".join(parts).rstrip() + "\n"


def _text(notes: Mapping[str, Any], name: str) -> list[str]:
    text = notes.get(name, {}).get("text", "").strip()
    return [text, ""] if text else []


def _render_half(task: str, half: Half, notes: Mapping[str, Any]) -> Iterator[str]:
    measured = [result for result in half.results if result.numbers]
    yield from (f"## {TASKS[task].title}", "", *_text(notes, task))
    if not measured:
        yield "Nothing has been measured yet.\n"
        return
    yield "Means; the best classical method is bold.\n"
    for name in OVERVIEW:
        yield from (overview(measured, name), "")
    yield from ("### Ours against the best classical", "", standings(measured), "")
    if any(result.gate for result in measured):
        yield from ("### What the gate would have done", "", gate_report(measured), "")
    for result in measured:
        frames = len(next(iter(result.numbers.values()))["psnr"])
        yield from (
            f"### {result.case.name}",
            "",
            f"{result.case.about}. {frames} frames measured.",
            "",
            details(result),
            "",
        )


def _render_costs(halves: Mapping[str, Half], weights: Mapping[str, Weight], notes: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## Cost", "", *_text(notes, "cost"))
    yield (
        "At 1920x1080, taken in turn: one middle frame, and 960x540 to 1920x1080. GFLOP are a network's\n"
        "convolutions and matrix products for that picture, counted from its file. CPU ms are those of all cores\n"
        "together: on a shared machine they are the ones to compare, the others include waiting.\n"
    )
    for task, half in halves.items():
        rows = [name for result in half.results for name, role in result.roles.items() if role != "plain"]
        names = [name for name in dict.fromkeys(rows) if name in half.costs or name in weights]
        if names:
            yield from (f"**{TASKS[task].title}**", "", cost_table(half.costs, weights, names), "")


def _render_pictures(sheets: Sequence[Sheet], notes: Mapping[str, Any]) -> Iterator[str]:
    title = MEASURES[JUDGE].title
    yield from ("## Pictures", "")
    yield (
        f"Crops at 300 %, without smoothing, of the frames where our networks do worst ({title} in brackets),\n"
        "at the place of their largest error; the worst case first. Big Buck Bunny: CC BY 3.0, Blender\n"
        "Foundation; Popeye: public domain; the rest is ours.\n"
    )
    for sheet in sorted(sheets, key=lambda sheet: sheet.worst):
        note = notes.get("pictures", {}).get(sheet.name, {})
        text = note.get("text", "").strip() or "Not looked at yet."
        if note and note.get("saw") != sheet.digest:
            text = f"{text} (Written about an earlier picture; this one is `{sheet.digest}`.)"
        yield from (f"### {sheet.path.stem}", "", f"![{sheet.name}](quality/{sheet.path.name})", "")
        yield from (f"{caption(sheet)} {text}", "")


def _render_absent(results: Sequence[Result]) -> Iterator[str]:
    lines = [line for result in results for line in result.absent]
    if lines:
        yield from ("## Not here", "", "What this run could not measure, or was not asked to:", "")
        yield from (f"- {line}" for line in lines)


def save_page(path: Path, text: str) -> None:
    """Writes the page beside its place and renames it into it."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
