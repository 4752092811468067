"""VapourSynth filters for animation: a gate, interpolation and upscaling that pay only for what moved."""

from vsainimotion.enhance import enhance
from vsainimotion.errors import VsaiError
from vsainimotion.gate import gate
from vsainimotion.interpolate import interpolate
from vsainimotion.media.source import source
from vsainimotion.upscale import upscale

__version__ = "0.1.0"

__all__ = ["VsaiError", "__version__", "enhance", "gate", "interpolate", "source", "upscale"]
