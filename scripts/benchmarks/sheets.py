"""Pictures for the page: where our networks do worst, at 300 %, beside what was wanted and what others made of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from scripts.benchmarks.cases import Material, Pictures, pick, read_pictures
from scripts.benchmarks.cells import Cells, Inputs, digest_code, digest_file
from scripts.benchmarks.measures import MEASURES
from scripts.benchmarks.methods import Method
from scripts.benchmarks.quality import Result, Workbench, best_of, say

JUDGE = "ssimulacra2"
"""The measure that says which frames are worst: the one that is nearest to the eye."""
CROP = (96, 60)
"""Width and height of a crop before it is enlarged."""
ZOOM = 3
ROWS = 2
OURS_SHOWN = 3
APART_FRAMES = 10
"""How far the second worst frame of a film is at least from the worst."""
_STRIP_PX = 20
_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 82, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """A row of a sheet."""

    method: str
    """The network that does badly here."""
    frame: int
    """Number of the measured frame."""
    score: float
    """What the judge gives it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A finished picture."""

    name: str
    """Also its key in the notes."""
    path: Path
    columns: Sequence[str]
    spots: Sequence[Spot]

    @property
    def digest(self) -> str:
        """What a note names to say which picture it was written about."""
        return digest_file(self.path)[:16]

    @property
    def worst(self) -> float:
        """The lowest score in it."""
        return min(spot.score for spot in self.spots)


def plan_spots(result: Result) -> list[Spot]:
    """Plans which frames are shown: the worst of each of our networks, or the two worst of the only one."""
    ours = [name for name in result.numbers if result.roles[name] == "ours"][:OURS_SHOWN]
    spots: list[Spot] = []
    for name in ours * (ROWS if len(ours) == 1 else 1):
        scores = result.numbers[name][JUDGE]
        order = sorted(range(len(scores)), key=list(zip(scores, result.numbers[name]["psnr"], strict=True)).__getitem__)
        apart = APART_FRAMES if result.case.is_related else 1
        free = [n for n in order if all(abs(n - spot.frame) >= apart for spot in spots if spot.method == name)]
        if free:
            spots.append(Spot(method=name, frame=free[0], score=scores[free[0]]))
    return spots


def plan_columns(result: Result) -> list[str]:
    """Plans whose pictures are shown: the best without a network, the best network of others, and ours."""
    ours = [name for name in result.numbers if result.roles[name] == "ours"][:OURS_SHOWN]
    others = (best_of(result, JUDGE, role) for role in ("classical", "network"))
    return [*(name for name in others if name is not None), *ours]


def find_place(made: Pictures, wanted: Pictures) -> tuple[int, int]:
    """Returns the left and top of the crop in which two pictures, (H, W, 3), differ most."""
    error = np.abs(made.astype(np.float32) - wanted.astype(np.float32)).sum(axis=2)
    width, height = (min(side, limit) for side, limit in zip(CROP, error.shape[::-1], strict=True))
    sums = cv2.boxFilter(error, -1, (width, height), normalize=False, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    inside = sums[: error.shape[0] - height + 1, : error.shape[1] - width + 1]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return int(left), int(top)


def draw_row(pictures: Sequence[Pictures], place: tuple[int, int], names: Sequence[str]) -> Pictures:
    """Returns one place of several pictures side by side, enlarged without smoothing, under their names."""
    parts = []
    for picture, name in zip(pictures, names, strict=True):
        left, top = place
        crop = picture[top : top + CROP[1], left : left + CROP[0]]
        large = crop.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
        strip = np.full((_STRIP_PX, large.shape[1], 3), 255, np.uint8)
        cv2.putText(strip, name, (4, _STRIP_PX - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
        parts.append(np.pad(np.concatenate([strip, large]), ((0, 4), (0, 4), (0, 0)), constant_values=255))
    return np.concatenate(parts, axis=1)


def draw_sheet(
    material: Material, methods: Mapping[str, Method], columns: Sequence[str], spots: Sequence[Spot]
) -> Pictures:
    """Returns the crops of a case: a row for each spot, a column for what was wanted and for each method."""
    clips = {name: methods[name].make(material) for name in columns}
    rows = []
    for spot in spots:
        wanted = read_pictures(pick(material.wanted, [spot.frame]))[0]
        made = {name: read_pictures(pick(clip, [spot.frame]))[0] for name, clip in clips.items()}
        place = find_place(made[spot.method], wanted)
        rows.append(draw_row([wanted, *made.values()], place, ["wanted", *made]))
    return np.concatenate(rows)


def save_sheet(result: Result, methods: Mapping[str, Method], bench: Workbench, folder: Path) -> Sheet | None:
    """Writes a case's sheet if it has one and it is not there as it would be drawn."""
    spots, columns = plan_spots(result), plan_columns(result)
    if not spots or not result.case.is_shown or bench.case.missing() is not None:
        return None
    name = "-".join(result.case.name.split())
    path = folder / f"{name}.jpg"
    inputs: Inputs = {
        "sheet": [[spot.method, spot.frame] for spot in spots], "columns": columns,
        "drawing": digest_code("scripts.benchmarks.sheets"),
        "cells": [bench.inputs(method, methods[method].version) for method in columns],
    }  # fmt: skip
    kept = bench.cells.load(inputs)
    if kept is None or not path.is_file() or kept["digest"] != digest_file(path):
        folder.mkdir(parents=True, exist_ok=True)
        picture = draw_sheet(bench.material, methods, columns, spots)
        # Written under another name first: JPEG's suffix decides the format.
        unfinished = path.with_suffix(".part.jpg")
        cv2.imwrite(str(unfinished), np.ascontiguousarray(picture[..., ::-1]), _QUALITY)
        unfinished.replace(path)
        digest_file.cache_clear()
        bench.cells.save(inputs, {"digest": digest_file(path)})
        say(f"{result.case.name}: drew {path.name}, {path.stat().st_size / 1000:.0f} kB")
    return Sheet(name=name, path=path, columns=columns, spots=spots)


def save_sheets(
    results: Sequence[Result], methods: Sequence[Method], folder: Path, cells: Cells, *, quick: bool
) -> Iterator[Sheet]:
    """Writes the sheets of all cases whose rows are known."""
    by_name = {method.name: method for method in methods}
    for result in results:
        sheet = save_sheet(result, by_name, Workbench(result.case, quick, cells), folder)
        if sheet is not None:
            yield sheet


def caption(sheet: Sheet) -> str:
    """Says what a sheet's rows are."""
    measure = MEASURES[JUDGE]
    rows = (f"{spot.method}, measured frame {spot.frame} ({spot.score:.{measure.digits}f})" for spot in sheet.spots)
    return f"Rows: {'; '.join(rows)}."
