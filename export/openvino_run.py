"""Runs a network once in OpenVINO's Python package, in a process of its own.

    python -m export.openvino_run NETWORK.onnx INPUT.npy OUTPUT.npy f32

VapourSynth's plugin brings an OpenVINO of its own build. A process that has loaded the one refuses the other, and which
comes first depends on what else was imported; so the package never shares a process with the plugin.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def run_openvino(path: Path, planes: NDArray[np.float32], *, precision: str = "f32") -> NDArray[np.float32]:
    """Return OpenVINO's output on the CPU, computed in f32 or bf16."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder, "input.npy"), Path(folder, "output.npy")
        np.save(given, planes)
        command = [sys.executable, "-m", "export.openvino_run", str(path.absolute()), str(given), str(made)]
        command.append(precision)
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise RuntimeError(f"run_openvino: '{path.name}' failed: {result.stderr.strip()}")
        output: NDArray[np.float32] = np.load(made)
        return output


def main(network: str, given: str, made: str, precision: str) -> None:
    """Run in this process."""
    import openvino

    core = openvino.Core()
    model = core.compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 2})
    np.save(made, np.asarray(model(np.load(given))[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
