"""The cel generator: seeded scenes, exact at any time and resolution, with the motion that belongs to them."""

from export.cels.clips import labelled, labelled_part
from export.cels.generate import Mix, random_scene
from export.cels.render import Camera, Motion, motions, render
from export.cels.scene import Piece, Scene, Sketch

__all__ = [
    "Camera",
    "Mix",
    "Motion",
    "Piece",
    "Scene",
    "Sketch",
    "labelled",
    "labelled_part",
    "motions",
    "random_scene",
    "render",
]
