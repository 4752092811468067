"""Random scenes for training: what is in the picture, how it moves, and how much of it stays still."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import skia

from export.cels.character import Acting, Looks, person
from export.cels.effects import random_effects
from export.cels.rig import Joint, Motion, Sway, Vector, parameters
from export.cels.scene import Piece, Scene, Sketch
from export.cels.shapes import bezier, blob, ellipse, ink_line, polygon, ridge, smooth, star
from export.cels.textures import TILE_COUNT, Texture, colour, palette

#: Every scene is at its composed place in the middle of this interval.
CENTRE_FRAME = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix:
    """How often and how fast things move in random scenes, and how they are painted."""

    still_ground: float = 0.5
    """Share of scenes whose background is at rest."""
    still_piece: float = 0.25
    """Share of things in front that only go with the background or rest on the screen."""
    slowest_px: float = 0.04
    """Slowest movement in scene units a frame, above exact rest."""
    fastest_px: float = 26.0
    """Fastest movement in scene units a frame."""
    overlay: float = 0.2
    """Share of scenes with lettering fixed on the screen."""
    effects: float = 0.0
    """Share of scenes with effects over them: glow, focus lines, a logo, credits."""
    quick: bool = False
    """Whether painted surfaces are looked up once, not twice."""
    plain: float = 0.0
    """Share of scenes without painted surfaces: flat colours, gradients, and pen strokes on them."""


def _velocity(rng: np.random.Generator, mix: Mix, still: float, *, limit: float = 1.0) -> Vector:
    if rng.random() < still:
        return np.zeros(2)
    speed = math.exp(rng.uniform(math.log(mix.slowest_px), math.log(mix.fastest_px * limit)))
    angle = rng.choice([0.0, math.pi, rng.uniform(0, 2 * math.pi)])
    return speed * np.array([math.cos(angle), math.sin(angle)])


def _passing(place: Vector, drift: Vector) -> Motion:
    """Move steadily so that `place` is reached in the middle of the scene's central interval."""
    return Sway(rest=place - drift * (CENTRE_FRAME + 0.5), drift=drift)


def _turning(rng: np.random.Generator, speed: float, size: float) -> Vector:
    """Return a random slow change of angle, size and slant that moves a thing's edge about as fast as `speed`."""
    rate = speed / max(size, 1.0)
    kinds = rng.random(3) < (0.35, 0.3, 0.15)
    turn, grow, lean = rng.normal(0, 0.5, 3) * min(rate, 0.25) * kinds
    return parameters(angle=turn, log_width=grow, log_height=grow, shear=lean)


def _camera(rng: np.random.Generator, mix: Mix, size: Vector) -> Motion:
    """Return the motion of the background under the camera: rest, pan, zoom, roll, or shake."""
    velocity = _velocity(rng, mix, mix.still_ground)
    speed = float(np.hypot(*velocity))
    drift = parameters(*velocity)
    if speed:
        drift = drift + _turning(rng, speed, float(size.max())) * rng.choice([0.0, 0.5])
    return _passing(parameters(*(size / 2)), drift)


def everywhere() -> skia.Path:
    """Return a square that no camera leaves."""
    return skia.Path.Rect(skia.Rect.MakeLTRB(-1500, -1500, 1500, 1500))


def _ground(rng: np.random.Generator, camera: Motion, mix: Mix) -> Piece:
    """Paint the plane at the back; now and then tilted like a floor that comes nearer."""
    scale = math.exp(rng.uniform(math.log(0.12), math.log(0.9)))
    tilt = parameters(tilt_x=rng.normal(0, 6e-4), tilt_y=rng.normal(0, 1e-3)) if rng.random() < 0.25 else parameters()
    texture = Texture(int(rng.integers(TILE_COUNT)), scale, rng.uniform(0, 2 * math.pi), mix.quick)
    flat = Joint(motion=Sway(rest=tilt), parent=Joint(motion=camera))
    paint = _gradient(palette(rng, 4), skia.Rect.MakeWH(120, 120)) if mix.plain else texture
    return Sketch().fill(everywhere(), paint).piece(flat, everywhere())


def _gradient(colours: Vector, box: skia.Rect) -> skia.Shader:
    ends = [skia.Point(box.left(), box.top()), skia.Point(box.right(), box.bottom())]
    return skia.GradientShader.MakeLinear(ends, [colour(colours[0]), colour(colours[-1])])


def _distance(rng: np.random.Generator, camera: Motion, size: Vector, mix: Mix) -> list[Piece]:
    """Cut out ranges of hills, roofs or trees that pass at different speeds."""
    pieces, nearness = [], 1.0
    for _ in range(int(rng.integers(0, 4))):
        nearness *= rng.uniform(1.1, 2.0)
        share, base = nearness, size[1] * rng.uniform(-0.1, 0.5)

        def motion(frame: float, share: float = share, base: float = base) -> Vector:
            move = camera(frame) - camera(CENTRE_FRAME + 0.5)
            limit = min(share, mix.fastest_px / max(float(np.abs(camera(1) - camera(0))[:2].max()), 1e-6))
            return parameters(size[0] / 2, size[1] / 2 + base) + move * max(limit, 1.0)

        outline = ridge(
            rng, 9 * size[0], 4 * size[1], teeth=int(rng.integers(20, 160)), rough=size[1] * rng.uniform(0.1, 0.6)
        )
        path = smooth(outline) if rng.random() < 0.6 else polygon(outline)
        pieces.append(_patterned(rng, Joint(motion=motion), path, mix))
    return pieces


def _patterned(rng: np.random.Generator, joint: Joint, path: skia.Path, mix: Mix) -> Piece:
    """Fill an outline with a texture, a gradient or a flat colour in two tones, with or without a line."""
    sketch, colours = Sketch(), palette(rng, 4)
    box = path.getBounds()
    kind = rng.random()
    if kind < 0.5 and not mix.plain:
        scale = math.exp(rng.uniform(math.log(0.08), math.log(0.7)))
        sketch.fill(path, Texture(int(rng.integers(TILE_COUNT)), scale, rng.uniform(0, 6.3), mix.quick))
    elif 0.5 <= kind < 0.65:
        sketch.fill(path, _gradient(colours, box))
    else:
        sketch.fill(path, colour(colours[2]))
    if rng.random() < 0.5:
        shadow = skia.Path(path)
        shadow.offset(box.width() * rng.uniform(-0.4, 0.4), box.height() * rng.uniform(-0.4, 0.4))
        sketch.shade(path, shadow, colour(colours[0]), opacity=rng.uniform(0.2, 0.9))
    width = rng.uniform(0.4, 2.2) if rng.random() < 0.6 else 0.0
    if width:
        sketch.ink(path, width, colour(colours[0] * 0.4))
    return sketch.piece(joint, path, ink_width=width)


def _prop_outline(rng: np.random.Generator, radius: float) -> skia.Path:
    kind = rng.integers(5)
    if kind == 0:
        return polygon(star(radius, int(rng.integers(3, 9)), rng.uniform(0.3, 0.9)))
    if kind == 1:
        return ellipse(0, 0, radius, radius * rng.uniform(0.3, 1))
    if kind == 2:
        bar = rng.uniform(0.03, 0.4)
        return polygon(
            [(-radius, -radius * bar), (radius, -radius * bar), (radius, radius * bar), (-radius, radius * bar)]
        )
    points = blob(rng, radius, corners=int(rng.integers(4, 14)), rough=rng.uniform(0.1, 0.5))
    return smooth(points) if kind == 3 else polygon(points)


def _props(rng: np.random.Generator, camera: Motion, size: Vector, mix: Mix) -> list[Piece]:
    """Scatter things of all sizes that move on their own, singly or as a chain of limbs."""
    pieces = []
    for _ in range(int(rng.integers(0, 13))):
        radius = min(4.5 / math.sqrt(rng.uniform(0.004, 1.0)), float(size.min()) * 0.6)
        across, down = rng.uniform(-0.1, 1.1, 2) * size
        place = parameters(across, down, rng.uniform(0, 2 * math.pi))
        velocity = _velocity(rng, mix, mix.still_piece)
        drift = parameters(*velocity) + _turning(rng, float(np.hypot(*velocity)), radius)
        if rng.random() < 0.4:
            drift = drift + (camera(1) - camera(0)) * (1, 1, 0, 0, 0, 0, 0, 0)
        every = int(rng.choice([1, 1, 2, 3]))
        joint = Joint(motion=_passing(place, drift / every), every=every, offset=int(rng.integers(every)))
        pieces.append(_patterned(rng, joint, _prop_outline(rng, radius), mix))
        if rng.random() < 0.3:
            swing = _turning(rng, rng.uniform(0, 6), radius)
            limb = Joint(
                motion=_passing(parameters(radius * 0.8, 0), swing), parent=joint, every=every, offset=joint.offset
            )
            pieces.append(_patterned(rng, limb, _prop_outline(rng, radius * 0.7), mix))
    return pieces


def _dressed(rng: np.random.Generator) -> Looks:
    """Choose colours and proportions of a person."""
    skin, hair, cloth, eyes = (palette(rng, 5) for _ in range(4))
    if rng.random() < 0.7:
        base = np.array([250, 222, 205]) * rng.uniform(0.55, 1.02)
        skin = np.clip(np.stack([base * share for share in (0.6, 0.7, 0.8, 0.86, 1.0)]), 0, 255)
    return Looks(
        skin=colour(skin[4]), skin_shade=colour(skin[3]),
        hair=colour(hair[2]), hair_shade=colour(hair[1]), hair_light=colour(hair[4]),
        iris=colour(eyes[2]), iris_dark=colour(eyes[0]),
        cloth=colour(cloth[4]), cloth_shade=colour(cloth[2]), collar=colour(cloth[0]), ribbon=colour(eyes[3]),
        ink=colour(hair[0] * 0.5), line_width=rng.uniform(0.02, 0.09),
        hair_length=rng.uniform(0.6, 2.4), strands=int(rng.integers(4, 9)),
    )  # fmt: skip


def _acting(rng: np.random.Generator, strength: float) -> Acting:
    """Choose what a person does: each part moves or rests by chance; `strength` is in heads a frame."""

    def act(chance: float, **amounts: float) -> Motion:
        if rng.random() > chance:
            return Sway()
        drift = parameters(**{name: rng.normal(0, amount) for name, amount in amounts.items()})
        return _passing(parameters(), drift)

    def flap(rest: float, swing: float, period: float) -> Motion:
        heights = (parameters(log_height=height) for height in (rest, swing))
        return Sway(rest=next(heights), swing=next(heights), period_frames=period, phase=rng.random())

    turn = min(strength, 0.3)
    return Acting(
        head=act(0.5, angle=turn / 2, x=strength / 4, y=strength / 4),
        blink=flap(-0.3, 0.4, 6) if rng.random() < 0.3 else Sway(),
        gaze=act(0.3, x=0.04),
        mouth=flap(-0.5, 0.8, 5) if rng.random() < 0.6 else Sway(rest=parameters(log_height=rng.uniform(-2, 0.3))),
        arms=(act(0.6, angle=turn), act(0.6, angle=turn)),
        forearms=(act(0.6, angle=turn * 1.5), act(0.6, angle=turn * 1.5)),
        wind=act(0.6, angle=turn / 3, shear=turn / 4),
        every=int(rng.choice([1, 2, 2, 3])),
        mouth_every=int(rng.choice([1, 2, 3])),
    )  # fmt: skip


def _people(rng: np.random.Generator, size: Vector, mix: Mix) -> list[Piece]:
    pieces = []
    for _ in range(int(rng.choice([0, 0, 1, 1, 2]))):
        head = math.exp(rng.uniform(math.log(5), math.log(45))) * float(size.min()) / 96
        velocity = _velocity(rng, mix, 0.5, limit=0.6)
        place = rng.uniform(0.15, 0.85, 2) * size + (0, 1.9 * head)
        size_log = math.log(head)
        pose = parameters(place[0], place[1], rng.normal(0, 0.3), size_log, size_log)
        carrier = Joint(motion=_passing(pose, parameters(*velocity)))
        strength = math.exp(rng.uniform(math.log(0.1), math.log(10.0))) / head
        pieces += person(_dressed(rng), _acting(rng, strength), carrier)
    return pieces


def _sparks(rng: np.random.Generator, size: Vector, mix: Mix) -> list[Piece]:
    """Let snow fall, petals drift or speed lines race over the picture."""
    if rng.random() < 0.75:
        return []
    pieces, tint, wind = [], colour(palette(rng, 3)[2]), _velocity(rng, mix, 0.0)
    line = rng.random() < 0.4
    for _ in range(int(rng.integers(3, 22))):
        across, down = rng.uniform(0, 1, 2) * size
        place = parameters(across, down, rng.uniform(0, 6.3) * (not line))
        length = rng.uniform(4, 40)
        path = (
            ink_line(np.linspace((-length, 0), (length, 0.1), 5), rng.uniform(0.5, 2))
            if line
            else ellipse(0, 0, rng.uniform(0.7, 3), 1)
        )
        own = wind * rng.uniform(0.6, 1.4)
        joint = Joint(motion=_passing(place, parameters(*own)))
        pieces.append(Sketch().fill(path, tint).piece(joint, path))
    return pieces


def _strokes(rng: np.random.Generator, camera: Motion, size: Vector) -> list[Piece]:
    """Draw with a pen on what is there: single strokes and hatching, thin at their ends."""
    pieces = []
    for _ in range(int(rng.integers(0, 9))):
        place, length = rng.uniform(0, 1, 2) * size, math.exp(rng.uniform(math.log(4), math.log(50)))
        bend, width = rng.normal(0, 0.25, 2) * length, math.exp(rng.uniform(math.log(0.3), math.log(2.0)))
        apart, taper = rng.uniform(1.5, 5) * width, float(rng.choice([0.1, 0.4, 1.0]))
        sketch, cover = Sketch(), skia.Path()
        for row in range(int(rng.choice([1, 1, 1, 3, 6]))):
            points = bezier((0, 0), (length / 3, bend[0]), (length * 2 / 3, bend[1]), (length, 0))
            beside = np.array([rng.normal(0, apart / 4), row * apart])
            cover.addPath(ink_line(points + beside, width, taper=taper))
        sketch.fill(cover, colour(palette(rng, 4)[int(rng.choice([0, 0, 0, 3]))] * 0.5))
        across, down = place - size / 2
        turned = Joint(motion=Sway(rest=parameters(across, down, rng.uniform(0, 6.3))), parent=Joint(motion=camera))
        pieces.append(sketch.piece(turned, cover))
    return pieces


def lettering(rng: np.random.Generator, size: Vector, *, lines: int = 1) -> list[Piece]:
    """Write strokes that look like a subtitle at the foot of the picture, fixed on the screen."""
    sketch, cover = Sketch(), skia.Path()
    height = float(size[1]) * rng.uniform(0.045, 0.09)
    letters = int(rng.integers(5, 16))
    for line in range(lines):
        left = float(size[0]) / 2 - letters * height * 0.42
        for letter in range(letters):
            corner = np.array([left + letter * height * 0.84, float(size[1]) * 0.9 - line * height * 1.5])
            for _ in range(int(rng.integers(2, 4))):
                cover.addPath(ink_line(corner + rng.uniform(0, 0.7, (3, 2)) * height, height * 0.16, taper=0.7))
    sketch.ink(cover, height * 0.16, 0xFF101010).fill(cover, 0xFFFFFFFF)
    return [sketch.piece(Joint(), cover, ink_width=height * 0.16)]


def random_scene(seed: int, *, width: float = 96.0, height: float = 96.0, mix: Mix | None = None) -> Scene:
    """Compose a scene from a seed.

    The same seed gives the same scene everywhere. Its composed moment is the middle of the interval from
    CENTRE_FRAME to the next; further away, fast things have left the picture.

    Args:
        seed: Any integer from 0 up.
        width: Width in scene units; speeds are in them.
        height: Height in scene units.
        mix: How often and how fast things move.
    """
    mix = mix or Mix()
    rng = np.random.default_rng([19, seed])
    size = np.array([width, height])
    camera = _camera(rng, mix, size)
    # From sources of their own, so that a seed's scene is otherwise the same with and without them.
    pen, own = np.random.default_rng([31, seed]), np.random.default_rng([29, seed])
    mix = replace(mix, plain=float(pen.random() < mix.plain))
    pieces = [_ground(rng, camera, mix), *_distance(rng, camera, size, mix)]
    groups = [_props(rng, camera, size, mix), _people(rng, size, mix)]
    for index in rng.permutation(2):
        pieces += groups[index]
    pieces += _strokes(pen, camera, size) if mix.plain else []
    pieces += _sparks(rng, size, mix)
    if rng.random() < mix.overlay:
        pieces += lettering(rng, size)
    if own.random() < mix.effects:
        pieces += random_effects(own, size)
    return Scene(width=width, height=height, pieces=pieces)
