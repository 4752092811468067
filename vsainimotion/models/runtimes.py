"""The runtimes that networks can run on, one row each, over vs-jetpack's backend objects."""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from vsainimotion.models.card import Card
from vsainimotion.models.engines import find_or_build_engine
from vsainimotion.models.tiles import Size

if TYPE_CHECKING:
    from vsscale.mlrt.backend.base import Backend


@functools.cache
def has_bfloat16() -> bool:
    """Answers whether the CPU multiplies in bfloat16, as far as Linux says; False elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return re.search(r"\b(avx512_bf16|amx_bf16|bf16)\b", text) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuning:
    """What a backend is built with for one network and one size."""

    bfloat16: bool = False
    """Whether the network bears bfloat16; used where the CPU has it."""
    num_streams: int = 1
    """Frames worked on at once."""


def _open_onnx(card: Card, network: Path, tile: Size) -> Path:
    """Gives the plugin the ONNX file itself, which takes any size."""
    del card, tile
    return network


@dataclass(frozen=True, kw_only=True, slots=True)
class BackendRow:
    """One way to run networks."""

    name: str
    """What users call it."""
    namespace: str
    """The VapourSynth plugin it needs."""
    package: str
    """What pip installs for it."""
    runs_on: str
    """The hardware and the runtime, in words."""
    build: Callable[[Tuning], "Backend"]
    """Makes the vs-jetpack object."""
    is_gpu: bool
    """Whether it works in the memory of a GPU: larger tiles, two streams."""
    wants_half: bool
    """Whether it is fed and answers in half precision."""
    is_tried: bool
    """Whether a tiny network is run before it is called working; an engine takes too long to build for that."""
    prepare: Callable[[Card, Path, Size], Path] = _open_onnx
    """Makes what the plugin opens, from a card, its ONNX file and the size of its input."""

    @property
    def pip_line(self) -> str:
        """The command that installs what is missing."""
        return f"pip install '{self.package}'"


def _openvino(tuning: Tuning) -> "Backend":
    from vsscale.mlrt.backend.ov import OV_CPU

    half = tuning.bfloat16 and has_bfloat16()
    # Threads are left to OpenVINO, but not pinned: VapourSynth's own threads work on the same cores.
    return OV_CPU(fp16=False, bf16=half, num_streams=tuning.num_streams, bind_thread=False)


def _onnxruntime(tuning: Tuning) -> "Backend":
    from vsscale.mlrt.backend.ort import ORT_CPU

    return ORT_CPU(fp16=False, num_streams=tuning.num_streams)


def _cuda(tuning: Tuning) -> "Backend":
    from vsscale.mlrt.backend.ort import ORT_CUDA

    return ORT_CUDA(fp16=True, num_streams=tuning.num_streams)


def _tensorrt(tuning: Tuning) -> "Backend":
    from vsscale.mlrt.backend.trt import TRT

    return TRT(fp16=True, num_streams=tuning.num_streams)


def _ncnn(tuning: Tuning) -> "Backend":
    from vsscale.mlrt.backend.ncnn import NCNN

    return NCNN(fp16=True, num_streams=tuning.num_streams)


_ROWS = (
    BackendRow(
        name="tensorrt",
        namespace="trt",
        package="vsainimotion[tensorrt]",
        runs_on="an NVIDIA GPU through TensorRT",
        build=_tensorrt,
        is_gpu=True,
        wants_half=True,
        is_tried=False,
        prepare=find_or_build_engine,
    ),
    BackendRow(
        name="cuda",
        namespace="ort",
        package="vsainimotion[cuda]",
        runs_on="an NVIDIA GPU through ONNX Runtime's CUDA provider",
        build=_cuda,
        is_gpu=True,
        wants_half=True,
        is_tried=True,
    ),
    BackendRow(
        name="openvino",
        namespace="ov",
        package="vapoursynth-mlrt-ov",
        runs_on="the CPU through OpenVINO",
        build=_openvino,
        is_gpu=False,
        wants_half=False,
        is_tried=True,
    ),
    BackendRow(
        name="onnxruntime",
        namespace="ort",
        package="vapoursynth-mlrt-ort",
        runs_on="the CPU through ONNX Runtime",
        build=_onnxruntime,
        is_gpu=False,
        wants_half=False,
        is_tried=True,
    ),
    BackendRow(
        name="ncnn",
        namespace="ncnn",
        package="vsainimotion[ncnn]",
        runs_on="a GPU through ncnn and Vulkan",
        build=_ncnn,
        is_gpu=True,
        wants_half=False,
        is_tried=True,
    ),
)

BACKENDS: Mapping[str, BackendRow] = MappingProxyType({row.name: row for row in _ROWS})
"""The backends, in the order in which `auto` tries them."""
