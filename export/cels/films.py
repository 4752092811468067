"""The labelled set for the gate: films of many happenings, coded, with the class of every interval beside them.

    from export.cels.films import plan_films, save_labelled
    for name in plan_films(): save_labelled(folder, name)

A film is named `<set>-<seed>`; the same name gives the same pictures and labels. Even seeds are for tuning, odd ones
for reporting.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from export.cels.coding import WEAR, Coding, grained, is_seen, load_luma, plain_luma, random_coding, save_film
from export.cels.happenings import KINDS

type Pixels = NDArray[np.uint8]

UNSEEN = "unseen"
"""The class of a drawn motion that the coded picture does not show: neither a hold nor a motion is wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FilmSet:
    """One kind of film in the labelled set."""

    films: int
    """How many films."""
    parts: int
    """Happenings in each film, joined by cuts."""
    weights: Mapping[str, float]
    """How often each kind of happening is chosen, relative to the others."""
    sizes: tuple[tuple[int, int], ...]
    """(width, height) in pixels, one for each film by chance."""
    wear: str
    """A key of WEAR: what grain and codecs the films go through."""


_MIXED = {
    "hold": 2.5, "drawn": 2.5, "acting": 1.5, "pan": 1.0, "slow_pan": 0.3, "shake": 0.8, "alike_cut": 1.2,
    "dark_cut": 0.8, "quick_cuts": 0.6, "fade": 0.9, "dissolve": 0.9, "flash": 1.2, "strobe": 0.7,
    "credits_roll": 0.7, "wipe": 1.0,
}  # fmt: skip
_OLD = {"hold": 1.0, "drawn": 2.0, "repeated": 4.0, "acting": 1.0, "wipe": 0.5, "shake": 0.5, "pan": 0.5}
_COVERED = {
    "cover": 4.0, "pan": 1.0, "slow_pan": 0.7, "shake": 0.5, "drawn": 1.5, "repeated": 2.0, "dissolve": 0.6,
    "fade": 0.4, "hold": 0.5,
}  # fmt: skip
_ALIKE = {"alike_cut": 4.0, "dark_cut": 3.0, "fade": 2.0, "credits_roll": 1.0, "acting": 1.0, "quick_cuts": 0.5}
_SMALL = ((480, 270), (512, 288), (640, 360), (480, 360))
SETS: Mapping[str, FilmSet] = MappingProxyType(
    {
        "mixed": FilmSet(films=136, parts=9, weights=_MIXED, sizes=_SMALL, wear="any"),
        "face": FilmSet(films=36, parts=5, weights={"face": 1.0}, sizes=((1920, 1080),), wear="mild"),
        "pan": FilmSet(films=32, parts=6, weights={"slow_pan": 1.0}, sizes=((640, 360), (1280, 720)), wear="mild"),
        "old": FilmSet(films=24, parts=9, weights=_OLD, sizes=_SMALL, wear="old"),
        "covered": FilmSet(films=70, parts=8, weights=_COVERED, sizes=_SMALL, wear="old"),
        "alike": FilmSet(films=24, parts=9, weights=_ALIKE, sizes=_SMALL, wear="any"),
    }
)
"""The labelled set: of everything; mouths and eyes alone at 1080p; pans of at most half a pixel a frame; old film; old
film whose picture is covered again and again; cuts between alike or dark shots and out of black. A set's place in this
order is part of its seeds, so a new one comes last."""


@dataclass(frozen=True, slots=True)
class Film:
    """One labelled film before it is coded."""

    frames: list[Pixels]
    classes: list[str]
    """The class of each interval: motion, hold, cut or fade; a flash is a fade."""
    kinds: list[str]
    """The kind of happening that each interval belongs to; a join of two is `cut`."""


def plan_films() -> list[str]:
    """Name every film of the labelled set, the sets mixed so that any beginning of the list is a fair part of it."""
    seeds = [(seed / group.films, f"{name}-{seed:04d}") for name, group in SETS.items() for seed in range(group.films)]
    return [name for _, name in sorted(seeds)]


def compose(name: str) -> tuple[Film, Coding, np.random.Generator]:
    """Draw a film's happenings one after the other and choose its coding.

    Args:
        name: `<set>-<seed>`, a key of SETS and any integer.
    """
    group_name, seed = name.rsplit("-", 1)
    group = SETS[group_name]
    rng = np.random.default_rng([41, list(SETS).index(group_name), int(seed)])
    size = group.sizes[int(rng.integers(len(group.sizes)))]
    weights = np.array(list(group.weights.values()))
    film = Film([], [], [])
    for kind in rng.choice(list(group.weights), group.parts, p=weights / weights.sum()):
        part = KINDS[str(kind)](rng, size)
        joint = _join(film.frames[-1], part.frames[0]) if film.frames else []
        film.frames.extend(part.frames)
        film.classes.extend(joint + part.classes)
        film.kinds.extend(["cut"] * len(joint) + [str(kind)] * len(part.classes))
    return film, random_coding(rng, WEAR[group.wear]), rng


def _join(last: Pixels, first: Pixels) -> list[str]:
    """Call what joins two happenings a cut; black that follows black is held."""
    return ["hold" if np.array_equal(last, first) else "cut"]


def save_labelled(folder: Path, name: str) -> None:
    """Write a film, `<name>.mkv`, and its labels, `<name>.json`, unless both are there.

    Args:
        folder: Where to; it must be there.
        name: A name that `compose` takes.
    """
    video, labels = folder / f"{name}.mkv", folder / f"{name}.json"
    if labels.exists():
        return
    film, coding, rng = compose(name)
    height, width = film.frames[0].shape[:2]
    save_film(video, grained(film.frames, coding, rng), (width, height), coding)
    record = {
        "size": [width, height],
        "coding": coding.describe(),
        "classes": _as_seen(film, video, (width, height)),
        "kinds": film.kinds,
    }
    unfinished = labels.with_suffix(".part")
    unfinished.write_text(json.dumps(record) + "\n", encoding="utf-8")
    unfinished.replace(labels)


def _as_seen(film: Film, video: Path, size: tuple[int, int]) -> list[str]:
    """Call a drawn motion unseen where the coded pictures do not show it."""
    classes = list(film.classes)
    before: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None
    for index, coded in enumerate(load_luma(video, size)):
        now = plain_luma(film.frames[index]), coded
        if before is not None and classes[index - 1] == "motion":
            seen = is_seen((before[0], now[0]), (before[1], now[1]))
            classes[index - 1] = "motion" if seen else UNSEEN
        before = now
    if before is None or index + 1 != len(film.frames):
        raise RuntimeError(f"save_labelled: {video.name} must hold {len(film.frames)} frames. Delete it and try again")
    return classes
