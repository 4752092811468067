"""Vector animation of others (GPL: for measuring, not for shipping), rendered by Debian's synfig where it is there."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import vapoursynth as vs

from scripts.benchmarks.cases import Material, Pictures, pick, render_once, serve, to_yuv
from scripts.benchmarks.cells import Inputs, digest_file

EXAMPLES = Path("/usr/share/doc/synfig-examples/examples")
HOW = "synfig and its examples are not here: apt-get install synfig synfig-examples"
QUICK_PICKS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    """A moment, or a stretch, of one of synfig's examples."""

    file: str
    begin_frames: int = 0
    """First frame, at 24 frames a second."""
    end_frames: int = 0
    """Last frame."""

    @property
    def path(self) -> Path:
        """Where the example lies."""
        return EXAMPLES / self.file

    def inputs(self) -> Inputs:
        """Returns what its pictures follow from."""
        synfig = read_version()
        return {"file": digest_file(self.path), "frames": [self.begin_frames, self.end_frames], "synfig": synfig}


@cache
def read_version() -> str:
    """Returns synfig's version; empty where it is not installed."""
    program = shutil.which("synfig")
    if program is None:
        return ""
    # It prints its version and ends with an error all the same.
    return subprocess.run([program, "--version"], check=False, capture_output=True, text=True).stdout.strip()


def find_missing(files: Sequence[str]) -> str | None:
    """Says what is missing to render some examples; None if nothing is."""
    return None if shutil.which("synfig") and all((EXAMPLES / file).is_file() for file in files) else HOW


def render(drawing: Drawing, size: tuple[int, int]) -> Pictures:
    """Renders the frames of a drawing over white, (N, H, W, 3) RGB; the view is widened to the size's ratio."""
    with tempfile.TemporaryDirectory() as folder:
        command: list[str | Path] = ["synfig", drawing.path, "-w", str(size[0]), "-h", str(size[1]), "--fps", "24"]
        if drawing.end_frames > drawing.begin_frames:
            command += ["--begin-time", f"{drawing.begin_frames}f", "--end-time", f"{drawing.end_frames}f"]
        else:
            command += ["--time", f"{drawing.begin_frames}f"]
        command += ["-t", "png", "-q", "-o", Path(folder) / "frame.png"]
        subprocess.run([str(part) for part in command], check=True, capture_output=True)
        return np.stack([_over_white(path) for path in sorted(Path(folder).glob("*.png"))])


def _over_white(path: Path) -> Pictures:
    drawn = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if drawn is None:
        raise OSError(f"synfig: '{path}' is no picture")
    opaque = drawn[..., 3:].astype(np.float32) / 255
    mixed = drawn[..., :3] * opaque + 255 * (1 - opaque)
    return np.asarray(np.rint(mixed)[..., ::-1], np.uint8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Animation:
    """An example that moves, every second frame hidden."""

    name: str
    size: tuple[int, int]
    drawing: Drawing = Drawing(file="prologue_kid.sif", end_frames=120)
    every: int = 6
    """Every so many frames one is kept; the one halfway to the next is hidden. The kid moves slowly."""
    is_related: bool = True
    is_shown: bool = False

    @property
    def about(self) -> str:
        """Source, size and frames."""
        return (
            f"`{self.drawing.file}` of synfig-examples (GPL) at {self.size[0]}x{self.size[1]}, frames "
            f"{self.drawing.begin_frames} to {self.drawing.end_frames} at 24 fps, 1 of {self.every} frames kept"
        )

    def missing(self) -> str | None:
        """Says that synfig is not there."""
        return find_missing([self.drawing.file])

    def inputs(self, *, quick: bool) -> Inputs:
        """Returns what the frames follow from."""
        limit = {"limit": QUICK_PICKS} if quick else {}
        return {"synfig": self.drawing.inputs(), "size": self.size, "every": self.every, **limit}

    def load(self, *, quick: bool) -> Material:
        """Renders the frames, the first time."""
        rendered = {"synfig": self.drawing.inputs(), "size": self.size}
        clip = to_yuv(serve(render_once(rendered, lambda: render(self.drawing, self.size))), vs.YUV420P8)
        picks = range((clip.num_frames - 1) // self.every)[: QUICK_PICKS if quick else None]
        hidden = [number * self.every + self.every // 2 for number in picks]
        return Material(clip[:: self.every], pick(clip, hidden), picks, self.inputs(quick=quick))
