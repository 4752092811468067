"""The pictures of a report: which frames are shown, and their thumbnails, as data that a page carries in itself."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from vsainimotion.errors import VsaiError
from vsainimotion.media.stills import JPEG, Size, render_stills
from vsainimotion.report.scope import Scope
from vsainimotion.report.summary import Cut, Summary, spread

MOST_CUTS = 72

THUMBNAIL_WIDTH_PX = 192


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheets:
    """Thumbnails as data URIs."""

    film: Mapping[int, str] = field(default_factory=dict)
    """Frames of the film, by number."""
    made: Mapping[int, str] = field(default_factory=dict)
    """Output frames, by number."""
    problem: str | None = None
    """Why there are none, or not all."""


def shown_cuts(summary: Summary) -> list[Cut]:
    """Returns the cuts whose frames are shown: all, or so many, evenly spread."""
    return [summary.cuts[k] for k in spread(len(summary.cuts), MOST_CUTS)]


def plan_film_frames(summary: Summary) -> list[int]:
    """Returns the film's frames that the sheets show, rising."""
    frames = {frame for cut in shown_cuts(summary) for frame in (cut.before, cut.after)}
    frames |= {frame for hold in summary.holds for frame in (hold.first, hold.last)}
    frames |= {frame for row in summary.doubts for frame in (row.before, row.after)}
    return sorted(frames)


def plan_thumbnail(size: Size, sample_aspect: Fraction) -> Size:
    """Returns the width and height of a thumbnail in pixels, both even, in the shape that a player shows."""
    shape = sample_aspect * size[0] / size[1]
    width = THUMBNAIL_WIDTH_PX if shape > Fraction(3, 4) else THUMBNAIL_WIDTH_PX // 2
    return width, max(round(width / shape / 2) * 2, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scripts:
    """What the pictures are rendered from."""

    film: str
    """A script that puts out the film's frames of the scope as they are."""
    made: str
    """The script whose output frames were decided on."""


def render_sheets(
    summary: Summary, scope: Scope, scripts: Scripts, size: Size, report: Callable[[str], None]
) -> Sheets:
    """Renders the thumbnails.

    A film that has gone, or a graph that fails, leaves a report without pictures and the reason in it.

    Args:
        summary: What is shown.
        scope: What the report is about.
        scripts: What they are rendered from.
        size: Width and height of a thumbnail in pixels.
        report: Is told how far it is.
    """
    film = [frame for frame in plan_film_frames(summary) if frame <= scope.last]
    made = sorted(row.number for row in summary.doubts)
    shown: tuple[dict[int, str], dict[int, str]] = ({}, {})
    whole = len(film) + len(made)
    jobs = ((scripts.film, film, scope.first), (scripts.made, made, 0))
    try:
        for (script, frames, first), pictures in zip(jobs, shown, strict=True):
            numbers = [frame - first for frame in frames]
            for frame, data in zip(frames, render_stills(script, numbers, JPEG, size), strict=False):
                pictures[frame] = as_uri(data)
                report(f"pictures of the report: {len(shown[0]) + len(shown[1])} of {whole}")
    except VsaiError as error:
        return Sheets(film=shown[0], made=shown[1], problem=str(error))
    return Sheets(film=shown[0], made=shown[1])


def as_uri(jpeg: bytes) -> str:
    """Returns a JPEG as a data URI."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
