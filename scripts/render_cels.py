"""Render training triplets of generated animation to disk, once, on every core.

    python scripts/render_cels.py --out data/cels --scenes 6000 --minutes 10

The program goes on where it stopped: shards that are there are kept. The same seeds give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
from tqdm import tqdm

from export.cels.triplets import PER_SCENE, save_shard

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


def _work(job: tuple[Path, range, int, float]) -> bool:
    path, seeds, size, deadline = job
    cv2.setNumThreads(1)
    if path.exists():
        return True
    if time.monotonic() > deadline:
        return False
    save_shard(path, seeds, size)
    return True


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--scenes", type=int, default=6000, help=f"training scenes, {PER_SCENE} triplets each")
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
    jobs = [(options.out / name, seeds, options.size, deadline) for name, seeds in plan.items()]
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        done = sum(tqdm(pool.imap_unordered(_work, jobs), total=len(jobs), unit="shard"))
    manifest = {
        "size": options.size,
        "shards": {n: [s.start, s.stop] for n, s in plan.items() if (options.out / n).exists()},
    }
    (options.out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    print(f"{done} of {len(jobs)} shards in {options.out}")


if __name__ == "__main__":
    main()
