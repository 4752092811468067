"""What interpolation is measured on: frames of a film are hidden, made again from their neighbours, and compared."""

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import vapoursynth as vs

from scripts.benchmarks.cases import CLIPS, Case, Material, Pictures, pick, render_once, serve, to_yuv
from scripts.benchmarks.cells import Inputs, digest_code, digest_file
from scripts.benchmarks.synfig import Animation
from vsainimotion.media.source import source

QUICK_STRIDE = 6
"""A quick run measures every so many of the frames."""
FIRST_SEED = 2_000_000_000
"""Training draws scenes from seed 0 on and validates from 1,000,000,000 on; these are neither."""
SCENE_FRAMES = 4
"""Frames of each generated scene: the hidden one lies between the second and the third."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Film:
    """A film of which every so many frames are kept."""

    name: str
    path: Path
    size: tuple[int, int]
    """Width and height that it is resized to."""
    first: int = 0
    """First kept frame."""
    last: int = 0
    """Last frame that may be kept; 0 for the film's last."""
    every: int = 2
    """Every so many frames one is kept; the one halfway to the next is hidden."""
    stride: int = 1
    """Every so many hidden frames are measured."""
    cuts: Sequence[int] = ()
    """Frames before a cut; what would span one is left out."""
    origin: str
    """Author and licence."""
    is_related: bool = True
    is_shown: bool = True

    @property
    def about(self) -> str:
        """Source, size and frames."""
        part = f"frames {self.first} to {self.last}" if self.last else "all frames"
        kept = f"1 of {self.every} frames kept"
        thin = "" if self.stride == 1 else f", 1 of {self.stride} hidden ones measured"
        return f"`{self.path.name}` at {self.size[0]}x{self.size[1]}, {part}, {kept}{thin}; {self.origin}"

    def missing(self) -> str | None:
        """Says that the film is not there."""
        return None if self.path.is_file() else f"there is no film at {self.path}"

    def inputs(self, *, quick: bool) -> Inputs:
        """Returns what the frames follow from."""
        fields = {"size": self.size, "first": self.first, "last": self.last, "every": self.every, "cuts": self.cuts}
        stride = self.stride * (QUICK_STRIDE if quick else 1)
        return {"film": digest_file(self.path), **fields, "stride": stride, "resize": "bicubic 420 8"}

    def load(self, *, quick: bool) -> Material:
        """Opens the film."""
        clip = source(self.path).resize.Bicubic(*self.size, format=vs.YUV420P8)
        end = min(self.last or clip.num_frames - 1, clip.num_frames - 1)
        inputs = self.inputs(quick=quick)
        picks = list(self.plan_picks(end))[:: inputs["stride"]]
        hidden = [self.first + frame * self.every + self.every // 2 for frame in picks]
        given = clip[self.first : end + 1 : self.every].std.AssumeFPS(fpsnum=24, fpsden=1)
        return Material(given, pick(clip, hidden), picks, inputs)

    def plan_picks(self, end: int) -> Iterator[int]:
        """Plans which kept frames have a hidden one after them and no cut before the next."""
        for number in range((end - self.first) // self.every):
            start = self.first + number * self.every
            if not any(start <= cut < start + self.every for cut in self.cuts):
                yield number


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenes:
    """Random scenes of the cel generator that no training has seen, one hidden frame each."""

    name: str
    count: int
    size: tuple[int, int]
    unit_px: int
    """Pixels to a scene unit: the generator's speeds reach 26 units a frame."""
    is_related: bool = False
    is_shown: bool = True

    @property
    def about(self) -> str:
        """Source, size and frames."""
        seeds = f"seeds from {FIRST_SEED:,}"
        return f"{self.count} scenes of `export/cels` at {self.size[0]}x{self.size[1]}, {seeds}, clean; ours"

    def missing(self) -> str | None:
        """Says that the workshop's drawing library is not there."""
        if importlib.util.find_spec("skia"):
            return None
        return "the cel generator needs skia: pip install 'vsainimotion[export]'"

    def inputs(self, *, quick: bool) -> Inputs:
        """Returns what the frames follow from."""
        count = self.count // QUICK_STRIDE if quick else self.count
        return {
            "scenes": digest_code("export.cels.generate"), "render": digest_code("export.cels.render"),
            "seed": FIRST_SEED, "count": count, "size": self.size, "unit": self.unit_px,
        }  # fmt: skip

    def load(self, *, quick: bool) -> Material:
        """Renders the scenes, the first time."""
        inputs = self.inputs(quick=quick)
        pictures = render_once(inputs, lambda: self.render(inputs["count"]))
        clip = to_yuv(serve(pictures), vs.YUV420P8)
        whole = SCENE_FRAMES + 1
        kept = [number for number in range(clip.num_frames) if number % whole < SCENE_FRAMES]
        hidden = list(range(SCENE_FRAMES, clip.num_frames, whole))
        return Material(pick(clip, kept), pick(clip, hidden), range(1, len(kept), SCENE_FRAMES), inputs)

    def render(self, count: int) -> Pictures:
        """Draws the kept frames of each scene and after them the hidden one."""
        from export.cels import random_scene, render  # skia is of the extra `export`, and missing() has looked for it

        width, height = self.size
        pictures = []
        for seed in range(FIRST_SEED, FIRST_SEED + count):
            scene = random_scene(seed, width=width / self.unit_px, height=height / self.unit_px)
            pictures += [render(scene, frame, 0.0, self.size) for frame in range(SCENE_FRAMES)]
            pictures.append(render(scene, 1, 0.5, self.size))
        return np.stack(pictures)


_BUNNY = "Big Buck Bunny, CC BY 3.0, Blender Foundation"
_POPEYE = "Popeye the Sailor Meets Sindbad the Sailor (1936), public domain"


def _bunny(name: str, every: int, size: tuple[int, int], stride: int = 1) -> Film:
    path = CLIPS / "bbb_1080p60_10s.mp4"
    return Film(name=name, path=path, size=size, first=22, last=200, every=every, stride=stride, origin=_BUNNY)


def _popeye(name: str, file: str, cuts: Sequence[int]) -> Film:
    return Film(name=name, path=CLIPS / file, size=(640, 476), stride=6, cuts=cuts, origin=_POPEYE)


FILMS: Sequence[Case] = (
    _bunny("bbb 60-30-60", 2, (640, 360)),
    _bunny("bbb 30-15-30", 4, (640, 360)),
    _bunny("bbb 20-10-20", 6, (640, 360)),
    _bunny("bbb 720p 60-30-60", 2, (1280, 720), stride=2),
    _popeye("popeye t00", "popeye_t00.mkv", (73, 330, 529, 737, 1070, 1335)),
    _popeye("popeye t01", "popeye_t01.mkv", (566, 660, 993)),
    Film(name="bbb pan", path=CLIPS / "bbb_720p24_10s_fade_pan.mp4", size=(640, 360), stride=2, origin=_BUNNY),
    Scenes(name="cels", count=60, size=(640, 360), unit_px=2),
    Animation(name="synfig kid", size=(288, 504)),
)
"""What interpolation is measured on, in the order of the page."""
