"""From films to triplets: which frames of a film teach interpolation, chosen by our own gate and by likeness."""

from export.film.extract import Extraction, extract
from export.film.plan import Settings

__all__ = ["Extraction", "Settings", "extract"]
