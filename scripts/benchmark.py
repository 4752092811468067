"""Measures this machine, and how good our pictures are.

    scripts/in-venv dev python scripts/benchmark.py speed [--source FILM] [--rounds 5] [--only WORD ...]
    scripts/in-venv dev python scripts/benchmark.py quality [--only WORD ...] [--films WORD ...] [--quick] [...]
    scripts/in-venv dev python scripts/benchmark.py ladder [--films WORD ...]

`speed` prints milliseconds for each stage of the main job, and for the tools it is compared with. Every row is measured
in turn, round after round, so that a machine that slows down or is shared slows all rows alike; the table has the
median. Ratios to our own row are the result, absolute times only describe the machine.

`quality` writes docs/QUALITY.md. Each method's numbers on each film are kept in docs/quality/cells under all that they
follow from, so that a second run, in any checkout, measures only what has changed: a retrained network costs its own
row. The page always shows all that is known, and a whole run forgets what no row of it follows from any more.

`ladder` prints what each step of the ladder is worth, on all hidden frames of those films and on the worst.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import vapoursynth as vs

from scripts.benchmarks import speed
from scripts.benchmarks.cases import BUILD
from scripts.benchmarks.cells import ROOT, Cells
from scripts.benchmarks.costs import list_weights, measure_costs
from scripts.benchmarks.ladder import run_ladder
from scripts.benchmarks.page import Half, load_notes, render_page, save_page
from scripts.benchmarks.quality import TASKS, Selection, measure_task
from scripts.benchmarks.sheets import save_sheets
from scripts.benchmarks.turns import describe_machine, measure_rows, render_table
from vsainimotion.models.catalogue import FOLDER_VARIABLE

PAGE = ROOT / "docs" / "QUALITY.md"
WORKSHOP = ROOT / "export" / "measured"
"""Networks that are measured but do not ship: their cards, and what `export.to_onnx` writes beside them."""


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="benchmark.py", description="Measure the machine, pictures, the ladder.")
    commands = parser.add_subparsers(dest="command", required=True)
    timing = commands.add_parser("speed", help="milliseconds a frame of each stage and of other tools, taken in turn")
    timing.add_argument(
        "--source", type=Path, default=speed.FILM, help=f"a film that moves (default {speed.FILM.name})"
    )
    timing.add_argument("--rounds", type=int, default=5, help="rounds that count (default 5)")
    timing.add_argument("--only", nargs="*", default=[], help="rows whose name or group has one of these words")
    timing.set_defaults(run=run_speed)
    quality = commands.add_parser("quality", help="how near our frames are to the true ones, beside other tools'")
    quality.add_argument("--only", nargs="*", default=[], help="measure methods whose name has one of these words")
    quality.add_argument("--films", nargs="*", default=[], help="measure films whose name has one of these words")
    quality.add_argument("--quick", action="store_true", help="fewer frames, and a page of its own under build/")
    quality.add_argument("--page-only", action="store_true", help="measure nothing; write what is known")
    quality.add_argument("--costs", action="store_true", help="time again, also what has been timed before")
    quality.add_argument("--cells", type=Path, help="where measurements are kept (default docs/quality/cells)")
    quality.add_argument("--out", type=Path, help="the page (default docs/QUALITY.md)")
    quality.set_defaults(run=run_quality)
    steps = commands.add_parser("ladder", help="what each step that a doubtful frame takes is worth")
    steps.add_argument("--films", nargs="*", default=[], help="measure films whose name has one of these words")
    steps.set_defaults(run=print_ladder)
    return parser.parse_args(arguments)


def print_ladder(options: argparse.Namespace, command: str) -> int:
    """Measures and prints the tables on standard output."""
    print(f"{run_ladder(options.films)}\n\n`{command}`. {describe_machine()}.")
    return 0


def run_speed(options: argparse.Namespace, command: str) -> int:
    """Measures and prints the table on standard output; the rounds go to standard error."""
    if not options.source.is_file():
        print(f"benchmark: there is no film at {options.source}. Name one with --source", file=sys.stderr)
        return 4
    machine = describe_machine()
    rows = list(speed.plan_rows(options.source))
    if options.only:
        rows = [row for row in rows if any(word in f"{row.group} {row.name}" for word in options.only)]
    measure_rows(rows, options.rounds)
    print(f"`{command}`, median of {options.rounds} rounds in turn. {machine}.\n\n{render_table(rows)}")
    return 0


def run_quality(options: argparse.Namespace, command: str) -> int:
    """Measures what is not in the cache and writes the page; progress goes to standard error."""
    vs.core.num_threads = min(vs.core.num_threads, 2)  # what the page says of the cost
    page = options.out or (BUILD / "QUALITY.md" if options.quick else PAGE)
    kept = options.cells or (BUILD if options.quick else PAGE.parent / "quality") / "cells"
    cells, machine = Cells(kept), describe_machine()
    selection = Selection(only=options.only, films=options.films, quick=options.quick, from_cache=options.page_only)
    whole = not (options.only or options.films or options.quick or options.page_only)
    timed = options.costs or whole
    results = {name: measure_task(task, selection, cells) for name, task in TASKS.items()}
    costs = measure_costs(cells, speed.FILM, measure=timed, again=options.costs)
    halves = {}
    for name, task in TASKS.items():
        sheets = save_sheets(results[name], list(task.methods()), page.parent / "quality", cells, quick=options.quick)
        halves[name] = Half(results=results[name], costs=costs[name], sheets=list(sheets))
    notes = load_notes(PAGE.parent / "quality" / "notes.toml")
    save_page(page, render_page(halves, list_weights(), notes, command=command, machine=machine))
    print(f"wrote {page}")
    if whole:
        print(f"forgot {cells.prune()} measurements that no row follows from")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit code."""
    options = parse_arguments(arguments)
    given = sys.argv[1:] if arguments is None else arguments
    return int(options.run(options, " ".join(["scripts/benchmark.py", *given])))


if __name__ == "__main__":
    os.environ[FOLDER_VARIABLE] = str(WORKSHOP)  # in place of what this person added
    sys.exit(main())
