"""VapourSynth filters for animation: a gate, interpolation and upscaling that pay only for what moved."""

from vsainimotion.media.source import source

__all__ = ["source"]

__version__ = "0.1.0"
