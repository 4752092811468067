"""VapourSynth filters for animation: a gate, interpolation and upscaling that pay only for what moved."""

__version__ = "0.1.0"
