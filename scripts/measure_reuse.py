"""Measure what `upscale` saves by running a network once for each drawing.

    python scripts/measure_reuse.py examples/clip.mkv --start 60 --count 48 --height 1440

Prints for reuse, no reuse and bit-exact reuse, in turn: CPU time for one frame without source and gate, the mean of
`VsaiReused`, how many frames were shown wholly or partly again, and how many frames the gate calls held.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import vapoursynth as vs

from vsainimotion.drawings import REUSED_PROPERTY, RUN_PROPERTY
from vsainimotion.gate import gate
from vsainimotion.upscale import DEFAULT_MODEL, upscale

WAYS: dict[str, dict[str, bool | float]] = {"reuse": {}, "no reuse": {"reuse": False}, "threshold 0": {"threshold": 0}}


def run(clip: vs.VideoNode) -> tuple[float, list[float], int]:
    """Return the CPU time for one frame in ms, the share reused of each frame, and how many frames are held."""
    begun, shares, held = time.process_time(), [], 0
    for frame in clip.frames(close=True):
        shares.append(float(frame.props.get(REUSED_PROPERTY, 0)))  # type: ignore[arg-type] # a number, by contract
        held += frame.props.get(RUN_PROPERTY, 0) != 0
    return 1000 * (time.process_time() - begun) / clip.num_frames, shares, held


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", type=Path)
    parser.add_argument("--start", type=int, default=0, help="first frame")
    parser.add_argument("--count", type=int, default=48, help="frames")
    parser.add_argument("--height", type=int, default=1440, help="lines of the result")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    options = parser.parse_args()
    source = vs.core.bs.VideoSource(str(options.film), cachemode=0)
    clip = gate(source[options.start : options.start + options.count])
    before, _, held = run(clip)
    for name, how in WAYS.items():
        large = upscale(clip, height=options.height, model=options.model, **how)  # type: ignore[arg-type] # of WAYS
        spent, shares, _ = run(large)
        wholly, partly = sum(share == 1 for share in shares), sum(0 < share < 1 for share in shares)
        print(
            f"{name:11} {spent - before:5.0f} ms  share {sum(shares) / len(shares):.3f}  "
            f"whole {wholly}  part {partly}  held {held} of {len(shares)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
