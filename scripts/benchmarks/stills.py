"""What upscaling is measured on: pictures at twice the size, and what they were at the small one, clean or damaged."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import vapoursynth as vs

from scripts.benchmarks import synfig
from scripts.benchmarks.cases import BUILD, CLIPS, Case, Material, Pictures, pick, pipe, render_once, serve, to_yuv
from scripts.benchmarks.cells import Inputs, digest_code, digest_file, key
from scripts.benchmarks.films import FIRST_SEED
from scripts.benchmarks.measures import hold_frames
from scripts.benchmarks.synfig import Drawing
from vsainimotion.media.ffmpeg import find_ffmpeg, read_version
from vsainimotion.media.source import source

core = vs.core

QUICK_PICTURES = 2
HELD_FRAMES, HELD_FPS = 8, 24
"""How long the encoder sees each picture: for one that is gone at once it spends less than for a drawing of a film."""
UNIT_PX = 3
"""Pixels of the large picture to a unit of a generated scene; its lines are 0.4 to 2.2 units wide."""


def halve(clip: vs.VideoNode) -> vs.VideoNode:
    """Averages squares of four pixels; for planes without subsampling."""
    places = (f"X 2 * {x} + Y 2 * {y} + x[]" for x in (0, 1) for y in (0, 1))
    mean = core.akarin.Expr(clip, " ".join(places) + " + + + 0.25 *")
    return core.std.CropAbs(mean, clip.width // 2, clip.height // 2)


def damage(clip: vs.VideoNode, crf: int, inputs: Inputs) -> vs.VideoNode:
    """Encodes pictures by x264 at a rate factor, once, each held, and reads the middle of each hold as YUV 4:2:0."""
    path = BUILD / "damaged" / f"{key({**inputs, 'ffmpeg': read_version(find_ffmpeg())})}.mkv"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part.mkv")
        command: list[str | Path] = [
            find_ffmpeg(),
            "-v",
            "error",
            "-y",
            "-i",
            "-",
            "-c:v",
            "libx264",
            "-preset",
            "medium",
        ]
        command += ["-crf", str(crf), unfinished]
        film = core.std.Interleave([clip.resize.Bicubic(format=vs.YUV420P8)] * HELD_FRAMES)
        # Interleaving makes the rate eight times as high, and x264 spends less on a frame that is gone sooner.
        pipe(film.std.AssumeFPS(fpsnum=HELD_FPS), command)
        unfinished.replace(path)
    held = core.bs.VideoSource(str(path), cachepath="/")
    return held[HELD_FRAMES // 2 :: HELD_FRAMES].std.SetFrameProps(_Matrix=1, _Range=0, _ChromaLocation=0)


def wear_inputs(crf: int) -> Inputs:
    """Returns what damaged pictures follow from beside the clean ones."""
    return {"crf": crf, "held": HELD_FRAMES, "fps": HELD_FPS} if crf else {"crf": crf}


def finish(large: vs.VideoNode, small: vs.VideoNode, crf: int, inputs: Inputs) -> Material:
    """Makes a case of pictures and their small copies, worn by a codec if `crf` is above 0."""
    if crf:
        small, large = damage(small, crf, inputs), large.resize.Bicubic(format=vs.YUV420P8)
    return Material(small, large, range(large.num_frames), inputs)


@dataclass(frozen=True, kw_only=True, slots=True)
class CelStills:
    """Stills of generated scenes that no training has seen, rendered at both sizes."""

    name: str
    count: int = 8
    size: tuple[int, int] = (960, 540)
    """Width and height of the large picture."""
    crf: int = 0
    """x264's rate factor for the small picture; 0 leaves it clean."""
    is_related: bool = False
    is_shown: bool = True

    @property
    def about(self) -> str:
        """Source, size and frames."""
        wear = f"the small ones held and through x264 at crf {self.crf}, 4:2:0" if self.crf else "clean, 4:4:4"
        large = f"{self.size[0]}x{self.size[1]}"
        return f"{self.count} stills of `export/cels` rendered at {large} and at half of it, {wear}; ours"

    def missing(self) -> str | None:
        """Says that the workshop's drawing library is not there."""
        if importlib.util.find_spec("skia"):
            return None
        return "the cel generator needs skia: pip install 'vsainimotion[export]'"

    def inputs(self, *, quick: bool) -> Inputs:
        """Returns what the pictures follow from."""
        return {**self.drawn(quick=quick), **wear_inputs(self.crf)}

    def drawn(self, *, quick: bool) -> Inputs:
        """Returns what the clean pictures follow from."""
        return {
            "stills": digest_code("export.cels.generate"), "render": digest_code("export.cels.render"),
            "seed": FIRST_SEED, "count": QUICK_PICTURES if quick else self.count, "size": self.size, "unit": UNIT_PX,
        }  # fmt: skip

    def load(self, *, quick: bool) -> Material:
        """Renders the pictures, the first time."""
        drawn, inputs = self.drawn(quick=quick), self.inputs(quick=quick)
        half = (self.size[0] // 2, self.size[1] // 2)
        large, small = (
            to_yuv(serve(render_once({**drawn, "at": at}, partial(self.render, drawn["count"], at))), vs.YUV444P8)
            for at in (self.size, half)
        )
        return finish(large, small, self.crf, inputs)

    def render(self, count: int, size: tuple[int, int]) -> Pictures:
        """Draws each scene at its composed moment."""
        from export.cels import random_scene, render  # skia is of the extra `export`, and missing() has looked for it

        units = (self.size[0] / UNIT_PX, self.size[1] / UNIT_PX)
        scenes = (random_scene(seed, width=units[0], height=units[1]) for seed in range(FIRST_SEED, FIRST_SEED + count))
        return np.stack([render(scene, 1, 0.5, size) for scene in scenes])


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawings:
    """Vector art of others, halved by area."""

    name: str
    size: tuple[int, int] = (800, 600)
    """Width and height of the large picture."""
    crf: int = 0
    """x264's rate factor for the small picture; 0 leaves it clean."""
    drawings: Sequence[Drawing] = (
        Drawing(file="prologue_kid.sif", begin_frames=24),
        Drawing(file="pirates.sif"),
        Drawing(file="macwolfen.sif"),
        Drawing(file="eyes.sif"),
    )
    is_related: bool = False
    is_shown: bool = False

    @property
    def about(self) -> str:
        """Source, size and frames."""
        wear = f"held and through x264 at crf {self.crf}, 4:2:0" if self.crf else "clean, 4:4:4"
        names = ", ".join(dict.fromkeys(drawing.path.stem for drawing in self.drawings))
        return (
            f"{len(self.drawings)} pictures of synfig-examples (GPL; {names}) at {self.size[0]}x{self.size[1]}, halved "
            f"by area, {wear}"
        )

    def missing(self) -> str | None:
        """Says that synfig is not there."""
        return synfig.find_missing([drawing.file for drawing in self.drawings])

    def inputs(self, *, quick: bool) -> Inputs:
        """Returns what the pictures follow from."""
        drawings = self.drawings[:QUICK_PICTURES] if quick else self.drawings
        return {"drawings": [drawing.inputs() for drawing in drawings], "size": self.size, **wear_inputs(self.crf)}

    def load(self, *, quick: bool) -> Material:
        """Renders the pictures, the first time."""
        drawings = self.drawings[:QUICK_PICTURES] if quick else self.drawings
        parts = [
            render_once({**drawing.inputs(), "size": self.size}, partial(synfig.render, drawing, self.size))
            for drawing in drawings
        ]
        large = to_yuv(serve(np.concatenate(parts)), vs.YUV444P8)
        return finish(large, halve(large), self.crf, self.inputs(quick=quick))


@dataclass(frozen=True, kw_only=True, slots=True)
class FilmStills:
    """Frames of a film, cropped at their middle and halved by area."""

    name: str
    path: Path
    frames: Sequence[int]
    size: tuple[int, int] = (960, 540)
    """Width and height of the crop."""
    origin: str
    """Author and licence."""
    is_related: bool = False
    is_shown: bool = True

    @property
    def about(self) -> str:
        """Source, size and frames."""
        crop = f"{self.size[0]}x{self.size[1]}"
        frames = f"{len(self.frames)} frames, {crop} of their middle"
        return f"`{self.path.name}`, {frames}, halved by area, 4:4:4; {self.origin}"

    def missing(self) -> str | None:
        """Says that the film is not there."""
        return None if self.path.is_file() else f"there is no film at {self.path}"

    def inputs(self, *, quick: bool) -> Inputs:
        """Returns what the pictures follow from."""
        frames = self.frames[:QUICK_PICTURES] if quick else self.frames
        return {"film": digest_file(self.path), "frames": list(frames), "size": self.size, "halved": "area, 444"}

    def load(self, *, quick: bool) -> Material:
        """Opens the film."""
        inputs = self.inputs(quick=quick)
        clip = source(self.path).resize.Bicubic(format=vs.YUV444P8)
        left, top = (clip.width - self.size[0]) // 2, (clip.height - self.size[1]) // 2
        cropped = clip.std.CropAbs(*self.size, left=left, top=top)
        # Held in memory: everything after asks for these few frames again and again.
        large = hold_frames(list(pick(cropped, inputs["frames"]).frames(close=False)))
        return finish(large, halve(large), 0, inputs)


STILLS: Sequence[Case] = (
    CelStills(name="cels 2x"),
    Drawings(name="synfig 2x"),
    FilmStills(
        name="bbb 2x",
        path=CLIPS / "bbb_1080p60_10s.mp4",
        frames=range(22, 201, 35),
        origin="Big Buck Bunny, CC BY 3.0, Blender Foundation",
    ),
    CelStills(name="cels 2x crf 28", count=6, crf=28),
    CelStills(name="cels 2x crf 34", count=6, crf=34),
    CelStills(name="cels 2x crf 39", count=6, crf=39),
    Drawings(name="synfig 2x crf 30", crf=30),
    Drawings(name="synfig 2x crf 35", crf=35),
)
"""What upscaling is measured on, in the order of the page."""
