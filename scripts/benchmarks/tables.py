"""The page's tables, in Markdown, from measured numbers."""

from collections.abc import Iterator, Sequence

from scripts.benchmarks.measures import MEASURES, Measure
from scripts.benchmarks.quality import Result, best_of, with_gate
from scripts.benchmarks.samples import compare, mean, worst
from vsainimotion.gate import Interval

NO_VALUE = "-"
OVERVIEW = ("psnr", "ssim", "ssimulacra2", "line")
"""Measures that have a table of means over all cases."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table whose first column is text and whose others are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def show(value: float, measure: Measure) -> str:
    """Returns a number with its measure's decimals."""
    return f"{value:.{measure.digits}f}"


def overview(results: Sequence[Result], name: str) -> str:
    """Returns the means of one measure: a row for each case, a column for each method, the best classical one bold."""
    measure = MEASURES[name]
    methods = list(dict.fromkeys(method for result in results for method in result.numbers))
    rows = []
    for result in results:
        best, row = best_of(result, name), [result.case.name]
        for method in methods:
            value = show(mean(result.numbers[method][name]), measure) if method in result.numbers else NO_VALUE
            row.append(f"**{value}**" if method == best else value)
        rows.append(row)
    return table([measure.title, *methods], rows)


def standings(results: Sequence[Result]) -> str:
    """Returns ours less the best classical method of each measure: by case, with intervals of 95 %, and on average."""
    rows = [
        [f"{result.case.name}: {name}", *(_standing(result, name, measure) for measure in MEASURES)]
        for result in results
        for name in _ours(result)
    ]
    rows += [
        [f"mean of all: {name}", *(_average(results, name, measure) for measure in MEASURES)]
        for name in dict.fromkeys(name for result in results for name in _ours(result))
    ]
    return table(["ours less the best classical", *(measure.title for measure in MEASURES.values())], rows)


def _ours(result: Result) -> list[str]:
    return [name for name in result.numbers if result.roles[name] == "ours"]


def _average(results: Sequence[Result], name: str, measure: str) -> str:
    """Returns the mean over cases of what a network is ahead or behind."""
    gaps = []
    for result in results:
        rival = best_of(result, measure)
        if rival is not None and name in result.numbers:
            gaps.append(mean(result.numbers[name][measure]) - mean(result.numbers[rival][measure]))
    return f"{mean(gaps):+.{MEASURES[measure].digits}f}" if gaps else NO_VALUE


def _standing(result: Result, name: str, measure: str) -> str:
    """Returns a difference; bold where ours is surely behind."""
    rival = best_of(result, measure)
    if rival is None:
        return NO_VALUE
    kind = MEASURES[measure]
    gap = compare(result.numbers[name][measure], result.numbers[rival][measure], related=result.case.is_related)
    text = f"{gap.mean:+.{kind.digits}f}"
    if gap.is_sure and gap.mean * kind.sign < 0:
        text = f"**{text}**"
    return f"{text} ({gap.low:+.{kind.digits}f} to {gap.high:+.{kind.digits}f}, {rival})"


def details(result: Result) -> str:
    """Returns all of a case: for each method and measure the mean, and the worst frames in brackets."""
    rows = []
    for name, numbers in result.numbers.items():
        cells = [
            f"{show(mean(numbers[key]), measure)} ({show(worst(numbers[key], measure.sign), measure)})"
            for key, measure in MEASURES.items()
        ]
        rows.append([name, *cells])
    return table(["", *(measure.title for measure in MEASURES.values())], rows)


def gate_report(results: Sequence[Result]) -> str:
    """Returns what the gate would have done with the hidden frames, and what that gives or costs in PSNR."""
    rows = []
    for result in results:
        if not result.gate:
            continue
        counts = [sum(answer == interval for answer in result.gate) for interval in Interval]
        row = [result.case.name, *(str(count) for count in counts)]
        rows.append([*row, "; ".join(_gated(result)) or NO_VALUE])
    return table(["hidden frames", *(interval.name.lower() for interval in Interval), "PSNR with the gate"], rows)


def _gated(result: Result) -> Iterator[str]:
    for name in _ours(result):
        gated = with_gate(result.numbers, result.gate, name)
        if gated is not None:
            before, after = mean(result.numbers[name]["psnr"]), mean(gated["psnr"])
            yield f"{name} {after:.2f} ({after - before:+.2f})"
