"""Render training data of generated animation to disk, once, on every core.

    python scripts/render_cels.py triplets --out data/cels --scenes 6000 --size 96 --minutes 10
    python scripts/render_cels.py shots --out data/shots --scenes 6000 --size 160
    python scripts/render_cels.py stills --out data/stills --scenes 2400 --size 256
    python scripts/render_cels.py pairs --out data/pairs --scenes 2400 --size 64
    python scripts/render_cels.py pictures --out data/pictures --scenes 2400 --size 256
    python scripts/render_cels.py line-art --out data/line-art --scenes 2400 --size 256

The program goes on where it stopped: shards that are there are kept. The same seeds give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
from tqdm import tqdm

from export.cels.shots import save_shots
from export.cels.stills import save_line_art, save_pairs, save_pictures, save_stills
from export.cels.triplets import save_shard

#: Scenes in one shard.
SHARD_SCENES = 100
#: First seed of the scenes kept for validation; training seeds stay below.
VALIDATION_SEED = 1_000_000_000


def plan_shards(scenes: int, validation_scenes: int) -> dict[str, range]:
    """Return the seeds of every shard by file name, validation first."""
    plan = {}
    for split, first, count in (("valid", VALIDATION_SEED, validation_scenes), ("train", 0, scenes)):
        for start in range(first, first + count, SHARD_SCENES):
            stop = min(start + SHARD_SCENES, first + count)
            plan[f"{split}-{(start - first) // SHARD_SCENES:05d}.npy"] = range(start, stop)
    return plan


#: What can be rendered: triplets for interpolation; the same with effects, light, cuts and codec damage; luma stills
#: for upscaling; one moment drawn at a size, twice and four times it.
KINDS: dict[str, Callable[[Path, range, int], None]] = {
    "triplets": save_shard,
    "shots": save_shots,
    "stills": save_stills,
    "pairs": save_pairs,
    "pictures": save_pictures,
    "line-art": save_line_art,
}


def _work(job: tuple[str, Path, range, int, float]) -> bool:
    kind, path, seeds, size, deadline = job
    cv2.setNumThreads(1)
    if path.exists():
        return True
    if time.monotonic() > deadline:
        return False
    KINDS[kind](path, seeds, size)
    return True


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--scenes", type=int, default=6000, help="training scenes")
    parser.add_argument("--validation-scenes", type=int, default=100)
    parser.add_argument("--size", type=int, default=96, help="side of a picture in pixels")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no shard after this time")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    return parser.parse_args()


def main() -> None:
    """Render what is missing and write down what there is."""
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    plan = plan_shards(options.scenes, options.validation_scenes)
    deadline = time.monotonic() + 60 * options.minutes
    jobs = [(options.kind, options.out / name, seeds, options.size, deadline) for name, seeds in plan.items()]
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        done = sum(tqdm(pool.imap_unordered(_work, jobs), total=len(jobs), unit="shard"))
    manifest = {
        "kind": options.kind,
        "size": options.size,
        "shards": {n: [s.start, s.stop] for n, s in plan.items() if (options.out / n).exists()},
    }
    (options.out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    print(f"{done} of {len(jobs)} shards in {options.out}")


if __name__ == "__main__":
    main()
