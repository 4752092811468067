"""Turn trained weights into an ONNX file and its card, and prove that every runtime computes the same.

python -m export.to_onnx flow-fast runs/flow-fast/flow-fast.safetensors --out vsainimotion/models
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor, nn

from export.networks import NETWORKS, Description
from export.openvino_run import run_openvino
from export.tasks import TASKS, averaged, parameter_count

#: The newest operator set that OpenVINO, ONNX Runtime, TensorRT and ncnn all read.
OPSET = 18
#: Largest difference from torch, in output units, that counts as the same.
PARITY = 1e-3

type Planes = NDArray[np.float32]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What the product must know about a network; one TOML file beside the ONNX."""

    name: str
    task: str
    """interpolate or upscale."""
    kind: str
    """flow, fusion, frame, luma or rgb."""
    file: str
    sha256: str
    scale: int
    """Size of the output over that of the input; 1 for flow."""
    planes: int
    """Planes of the input."""
    size_multiple: int
    """Width and height of the input must be multiples of this."""
    size_minimum: tuple[int, int]
    """Smallest (width, height)."""
    overlap: int
    """How far an input pixel can change the output, in input pixels, for tiles."""
    analysis_height: int
    """Height of the small copy to use for a 1080p clip; 0 for upscalers."""
    grid: int
    """Pixels of the small copy, each way, that one answer of a flow network stands for; 1 for the others."""
    motion: str | None
    """The flow network whose motion a fusion network weighs; None for the others, and left out."""
    timesteps: str
    """any or half; none for upscalers."""
    base: str | None
    """The kernel whose enlargement the output is added to; None where the output is the picture, and left out."""
    licence: str
    origin: str
    opset: int
    precision: str
    """What parity was checked in."""
    parameters: int
    description: str


def write_card(card: Card, path: Path) -> None:
    """Write a card as flat TOML."""
    lines = []
    for field in dataclasses.fields(card):
        value = getattr(card, field.name)
        if value is None:
            continue
        # JSON's strings, numbers and lists of numbers are TOML's.
        lines.append(
            f"{field.name} = {json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)}\n"
        )
    path.write_text("".join(lines))


def export_onnx(network: nn.Module, description: Description, path: Path) -> None:
    """Write the network with dynamic height and width, batch 1, beside its place, and rename it."""
    side = description.size_multiple * max(2, 64 // description.size_multiple)
    example = torch.rand(1, description.planes, side, side + description.size_multiple)
    height, width = (torch.export.Dim(name, min=2, max=1024) for name in ("rows", "columns"))
    multiple = description.size_multiple
    shape = {2: multiple * height, 3: multiple * width} if multiple > 1 else {2: height, 3: width}
    program = torch.onnx.export(
        network.eval(), (example,), dynamo=True, opset_version=OPSET, input_names=["input"],
        output_names=["output"], dynamic_shapes=(shape,), optimize=True, verbose=False,
    )  # fmt: skip
    if program is None:
        raise RuntimeError(f"export_onnx: torch returned no program for '{path.name}'")
    model = program.model_proto
    _name_sizes(model)
    onnx.checker.check_model(model)
    unfinished = path.with_suffix(".part")
    onnx.save(model, str(unfinished))
    unfinished.rename(path)


def _name_sizes(model: onnx.ModelProto) -> None:
    """Call the free sizes of input and output by name, and drop notes about the machine that made the file."""
    for value, prefix in ((model.graph.input[0], ""), (model.graph.output[0], "out_")):
        for axis, name in ((2, "height"), (3, "width")):
            value.type.tensor_type.shape.dim[axis].dim_param = prefix + name
    del model.graph.value_info[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""


def run_torch(network: nn.Module, planes: Planes) -> Planes:
    """Return the network's output for (1, C, H, W) planes."""
    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(planes)).numpy())


def run_onnxruntime(path: Path, planes: Planes) -> Planes:
    """Return ONNX Runtime's output on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"input": planes})[0])


def parity(network: nn.Module, path: Path, planes: Planes) -> dict[str, float]:
    """Return the largest difference from torch for each runtime."""
    wanted = run_torch(network, planes)
    runtimes = {"openvino": run_openvino, "onnxruntime": run_onnxruntime}
    return {name: float(np.abs(run(path, planes) - wanted).max()) for name, run in runtimes.items()}


def load_network(name: str, weights: Mapping[str, Tensor]) -> nn.Module:
    """Return a network by name, ready for inference with these weights."""
    return averaged(TASKS[name].network(), dict(weights))


def make_card(name: str, network: nn.Module, onnx_file: Path, made: str) -> Card:
    """Fill the card of an exported network; `made` says what its weights are the end of."""
    about = NETWORKS[name]
    values = dataclasses.asdict(about)
    data = values.pop("data")
    return Card(
        **values, name=name, file=onnx_file.name, sha256=hashlib.sha256(onnx_file.read_bytes()).hexdigest(),
        licence="MIT", origin=f"{made} on {data}",
        opset=OPSET, precision="fp32", parameters=parameter_count(network),
    )  # fmt: skip


def read_weights(path: Path) -> tuple[dict[str, Tensor], str]:
    """Return the averaged weights of a run, and what they are the end of.

    Args:
        path: A run's .safetensors, or its checkpoint.pt, which serves while the run goes on. A program that went on
            from a run says in the file's metadata from which, beside the run's steps, and what it is itself.
    """
    if path.suffix == ".pt":
        state = torch.load(path, weights_only=True)
        return state["average"], f"export/train.py, export/runs/{path.parent.name}.toml, {state['step']} steps"
    with safe_open(path, framework="pt") as file:
        facts = file.metadata()
        made = f"export/train.py, export/runs/{facts.get('run', path.stem)}.toml, {facts['steps']} steps"
        if "then" in facts:
            made += f", then {facts['then']},"
        return {name: file.get_tensor(name) for name in file.keys()}, made  # noqa: SIM118


def export(name: str, weights: Path, out: Path) -> dict[str, float]:
    """Export a network with its card and return what parity came to.

    Raises:
        RuntimeError: A runtime differs from torch by more than PARITY.
    """
    out.mkdir(parents=True, exist_ok=True)
    about, path = NETWORKS[name], out / f"{name}.onnx"
    values, made = read_weights(weights)
    network = load_network(name, values)
    export_onnx(network, about, path)
    rng = np.random.default_rng(5)
    height, width = (about.size_multiple * (side // about.size_multiple) for side in (96, 128))
    planes = rng.random((1, about.planes, height, width), dtype=np.float32)
    differences = parity(network, path, planes)
    if max(differences.values()) > PARITY:
        raise RuntimeError(f"export: '{name}' must agree within {PARITY} with torch (got {differences})")
    write_card(make_card(name, network, path, made), out / f"{name}.toml")
    return differences


def main() -> None:
    """Read the command line and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(NETWORKS))
    parser.add_argument("weights", type=Path, help="a run's .safetensors, or its checkpoint.pt while it trains")
    parser.add_argument("--out", type=Path, default=Path("export/out"), help="folder for the ONNX and the card")
    options = parser.parse_args()
    print(options.name, export(options.name, options.weights, options.out))  # noqa: T201 - a program prints


if __name__ == "__main__":
    main()
