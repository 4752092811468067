"""Measures how good pictures are: every method on every case, from the cache where nothing has changed."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import vapoursynth as vs

from scripts.benchmarks.cases import Case, Material
from scripts.benchmarks.cells import Cells, Inputs, digest_code
from scripts.benchmarks.enlargers import list_enlargers
from scripts.benchmarks.films import FILMS
from scripts.benchmarks.measures import MEASURES, VERSION, limit, measure_frames
from scripts.benchmarks.methods import Method
from scripts.benchmarks.middles import list_middles, read_gate
from scripts.benchmarks.stills import STILLS
from vsainimotion.gate import Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One half of the page."""

    title: str
    cases: Sequence[Case]
    methods: Callable[[], Iterable[Method]]
    has_gate: bool
    """Whether the gate stands before the methods in the product."""


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        "interpolation": Task(title="Interpolation", cases=FILMS, methods=list_middles, has_gate=True),
        "upscaling": Task(title="Upscaling, twice the size", cases=STILLS, methods=list_enlargers, has_gate=False),
    }
)

type Numbers = dict[str, list[float]]
"""For each measure a number for each frame."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which cells of the table are wanted."""

    only: Sequence[str] = ()
    """Words; methods whose name has one of them. All if empty."""
    films: Sequence[str] = ()
    """Words; cases whose name has one of them. All if empty."""
    quick: bool = False
    """Fewer frames of each case, kept apart from the others in the cache."""
    from_cache: bool = False
    """Measure nothing; take what is known."""

    def has_case(self, case: Case) -> bool:
        """Says whether a case is wanted."""
        if self.from_cache:
            return False
        return not self.films or any(word in case.name for word in self.films)

    def has_method(self, method: Method) -> bool:
        """Says whether a method is wanted."""
        return not self.only or any(word in method.name for word in self.only)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A case with what is known of it."""

    case: Case
    numbers: Mapping[str, Numbers]
    """By the name of the method, in the table's order; methods that were not measured are left out."""
    roles: Mapping[str, str]
    """Each method's role."""
    gate: Sequence[int] = ()
    """For each hidden frame the gate's own answer, an `Interval`; empty where there is no gate."""
    absent: Sequence[str] = ()
    """What was not measured, and why."""


def say(line: str) -> None:
    """Writes a line of progress to standard error."""
    print(line, file=sys.stderr, flush=True)


@dataclass(slots=True)
class Workbench:
    """A case while it is measured; its pictures are opened when the first cell asks for them."""

    case: Case
    quick: bool
    cells: Cells
    _material: Material | None = field(default=None)

    @property
    def material(self) -> Material:
        """The case's pictures."""
        if self._material is None:
            self._material = self.case.load(quick=self.quick)
        return self._material

    def inputs(self, name: str, version: Inputs) -> Inputs:
        """Returns what a cell follows from."""
        case = self.case.inputs(quick=self.quick)
        return {"case": case, "method": name, "version": version, "measures": VERSION}

    def look_up(self, method: Method) -> Numbers | None:
        """Reads a cell from the cache."""
        return self.cells.load(self.inputs(method.name, method.version))

    def measure(self, method: Method) -> Numbers:
        """Measures a cell and keeps it."""
        start = time.perf_counter()
        numbers = measure_frames(method.make(self.material), self.material.wanted, related=self.case.is_related)
        kept = self.cells.save(self.inputs(method.name, method.version), numbers)
        seen = f"{len(numbers['psnr'])} frames, {sum(numbers['psnr']) / len(numbers['psnr']):.2f} dB"
        say(f"{self.case.name}: {method.name}: {seen}, {time.perf_counter() - start:.0f} s")
        return kept

    def ask_gate(self, *, measure: bool) -> list[int]:
        """Returns the gate's answers for the hidden frames; empty where they are not known and not to be measured."""
        inputs = self.inputs("gate", {"filter": digest_code("vsainimotion.gate")})
        kept = self.cells.load(inputs)
        if kept is None and measure:
            kept = {"intervals": read_gate(self.material)}
            self.cells.save(inputs, kept)
        return list(kept["intervals"]) if kept else []


def measure_case(case: Case, methods: Sequence[Method], task: Task, selection: Selection, cells: Cells) -> Result:
    """Measures what is wanted of a case and not in the cache, and returns all that is known of it."""
    here = case.missing() is None
    wanted = here and selection.has_case(case)
    bench = Workbench(case, selection.quick, cells)
    numbers: dict[str, Numbers] = {}
    absent = [] if here else [f"{case.name}: {case.missing()}"]
    for method in methods if here else ():
        reason = method.missing()
        found = bench.look_up(method)
        if found is None and wanted and selection.has_method(method) and reason is None:
            try:
                found = bench.measure(method)
            except (subprocess.CalledProcessError, vs.Error) as error:
                # A tool that crashes must not end the others' hour.
                reason = f"failed ({error})"
                say(f"{case.name}: {method.name}: {reason}")
        if found is not None:
            numbers[method.name] = limit(found)
        else:
            absent.append(f"{case.name}: {method.name}: {reason or 'not measured yet'}")
    answers = bench.ask_gate(measure=wanted) if task.has_gate and here else []
    return Result(
        case=case, numbers=numbers, roles={method.name: method.role for method in methods}, gate=answers, absent=absent
    )


def measure_task(task: Task, selection: Selection, cells: Cells) -> list[Result]:
    """Measures a half of the page; what is in the cache is not measured again."""
    methods = list(task.methods())
    return [measure_case(case, methods, task, selection, cells) for case in task.cases]


def with_gate(numbers: Mapping[str, Numbers], answers: Sequence[int], name: str) -> Numbers | None:
    """Returns what a network's row would be with the gate before it: a repeat in holds, a blend in fades.

    Args:
        numbers: All rows of a case.
        answers: The gate's answer for each hidden frame.
        name: The row.
    """
    if not answers or not {name, "repeat", "blend"} <= numbers.keys():
        return None
    shown = {Interval.MOTION: name, Interval.FADE: "blend"}
    source = [shown.get(Interval(answer), "repeat") for answer in answers]
    return {measure: [numbers[row][measure][n] for n, row in enumerate(source)] for measure in MEASURES}


def best_of(result: Result, measure: str, role: str = "classical") -> str | None:
    """Returns the row of a role that is best on average in a measure; None where the case has none."""
    sign = MEASURES[measure].sign

    def score(name: str) -> float:
        values: Any = result.numbers[name][measure]
        return float(sign * sum(values) / len(values))

    return max((name for name in result.numbers if result.roles[name] == role), key=score, default=None)
