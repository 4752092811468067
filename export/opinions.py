"""What a fusion network learns from: the opinions of middle frames that the product's own graph comes to.

    python scripts/render_cels.py shots --out data/shots --scenes 800 --size 256
    python scripts/extract_triplets.py FILMS --out data/film --height 360 --step 1
    python -m export.opinions --shots data/shots --film data/film --out data/opinions

Both neighbours of each triplet go through `vsainimotion.fusion` as they would in a film: the flow network that ships,
block motion and the native refinement. Shards that are there are kept.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray
from tqdm import tqdm
from vsutil import join, split

from export.batches import Shards
from export.film_data import FilmData
from export.fusion_data import FLOW_GRID, JUDGED_GRID, RECORD, SIDE_PX
from vsainimotion.backend import choose_backend
from vsainimotion.fusion import find_flows, luma_of
from vsainimotion.gate import Interval
from vsainimotion.models import find_card
from vsainimotion.motion import Motion, analysis_copy, estimate_motion
from vsainimotion.timeline import TIMESTEP_PROPERTY
from vsainimotion.warp import Flow, draw_together

core = vs.core

#: Triplets in one shard.
SHARD_TRIPLETS = 100
#: Motion is read by this network.
FLOW_NETWORK = "flow-fast"

type Pictures = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Triplet:
    """Two pictures, the one between, and when that is."""

    frames: Pictures
    """(3, H, W, 3) RGB; height and width multiples of JUDGED_GRID."""
    timestep: float


def _serve(pictures: Sequence[Pictures], timesteps: Sequence[float]) -> vs.VideoNode:
    """Return pictures in memory as an RGB24 clip with timesteps."""
    height, width = pictures[0].shape[:2]
    blank = core.std.BlankClip(None, width, height, vs.RGB24, len(pictures), keep=True)

    def paint(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        frame = f.copy()
        for plane in range(3):
            np.copyto(np.asarray(frame[plane]), pictures[n][..., plane])
        frame.props[TIMESTEP_PROPERTY] = timesteps[n]
        return frame

    return blank.std.ModifyFrame(blank, paint)


def _draw(a: vs.VideoNode, b: vs.VideoNode, flow: Flow) -> list[vs.VideoNode]:
    """Draw both RGB neighbours to the middle, as sharply as the filter does."""
    flow = flow.resize(a.width, a.height)
    planes = [draw_together(*pair, flow, kernel="catmull-rom") for pair in zip(split(a), split(b), strict=True)]
    return [join(list(side), vs.RGB) for side in zip(*planes, strict=True)]


def _form_opinions(a: vs.VideoNode, b: vs.VideoNode) -> tuple[list[vs.VideoNode], list[vs.VideoNode], Motion]:
    """Return the four drawn clips, the four planes of both flows, and what the flow network said."""
    card, choice = find_card(FLOW_NETWORK), choose_backend()
    small = analysis_copy(a, card), analysis_copy(b, card)
    motion = estimate_motion(*small, card, choice)
    flows = [found.flow for found in find_flows(motion, a, b, (luma_of(small[0]), luma_of(small[1])))]
    drawn = [side for flow in flows for side in _draw(a, b, flow)]
    size = a.width // FLOW_GRID, a.height // FLOW_GRID
    resized = [flow.resize(*size) for flow in flows]
    return drawn, [way for flow in resized for way in (flow.x, flow.y)], motion


def _planes(frame: vs.VideoFrame) -> NDArray[Any]:
    return np.dstack([np.asarray(frame[plane]) for plane in range(frame.format.num_planes)])


def draw_opinions(triplets: Sequence[Triplet]) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the fields of a record for each triplet, uncut, all of one size."""
    times = [triplet.timestep for triplet in triplets]
    a, b = (_serve([triplet.frames[side] for triplet in triplets], times) for side in (0, 2))
    drawn, ways, motion = _form_opinions(a, b)
    grid = a.width // JUDGED_GRID, a.height // JUDGED_GRID
    judged = [plane.resize.Bilinear(*grid) for plane in (motion.flow.mask, motion.confidence)]
    for n, triplet in enumerate(triplets):
        yield {
            "frames": triplet.frames,
            "drawn": np.stack([_planes(clip.get_frame(n)) for clip in drawn]),
            "flows": np.stack([np.asarray(clip.get_frame(n)[0]) for clip in ways]),
            "judged": np.stack([np.rint(255 * np.asarray(clip.get_frame(n)[0]).clip(0, 1)) for clip in judged]),
        }


def cut(fields: dict[str, NDArray[Any]], timestep: float) -> NDArray[np.void]:
    """Return a record: the square of most change out of uncut fields."""
    change = np.abs(fields["frames"][2].astype(np.float32) - fields["frames"][0]).mean(2)
    sums = cv2.boxFilter(change, -1, (SIDE_PX, SIDE_PX), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    height, width = change.shape
    places = sums[: height - SIDE_PX + 1 : JUDGED_GRID, : width - SIDE_PX + 1 : JUDGED_GRID]
    top, left = (int(place) * JUDGED_GRID for place in np.unravel_index(np.argmax(places), places.shape))
    record = np.zeros((), RECORD)
    for name in ("frames", "drawn"):
        record[name] = fields[name][:, top : top + SIDE_PX, left : left + SIDE_PX]
    for name, step in (("flows", FLOW_GRID), ("judged", JUDGED_GRID)):
        rows = slice(top // step, (top + SIDE_PX) // step)
        record[name] = fields[name][:, rows, left // step : (left + SIDE_PX) // step]
    record["timestep"] = timestep
    return record


def save_opinions(path: Path, triplets: Sequence[Triplet]) -> None:
    """Write one shard of records beside its place and rename it."""
    drawn = zip(draw_opinions(triplets), triplets, strict=True)
    records = np.stack([cut(fields, triplet.timestep) for fields, triplet in drawn])
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, records)
    unfinished.rename(path)


def read_shots(folder: Path, split_name: str) -> list[Triplet]:
    """Return the rendered triplets of a split that a network would be asked for: those with motion."""
    shards = Shards(folder, split_name)
    records = (shards[index] for index in range(len(shards)))
    return [Triplet(r["frames"], float(r["timestep"])) for r in records if r["interval"] == Interval.MOTION]


def read_film(folder: Path, split_name: str) -> list[Triplet]:
    """Return the extracted triplets of a split, cut to multiples of the stored grids."""
    data = FilmData(folder, split_name)
    triplets = []
    for index in range(len(data)):
        frames = data.frames(index, 1, SIDE_PX)
        height, width = (length // JUDGED_GRID * JUDGED_GRID for length in frames.shape[1:3])
        triplets.append(Triplet(np.ascontiguousarray(frames[:, :height, :width]), 0.5))
    return triplets


def main() -> None:
    """Read the command line and write what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=Path, help="folder of shards by render_cels.py shots --size 256")
    parser.add_argument("--film", type=Path, help="folder that extract_triplets.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    sources = [("shots", read_shots, options.shots), ("film", read_film, options.film)]
    for name, read, folder in sources:
        for split_name in ("valid", "train") if folder else ():
            if not any(folder.glob(f"{split_name}*")):
                continue
            triplets = read(folder, split_name)
            for start in tqdm(range(0, len(triplets), SHARD_TRIPLETS), desc=f"{name} {split_name}", unit="shard"):
                path = options.out / f"{split_name}-{name}-{start // SHARD_TRIPLETS:05d}.npy"
                if not path.exists():
                    save_opinions(path, triplets[start : start + SHARD_TRIPLETS])


if __name__ == "__main__":
    main()
