"""TensorRT engines: built once for a network, a size and a GPU, and kept with a manifest that says for what.

TensorRT cannot be installed on our development machines. Everything up to the call of the builder is tested there; the
call itself, `_run_builder`, and the machine's own answers, `read_machine`, have not been run by us.
"""

import dataclasses
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vapoursynth as vs

from vsainimotion.errors import InputError, JobError, MissingError
from vsainimotion.models.cache import platform_cache
from vsainimotion.models.card import Card
from vsainimotion.models.half import write_half
from vsainimotion.models.tiles import Size
from vsainimotion.native import is_plugin_loaded

PIP_LINE = "pip install 'vsainimotion[tensorrt]'"
"""What brings the plugin, TensorRT's builder and what turns a network into half precision."""

_MODULES = ("tensorrt", "cuda.core", "onnx", "onnxconverter_common")


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What an engine is tied to besides its network."""

    tensorrt: str
    """Version of TensorRT, such as 11.4.0."""
    gpu: str
    """Name of the GPU."""
    driver: str
    """Version of its driver."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineInputs:
    """Everything that an engine depends on; its digest is the engine's key."""

    network: str
    """Name of the network's card."""
    network_sha256: str
    """Digest of the ONNX file that the card describes, before it is made half precision."""
    precision: str
    """Type that the engine computes in; always `fp16` so far."""
    planes: int
    """Input planes."""
    size_minimum: Size
    """Smallest width and height that it takes, in pixels."""
    size_best: Size
    """Width and height that it is tuned for, in pixels."""
    size_maximum: Size
    """Largest width and height that it takes, in pixels."""
    optimization_level: int
    """TensorRT's builder optimization level, 0 to 5."""
    machine: Machine
    """TensorRT, GPU and driver."""

    @property
    def key(self) -> str:
        """Returns the sha256 of the sorted JSON of all fields."""
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def stem(self) -> str:
        """Returns the name of the engine's files, without the ending: network, size and key."""
        width, height = self.size_best
        return f"{self.network}-{width}x{height}-{self.key[:24]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """An engine on the disk."""

    path: Path
    """The engine file."""
    inputs: EngineInputs
    """What it was built for, as its manifest says."""

    @property
    def size_mib(self) -> float:
        """Size of the file in MiB."""
        return self.path.stat().st_size / 2**20


def engine_folder() -> Path:
    """Returns the folder of the engines; it may not exist yet.

    The environment variable `VSAINIMOTION_ENGINES` names it; without it, it is `vsainimotion/engines` in the platform's
    folder for caches (`XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches`, `LOCALAPPDATA`).
    """
    if named := os.environ.get("VSAINIMOTION_ENGINES"):
        return Path(named)
    return platform_cache() / "engines"


def check_tensorrt(function: str) -> None:
    """Checks that engines can be built here.

    Args:
        function: Name of the public function, for the message.

    Raises:
        MissingError: The plugin or a module is missing; the message has the pip line.
    """
    missing = [] if is_plugin_loaded("trt") else ["the VapourSynth plugin trt"]
    missing += [f"the module {name}" for name in _MODULES if not _is_importable(name)]
    if missing:
        raise MissingError(f"{function}: TensorRT needs {', '.join(missing)}. Install it with: {PIP_LINE}")


def _is_importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the parent package is missing
        return False


def read_machine(device_id: int = 0) -> Machine:
    """Asks the plugin and the driver what engines are tied to here. Not run on our development machines.

    Args:
        device_id: Number of the GPU.

    Raises:
        MissingError: TensorRT is not installed, or there is no NVIDIA driver.
    """
    check_tensorrt("read_machine")
    version: Any = vs.core.trt.Version()
    build = int(version["tensorrt_version_build"])
    tensorrt = f"{build // 10000}.{build // 100 % 100}.{build % 100}"
    program = shutil.which("nvidia-smi")
    if program is None:
        raise MissingError("read_machine: nvidia-smi is not there. Install NVIDIA's driver for the GPU")
    query = ["-i", str(device_id), "--query-gpu=name,driver_version", "--format=csv,noheader,nounits"]
    answer = subprocess.run([program, *query], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise MissingError(f"read_machine: nvidia-smi failed ({answer.stderr.strip() or answer.stdout.strip()})")
    gpu, driver = (part.strip() for part in answer.stdout.strip().rsplit(",", 1))
    return Machine(tensorrt=tensorrt, gpu=gpu, driver=driver)


def plan_engine(card: Card, tile: Size, machine: Machine, *, optimization_level: int = 3) -> EngineInputs:
    """Plans the engine for a network and what it sees at once.

    One size, not a range: TensorRT picks better kernels, and our tiles are all of one size.

    Args:
        card: The network.
        tile: Width and height of the network's input in pixels.
        machine: What the engine is tied to.
        optimization_level: TensorRT's builder optimization level, 0 to 5.
    """
    return EngineInputs(
        network=card.name,
        network_sha256=card.sha256,
        precision="fp16",
        planes=card.planes,
        size_minimum=tile,
        size_best=tile,
        size_maximum=tile,
        optimization_level=optimization_level,
        machine=machine,
    )


def find_engine(inputs: EngineInputs) -> Path | None:
    """Finds an engine that was built from exactly these inputs, or returns None."""
    path = engine_folder() / f"{inputs.stem}.engine"
    # The manifest is written last: an engine without it was not finished.
    return path if path.is_file() and path.with_suffix(".json").is_file() else None


def find_or_build_engine(card: Card, network: Path, tile: Size) -> Path:
    """Finds the engine of a network for a size on this machine, and builds it if there is none yet.

    Args:
        card: The network.
        network: Its ONNX file.
        tile: Width and height of the network's input in pixels.

    Returns:
        The engine file.

    Raises:
        MissingError: TensorRT is not installed.
        JobError: The builder failed.
    """
    inputs = plan_engine(card, tile, read_machine())
    return find_engine(inputs) or build_engine(inputs, network)


def build_engine(inputs: EngineInputs, network: Path) -> Path:
    """Builds an engine and writes it, then its manifest, into the folder.

    Args:
        inputs: What to build.
        network: The network's ONNX file, in float32 or float16.

    Returns:
        The engine file.

    Raises:
        MissingError: TensorRT is not installed.
        JobError: The builder failed.
    """
    check_tensorrt("build_engine")
    folder = engine_folder()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{inputs.stem}.engine"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as part:
        half = write_half(network, Path(part) / "half.onnx")
        built = Path(part) / "built.engine"
        _run_builder(inputs, half, built)
        manifest = Path(part) / "manifest.json"
        manifest.write_text(json.dumps(dataclasses.asdict(inputs) | {"key": inputs.key}, indent=2), encoding="utf-8")
        built.replace(target)
        manifest.replace(target.with_suffix(".json"))
    return target


def _run_builder(inputs: EngineInputs, half: Path, target: Path) -> None:
    """Calls TensorRT's builder through vs-jetpack. Never run by us: see the top of the module."""
    from jetpytools import CustomRuntimeError
    from vsscale.mlrt.backend.trt import TRT

    builder = TRT(fp16=True, builder_optimization_level=inputs.optimization_level)
    try:
        builder.build(
            network_path=half, engine_path=target, channels=inputs.planes, tilesize=inputs.size_best, input_name="input"
        )
    except CustomRuntimeError as error:
        raise JobError(f"build_engine: TensorRT could not build '{inputs.network}' ({error})") from error


def load_manifest(path: Path) -> EngineInputs:
    """Reads a manifest.

    Raises:
        InputError: It cannot be read, or its key is not the digest of what it says.
    """
    try:
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        key = table.pop("key")
        table["machine"] = Machine(**table["machine"])
        table |= {name: tuple(size) for name, size in table.items() if name.startswith("size_")}
        inputs = EngineInputs(**table)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"load_manifest: '{path}' is not the manifest of an engine ({error})") from error
    if inputs.key != key:
        raise InputError(f"load_manifest: '{path}' was changed: its key is {key}, its contents give {inputs.key}")
    return inputs


def list_engines() -> list[Engine]:
    """Returns the engines that are on the disk, by file name.

    Raises:
        InputError: A manifest is damaged.
    """
    manifests = sorted(engine_folder().glob("*.json"))
    pairs = ((path.with_suffix(".engine"), path) for path in manifests)
    return [Engine(path=engine, inputs=load_manifest(manifest)) for engine, manifest in pairs if engine.is_file()]


def clear_engines() -> int:
    """Removes every engine and manifest, finished or not.

    Returns:
        How many engine files were removed.
    """
    engines = list(engine_folder().glob("*.engine"))
    # Manifests first: an engine without one is never used.
    for path in [*engine_folder().glob("*.json"), *engines]:
        path.unlink()
    return len(engines)
