"""Render the labelled films, judge them and real film with the gate and its peers, and print the table of docs/gate.md.

    python scripts/gate_table.py render build/labelled          # once; it goes on where it stopped
    python scripts/gate_table.py judge build/labelled           # the films that were kept back from tuning
    python scripts/gate_table.py judge --judges ours --clips ../shared/clips build/labelled

What a judge says of a film is kept beside it (`*.verdicts.json`), so that the program can be stopped; `--again` forgets
it. Peers run with their own defaults. An interval that drew a motion which the coded picture does not show counts for
nobody.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import vapoursynth as vs
from scenedetect import AdaptiveDetector, ContentDetector, detect
from scenedetect.detector import SceneDetector

from export.cels.films import UNSEEN, plan_films, save_labelled
from vsainimotion.gate import INTERVAL_PROPERTY, Interval, gate

core = vs.core

#: The cuts of the real clips, as intervals (docs/gate.md).
REAL_CUTS = {
    "bbb_1080p60_10s.mp4": [20],
    "bbb_720p24_30s_cuts_vp8.webm": [282, 375, 550],
    "bbb_720p24_10s_fade_pan.mp4": [],
    "popeye_t00.mkv": [73, 330, 529, 737, 1070, 1335],
    "popeye_t01.mkv": [566, 660, 993],
}
#: Frames of 1080p film that the cost of a judge is measured on.
COST_FRAMES = 120


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of a film."""

    cuts: list[int]
    """The intervals that are cuts."""
    holds: list[int] | None = None
    """The intervals that are holds; None from a judge that does not look for them."""


type Judge = Callable[[Path, int | None], Verdict]


def _open(video: Path, frames: int | None) -> vs.VideoNode:
    return core.bs.VideoSource(str(video), cachemode=0) if frames is None else _remember(video, frames)


@cache
def _remember(video: Path, frames: int) -> vs.VideoNode:
    """Open the beginning of a film so that it is decoded once and stays in memory."""
    clip = core.bs.VideoSource(str(video), cachemode=0)[:frames].std.SetFrameProps(Kept=1)
    clip.std.SetVideoCache(mode=1, fixedsize=1, maxsize=frames + 8)
    _drain(clip)
    return clip


def _drain(clip: vs.VideoNode) -> None:
    for _ in clip.frames(close=True):
        pass


def _ours(hold: float | None) -> Judge:
    def judge(video: Path, frames: int | None) -> Verdict:
        judged = gate(_open(video, frames), hold=hold)
        found = [int(frame.props[INTERVAL_PROPERTY]) for frame in judged.frames(close=True)][:-1]  # type: ignore[arg-type] # a number
        cuts, holds = ([n for n, name in enumerate(found) if name == asked] for asked in (Interval.CUT, Interval.HOLD))
        return Verdict(cuts, holds)

    return judge


def _native(mark: Callable[[vs.VideoNode], vs.VideoNode], prop: str = "_SceneChangePrev") -> Judge:
    """Read the cuts that a plugin marks on the frame after each."""

    def judge(video: Path, frames: int | None) -> Verdict:
        marked = mark(_open(video, frames).resize.Bilinear(format=vs.YUV420P8))
        return Verdict([n - 1 for n, frame in enumerate(marked.frames(close=True)) if n and frame.props.get(prop)])

    return judge


def _difference(clip: vs.VideoNode) -> vs.VideoNode:
    """Mark what misc.SCDetect marks at its default: a mean difference of luma above a tenth of the range."""
    before = core.std.PlaneStats(clip, clip[0] + clip[:-1])
    return before.akarin.PropExpr(dict=lambda: {"_SceneChangePrev": "x.PlaneStatsDiff 0.1 >"})


def _vectors(clip: vs.VideoNode) -> vs.VideoNode:
    return clip.mv.SCDetection(clip.mv.Super().mv.Analyse(isb=False))


def _pyscenedetect(detector: Callable[[], SceneDetector]) -> Judge:
    def judge(video: Path, frames: int | None) -> Verdict:
        scenes = detect(str(video), detector(), end_time=frames)
        return Verdict([start.frame_num - 1 for start, _ in scenes if start.frame_num])

    return judge


JUDGES: dict[str, Judge] = {
    "ours": _ours(None),
    "ours, hold=0.03": _ours(0.03),
    "misc.SCDetect (as PlaneStats > 0.1)": _native(_difference),
    "mv.SCDetection": _native(_vectors),
    "scxvid": _native(lambda clip: clip.scxvid.Scxvid()),
    "PySceneDetect Content": _pyscenedetect(lambda: ContentDetector(min_scene_len=2)),
    "PySceneDetect Adaptive": _pyscenedetect(lambda: AdaptiveDetector(min_scene_len=2)),
}
"""Who is asked, by the name in the table."""


@dataclass(slots=True)
class Count:
    """How often something was found rightly, found wrongly and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, found: list[int], drawn: set[int], ignored: set[int]) -> None:
        """Count one film."""
        asked = set(found) - ignored
        self.right += len(asked & drawn)
        self.wrong += len(asked - drawn)
        self.missed += len(drawn - asked)

    def describe(self) -> str:
        """Return precision, recall and F1 as cells of a table."""
        precision, recall = (self.right / max(self.right + other, 1) for other in (self.wrong, self.missed))
        f1 = 2 * self.right / max(2 * self.right + self.wrong + self.missed, 1)
        return f"{precision:.3f} | {recall:.3f} | {f1:.4f}"


@dataclass(slots=True)
class Score:
    """What one judge did in all films of a kind."""

    cuts: Count
    holds: Count
    frozen: dict[str, int]
    """Visible motions called a hold, by set."""
    motions: dict[str, int]
    """Visible motions, by set."""


def judge_once(name: str, video: Path, *, again: bool) -> Verdict:
    """Ask a judge about a film, or remember what it said."""
    kept = video.with_suffix(".verdicts.json")
    said = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if again or name not in said:
        verdict = JUDGES[name](video, None)
        said[name] = {"cuts": verdict.cuts, "holds": verdict.holds}
        unfinished = kept.with_suffix(".part")
        unfinished.write_text(json.dumps(said) + "\n", encoding="utf-8")
        unfinished.replace(kept)
    return Verdict(**said[name])


def score_generated(name: str, labels: list[Path], *, again: bool) -> Score:
    """Compare a judge with what was drawn."""
    score = Score(Count(), Count(), {}, {})
    for path in labels:
        verdict = judge_once(name, path.with_suffix(".mkv"), again=again)
        classes = json.loads(path.read_text(encoding="utf-8"))["classes"]
        drawn = {
            kind: {n for n, given in enumerate(classes) if given == kind} for kind in ("cut", "hold", "motion", UNSEEN)
        }
        score.cuts.add(verdict.cuts, drawn["cut"], drawn[UNSEEN])
        if verdict.holds is not None:
            group = path.stem.rsplit("-", 1)[0]
            score.holds.add(verdict.holds, drawn["hold"], drawn[UNSEEN])
            score.frozen[group] = score.frozen.get(group, 0) + len(drawn["motion"] & set(verdict.holds))
            score.motions[group] = score.motions.get(group, 0) + len(drawn["motion"])
    return score


def score_real(name: str, clips: Path) -> Count:
    """Compare a judge with the cuts of real film."""
    count = Count()
    for file, cuts in REAL_CUTS.items():
        count.add(JUDGES[name](clips / file, None).cuts, set(cuts), set())
    return count


def measure_cost(name: str, video: Path, *, rounds: int = 3) -> float:
    """Return the least CPU time in ms that a judge spends on a frame, the decoding of its own reader apart."""
    reader = _read_with_opencv if name.startswith("PySceneDetect") else _read_from_memory
    spent = []
    for _ in range(rounds + 1):  # the first fills the memory
        start = time.process_time()
        reader(video, COST_FRAMES)
        middle = time.process_time()
        JUDGES[name](video, COST_FRAMES)
        spent.append((time.process_time() - middle) - (middle - start))
    return 1000 * min(spent[1:]) / COST_FRAMES


def _read_from_memory(video: Path, frames: int) -> None:
    _drain(_open(video, frames))


def _read_with_opencv(video: Path, frames: int) -> None:
    capture = cv2.VideoCapture(str(video))
    for _ in range(frames):
        capture.read()


def rows(names: list[str], labels: list[Path], clips: Path | None, *, again: bool) -> Iterator[str]:
    """Return the lines of the table."""
    intervals = sum(len(json.loads(path.read_text(encoding="utf-8"))["classes"]) for path in labels)
    yield f"{len(labels)} films, {intervals} intervals."
    yield ""
    yield "| | cut precision | recall | F1 | real cuts of 13 | invented | hold precision | recall | F1 | ms a frame |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    missed = []
    for name in names:
        score = score_generated(name, labels, again=again)
        real = score_real(name, clips) if clips else None
        cost = f"{measure_cost(name, clips / 'bbb_1080p60_10s.mp4'):.1f}" if clips else ""
        found = f"{real.right} | {real.wrong}" if real else " | "
        holds = score.holds.describe() if score.motions else " | | "
        yield f"| {name} | {score.cuts.describe()} | {found} | {holds} | {cost} |"
        missed += [f"| {name} | {group} | {score.frozen[group]} | {score.motions[group]} |" for group in score.motions]
    yield from ("", "| | films | visible motions called a hold | of |", "|---|---|---:|---:|", *missed)


def main() -> None:
    """Render or judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("do", choices=("render", "judge"))
    parser.add_argument("folder", type=Path, help="where the labelled films are")
    parser.add_argument("--judges", nargs="*", default=list(JUDGES), choices=JUDGES)
    parser.add_argument("--clips", type=Path, help="the folder of real clips; measures the cost too")
    parser.add_argument("--tuned", action="store_true", help="judge the films that the gate was tuned on instead")
    parser.add_argument("--again", action="store_true", help="forget what judges said")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    if options.do == "render":
        for name in plan_films():
            save_labelled(options.folder, name)
        return
    remainder = 0 if options.tuned else 1
    labels = [p for p in sorted(options.folder.glob("*-????.json")) if int(p.stem[-4:]) % 2 == remainder]
    for line in rows(options.judges, labels, options.clips, again=options.again):
        print(line, flush=True)


if __name__ == "__main__":
    main()
