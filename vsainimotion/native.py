"""The native side: which plugin a filter needs, how to get it, and what clips our filters accept."""

import ctypes
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import vapoursynth as vs

from vsainimotion.errors import ArgumentError, MissingError

PLUGIN_PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        "akarin": "vapoursynth-akarin",
        "bs": "vapoursynth-bestsource",
        "mv": "vapoursynth-mvtools",
        "ov": "vapoursynth-mlrt-ov",
        "ort": "vapoursynth-mlrt-ort",
        "vszip": "vapoursynth-vszip",
        "ncnn": "vapoursynth-mlrt-ncnn",
        "trt": "vapoursynth-mlrt-trt",
    }
)
"""The pip package that carries each plugin, by the plugin's namespace."""


def is_plugin_loaded(namespace: str) -> bool:
    """Answers whether the running core has a plugin."""
    return hasattr(vs.core, namespace)


def keep(clip: vs.VideoNode, frames: int = 0) -> vs.VideoNode:
    """Keeps as many frames of a node as will be asked for again, and no more.

    By itself VapourSynth keeps twenty frames and more of every node that two others ask, or one that may ask for any
    frame, whatever they weigh, until all weigh more than `max_cache_size`; then it throws away anything, and what is
    needed again is made again from the film on.

    Args:
        clip: A node of our own; what it keeps is set on the node itself.
        frames: How many, beside as many as there are threads: 0 where all ask for a frame while one frame is made,
            twice the distance where two ask for it so many frames apart, because what was asked for last is kept.

    Returns:
        The clip.
    """
    clip.std.SetVideoCache(mode=1, fixedsize=1, maxsize=frames + vs.core.num_threads)
    return clip


def once(clip: vs.VideoNode) -> vs.VideoNode:
    """Keeps no frame of a node of our own, because each is asked for once; see `keep`."""
    clip.std.SetVideoCache(mode=0)
    return clip


@contextmanager
def signal_stack_kept() -> Iterator[None]:
    """Leaves the calling thread the stack that its signals run on, whatever is opened in between.

    OpenVINO puts a stack of its own there for each network that it opens, and puts back the one that it found when the
    network is freed: after two that are freed in the order they were opened, signals run on memory that belongs to
    somebody else. Ctrl-C or the end of a child process then wrote over a lock, or killed Python.
    """
    if sys.platform == "win32":
        yield
        return
    libc = ctypes.CDLL(None)
    # A stack_t, whose fields differ between systems, goes back as it came; none of them needs more than 24 bytes.
    stack = ctypes.create_string_buffer(64)
    libc.sigaltstack(None, stack)
    try:
        yield
    finally:
        libc.sigaltstack(stack, None)


def check_plugins(function: str, *namespaces: str) -> None:
    """Checks that the plugins a function is about to use are loaded.

    Args:
        function: Name of the public function, for the message.
        *namespaces: Plugin namespaces, such as `akarin`.

    Raises:
        MissingError: A plugin is not loaded; the message has the pip line that brings it.
    """
    missing = [name for name in namespaces if not is_plugin_loaded(name)]
    if missing:
        packages = " ".join(PLUGIN_PACKAGES.get(name, name) for name in missing)
        raise MissingError(
            f"{function}: needs the VapourSynth plugin {', '.join(missing)}, which is not loaded. "
            f"Install it with: pip install {packages}"
        )


def check_clip(function: str, clip: vs.VideoNode) -> vs.VideoFormat:
    """Checks that a clip is one that our filters accept.

    Args:
        function: Name of the public function, for the message.
        clip: The clip.

    Returns:
        The clip's constant format.

    Raises:
        ArgumentError: The clip changes format or size, or is not 8 to 16 bit integer or 16 or 32 bit float.
    """
    if clip.format is None or clip.width == 0 or clip.height == 0:
        raise ArgumentError(
            f"{function}: 'clip' must have one format and one size throughout (got a variable clip). "
            "Convert it first, for example with clip.resize.Spline36(width=..., height=..., format=...)"
        )
    if clip.format.sample_type == vs.INTEGER and clip.format.bits_per_sample > 16:
        raise ArgumentError(
            f"{function}: 'clip' must have 8 to 16 bits per sample or be float (got {clip.format.name}). "
            "Convert it first, for example with vsutil.depth(clip, 16)"
        )
    return clip.format
