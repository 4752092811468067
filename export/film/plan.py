"""What an extraction will do: its settings, the films of a folder, their split, their pieces. Nothing is decoded."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from vsainimotion.errors import ArgumentError

#: Endings of files that are taken for films where a folder is given; a file that is named is always taken.
FILM_ENDINGS = frozenset(
    f".{ending}"
    for ending in (
        *("avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg"),
        *("mts", "mxf", "ogv", "ts", "vob", "webm", "wmv", "y4m"),
    )
)
#: How pictures can be kept.
IMAGES = {"jpeg": ".jpg", "png": ".png"}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What is taken from a film; a folder of triplets is made with one set of them."""

    height: int = 720
    """Height of the pictures in pixels, even; a lower film keeps its own."""
    crop_top: int = 0
    """Lines of the film cut off at the top, even."""
    crop_bottom: int = 0
    """Lines of the film cut off at the bottom, even; for subtitles that are part of the picture."""
    skip_intro_s: float = 120.0
    """Seconds left out at the start of each film."""
    chunk_s: float = 300.0
    """Seconds of film in one piece of work: what an interruption loses at most, for each worker."""
    image: str = "jpeg"
    """How pictures are kept: a key of IMAGES."""
    quality: int = 95
    """JPEG quality, 1 to 100."""
    repeat: float = 0.995
    """SSIM from which a frame repeats the drawing before it."""
    static: float = 0.985
    """SSIM of first and last from which a triplet shows too little motion."""
    apart: float = 0.3
    """SSIM of neighbours below which they have too little in common."""
    balance: float = 0.4
    """Least share that the smaller step of a triplet has of the larger, as 1 - SSIM: less is a repeat under grain."""
    step: int = 3
    """Drawings from the start of a triplet to that of the next; 3 shares no picture."""
    longest_gap: int = 3
    """Most frames between the drawings of a triplet: 3 takes film on ones, twos and threes."""

    def __post_init__(self) -> None:
        rules = {
            "height": (self.height >= 32 and self.height % 2 == 0, "even and 32 or more"),
            "crop_top": (self.crop_top >= 0 and self.crop_top % 2 == 0, "even and 0 or more"),
            "crop_bottom": (self.crop_bottom >= 0 and self.crop_bottom % 2 == 0, "even and 0 or more"),
            "skip_intro_s": (self.skip_intro_s >= 0, "0 or more seconds"),
            "chunk_s": (self.chunk_s >= 1, "1 or more seconds"),
            "image": (self.image in IMAGES, f"one of {', '.join(IMAGES)}"),
            "quality": (1 <= self.quality <= 100, "1 to 100"),
            "step": (self.step >= 1, "1 or more drawings"),
            "longest_gap": (self.longest_gap >= 1, "1 or more frames"),
        }
        rules |= {name: (0 <= getattr(self, name) <= 1, "0 to 1") for name in ("repeat", "static", "apart", "balance")}
        for name, (holds, rule) in rules.items():
            if not holds:
                raise ArgumentError(
                    f"Settings: '{name}' must be {rule} (got {getattr(self, name)!r}). Give another value"
                )


@dataclasses.dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a film."""

    number: int
    """Its place in the film, from 0."""
    first: int
    """Its first frame."""
    last: int
    """Its last frame, included."""


def plan_chunks(frames: int, fps: Fraction, settings: Settings) -> list[Chunk]:
    """Cut a film into pieces; the introduction is left out, and a rest too short for a triplet.

    Args:
        frames: Frames of the film.
        fps: Its rate in frames a second.
        settings: How long the introduction and the pieces are.
    """
    first = round(Fraction(settings.skip_intro_s) * fps)
    length = max(3, round(Fraction(settings.chunk_s) * fps))
    starts = range(first, frames - 2, length)
    return [Chunk(number, start, min(start + length, frames) - 1) for number, start in enumerate(starts)]


def find_films(paths: Sequence[Path]) -> list[Path]:
    """Return the films that paths lead to: a file is itself, a folder all films in it and below, in order of name.

    Raises:
        ArgumentError: A path leads nowhere, or to no film.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ArgumentError(f"find_films: there is no {str(path)!r}. Name a film or a folder of films")
        inside = sorted(path.rglob("*")) if path.is_dir() else []
        found += [file for file in inside if file.is_file() and file.suffix.lower() in FILM_ENDINGS]
        found += [path] if path.is_file() else []
    if not found:
        raise ArgumentError(f"find_films: no film in {', '.join(map(str, paths))}. Name a film or a folder of films")
    return list(dict.fromkeys(found))


def film_name(path: Path, sha256: str) -> str:
    """Return a film's name for folders: what a file system takes of its own, and its hash."""
    plain = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40].strip("-")
    return f"{plain or 'film'}-{sha256[:12]}"


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def plan_splits(hashes: Sequence[str], share: float, known: Mapping[str, str]) -> dict[str, str]:
    """Give every film to training or to validation, whole; the same bytes are the same film whatever they are called.

    What was decided before stays. Among the others those with the smallest hashes go to validation until it has its
    share, and at least one film where there are two or more.

    Args:
        hashes: The sha256 of each film.
        share: Share of the films that validation gets, 0 to 1; 0 gives it none.
        known: Splits decided before, by sha256.

    Returns:
        "train" or "valid" by sha256.
    """
    splits = {sha256: known[sha256] for sha256 in hashes if sha256 in known}
    new = sorted(set(hashes) - splits.keys())
    total = len(splits) + len(new)
    wanted = max(1, round(share * total)) if share and total > 1 else 0
    missing = max(0, wanted - list(splits.values()).count("valid"))
    return splits | {sha256: "valid" if place < missing else "train" for place, sha256 in enumerate(new)}
