"""Painted places: a sky with summer clouds, mountains, a town, trees, a meadow with a fence, and poles with wires."""

from __future__ import annotations

import itertools
import math

import numpy as np
import skia

from export.cels.rig import Joint
from export.cels.scene import Piece, Sketch
from export.cels.shapes import Points, blob, ellipse, ink_line, polygon, ridge, smooth


def gradient(*stops: tuple[float, int]) -> skia.Shader:
    """Return a shader that runs downwards through (height, packed colour) stops."""
    first, last = stops[0][0], stops[-1][0]
    places = [(height - first) / (last - first) for height, _ in stops]
    ends = [skia.Point(0, first), skia.Point(0, last)]
    return skia.GradientShader.MakeLinear(ends, [colour for _, colour in stops], places)


def _soft(colour: int, blur: float, *, opacity: float = 1.0) -> skia.Paint:
    paint = skia.Paint(AntiAlias=True, Color=colour, MaskFilter=skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    paint.setAlphaf(opacity)
    return paint


def sky(joint: Joint, width: float, height: float) -> Piece:
    """Paint a clear summer sky, deep above and pale at the horizon."""
    field = skia.Path.Rect(skia.Rect.MakeLTRB(-width, -height, 2 * width, 2 * height))
    tones = (-0.1, 0xFF1F5FC4), (0.25, 0xFF4A97E6), (0.5, 0xFF9FD3F4), (0.72, 0xFFE6F4EF)
    stops = [(share * height, tone) for share, tone in tones]
    return Sketch().fill(field, gradient(*stops)).piece(joint, field)


def cumulus(rng: np.random.Generator, joint: Joint, x: float, base: float, size: float) -> Piece:
    """Paint a towering cloud, `size` wide, standing on the line `base`: blue below, white where the sun falls."""
    sketch = Sketch()
    puffs = []
    for _ in range(46):
        across = rng.normal(0, 0.26)
        tower = max(0.08, 0.62 * math.exp(-6 * across * across))
        up, radius = rng.uniform(0, tower), rng.uniform(0.05, 0.12)
        puffs.append((x + across * size, base - up * size, radius * size))
    puffs.sort(key=lambda puff: puff[1])
    for left, top, radius in puffs:
        sketch.canvas.drawCircle(left, top + 0.25 * radius, radius, _soft(0xFFA9C6E8, radius * 0.10))
    for left, top, radius in puffs:
        sketch.canvas.drawCircle(left - 0.1 * radius, top, radius * 0.93, _soft(0xFFD9E8F7, radius * 0.10, opacity=0.8))
        lit = _soft(0xFFFFFFFF, radius * 0.14)
        sketch.canvas.drawCircle(left - 0.22 * radius, top - 0.2 * radius, radius * 0.72, lit)
    haze = skia.Rect.MakeLTRB(x - 0.75 * size, base - 0.06 * size, x + 0.75 * size, base + 0.1 * size)
    sketch.canvas.drawOval(haze, _soft(0xFFC9E4F6, 0.04 * size, opacity=0.9))
    return sketch.piece(joint, None)


def mountains(
    rng: np.random.Generator, joint: Joint, width: float, base: float, rough: float, colours: tuple[int, int]
) -> Piece:
    """Paint a far range, `width` wide around the origin of its joint, paler towards its foot."""
    outline = ridge(rng, width, 400, teeth=int(width / 90), rough=rough) + np.array([0, base])
    path = smooth(outline)
    return Sketch().fill(path, gradient((base - rough, colours[0]), (base + 40, colours[1]))).piece(joint, path)


def grove(
    rng: np.random.Generator, joint: Joint, width: float, base: float, size: float, colours: tuple[int, int, int]
) -> Piece:
    """Paint a row of round trees: shade, leaves, and leaves in the sun."""
    sketch, cover = Sketch(), skia.Path()
    count = int(width / (0.9 * size))
    for index in range(count):
        x = -width / 2 + (index + rng.uniform(-0.4, 0.4)) * width / count
        radius = size * rng.uniform(0.55, 1.1)
        crown = smooth(blob(rng, radius, corners=12, rough=0.12) * (1, 1.1) + (x, base - 0.5 * radius))
        cover.addPath(crown)
        sketch.fill(crown, colours[0])
        for _ in range(9):
            place = rng.normal(0, 0.38, 2) * radius + (x - 0.1 * radius, base - 0.7 * radius)
            leaf = smooth(blob(rng, radius * rng.uniform(0.16, 0.34), corners=9, rough=0.25) + place)
            sketch.shade(crown, leaf, colours[1 if rng.random() < 0.6 else 2])
    ground = skia.Path.Rect(skia.Rect.MakeLTRB(-width / 2, base - 0.3 * size, width / 2, base + 400))
    cover.addPath(ground)
    sketch.fill(ground, gradient((base - 0.3 * size, colours[0]), (base + 0.6 * size, colours[1])))
    return sketch.piece(joint, cover)


#: Walls (lit, in shade) and roofs of houses.
_WALLS = ((0xFFF6EEDD, 0xFFCDC4C6), (0xFFE9DCC3, 0xFFBFB0AE), (0xFFDDE7EA, 0xFFAAB8C6), (0xFFF3E2D4, 0xFFC8B0AA))
_ROOFS = (0xFF4D6C8C, 0xFF8A4A43, 0xFF3E5A58, 0xFF7A5B4A, 0xFF5B5F7A)


def _house(sketch: Sketch, rng: np.random.Generator, x: float, base: float, width: float) -> skia.Path:
    """Paint one house with its right wall in shade and return what it covers."""
    (lit, shade), roof = _WALLS[rng.integers(len(_WALLS))], _ROOFS[rng.integers(len(_ROOFS))]
    height, eaves = width * rng.uniform(0.7, 1.3), 0.1 * width
    top, middle = base - height, x + 0.66 * width
    sketch.fill(skia.Path.Rect(skia.Rect.MakeLTRB(x, top, middle, base)), lit)
    sketch.fill(skia.Path.Rect(skia.Rect.MakeLTRB(middle, top, x + width, base)), shade)
    peak = top - width * rng.uniform(0.22, 0.4)
    left, right, foot = x - eaves, x + width + eaves, top + 0.3 * eaves
    slope = polygon([(left, foot), (x + 0.16 * width, peak), (x + 0.8 * width, peak), (right, foot)])
    under = polygon([(left, top), (right, top), (x + width, top + eaves), (x, top + eaves)])
    sketch.fill(slope, roof).fill(under, 0xFF202840, opacity=0.33)
    columns, rows = max(2, int(width / 26)), max(1, int(height / 34))
    for row in range(rows):
        for column in range(columns):
            across, up = x + (column + 0.3) * width / columns, top + (row + 0.4) * height / rows
            pane = _box(across, up, across + 0.42 * width / columns, up + 0.42 * height / rows)
            sketch.fill(pane, 0xFF5F86A8 if rng.random() < 0.75 else 0xFFDCEFF8)
    cover = skia.Path.Rect(skia.Rect.MakeLTRB(x, top, x + width, base))
    cover.addPath(slope)
    return cover


def town(rng: np.random.Generator, joint: Joint, width: float, base: float, size: float) -> Piece:
    """Paint rows of houses, the far ones first, with trees between them."""
    sketch, cover = Sketch(), skia.Path()
    for row in range(3):
        x, scale = -width / 2, 0.6 + 0.2 * row
        while x < width / 2:
            across = size * scale * rng.uniform(0.7, 1.4)
            foot = base + row * 0.42 * size
            if rng.random() < 0.25:
                middle = np.array([x + 0.5 * across, foot - 0.25 * across])
                bush = smooth(blob(rng, 0.5 * across, corners=11, rough=0.15) + middle)
                sketch.fill(bush, (0xFF3F7F5A, 0xFF4F9460, 0xFF5FA25C)[row])
                cover.addPath(bush)
            else:
                cover.addPath(_house(sketch, rng, x, foot, across))
            x += across * rng.uniform(1.02, 1.3)
        if row < 2:
            veil = skia.Path.Rect(skia.Rect.MakeLTRB(-width / 2, base - 2 * size, width / 2, foot + 2))
            sketch.shade(cover, veil, 0xFFBFE0F0, opacity=0.22)
    return sketch.piece(joint, cover)


def meadow(rng: np.random.Generator, joint: Joint, width: float, top: float, depth: float) -> Piece:
    """Paint a slope of grass, blade by blade, with flowers."""
    edge: Points = np.stack([np.linspace(-width / 2, width / 2, 24), top + rng.normal(0, 5, 24)], axis=1)
    outline = smooth(np.concatenate([edge, [[width / 2, top + depth], [-width / 2, top + depth]]]))
    tones = gradient((top, 0xFF8CC65A), (top + 0.4 * depth, 0xFF5DA64B), (top + depth, 0xFF2F7444))
    sketch = Sketch().fill(outline, tones)
    for down in np.sort(rng.uniform(0, 1, 1500) ** 1.3):
        x, y = rng.uniform(-width / 2, width / 2), top + down * depth
        length = (10 + 46 * down) * rng.uniform(0.6, 1.3)
        blade = ink_line(bezier_blade(x, y, length, rng.normal(0.15, 0.25)), 2 + 3.5 * down)
        sketch.fill(blade, (0xFFA6D868, 0xFF6DB552, 0xFF438F49, 0xFF2C6E44)[int(min(3, rng.integers(0, 3) + down))])
    for _ in range(90):
        x, down = rng.uniform(-width / 2, width / 2), rng.uniform(0.05, 0.9)
        size = 2 + 4 * down
        sketch.fill(ellipse(x, top + down * depth, size, size), (0xFFFFFFFF, 0xFFFFE27A, 0xFFFF9FB8)[rng.integers(3)])
    return sketch.piece(joint, outline)


def bezier_blade(x: float, y: float, length: float, lean: float) -> Points:
    """Return the middle line of a blade of grass that grows from (x, y) and bends over to one side."""
    up = np.linspace(0, 1, 5)
    return np.stack([x + lean * length * up**2, y - length * up], axis=1)


def _box(left: float, top: float, right: float, bottom: float) -> skia.Path:
    return skia.Path.Rect(skia.Rect.MakeLTRB(left, top, right, bottom))


def fence(joint: Joint, width: float, base: float, height: float) -> Piece:
    """Draw a white wooden fence: two rails, pointed posts, each with its shaded side."""
    sketch, cover = Sketch(), skia.Path()
    boards = []
    for y in (base - 0.8 * height, base - 0.4 * height):
        rail = _box(-width / 2, y, width / 2, y + 9)
        boards.append((rail, _box(-width / 2, y + 6, width / 2, y + 9)))
    for x in np.arange(-width / 2, width / 2, 74.0).tolist():
        top = base - height
        post = polygon([(x, base), (x, top), (x + 8, top - 8), (x + 16, top), (x + 16, base)])
        boards.append((post, _box(x + 10, top - 8, x + 16, base)))
    for board, shadow in boards:
        sketch.fill(board, 0xFFF8F4EA).shade(board, shadow, 0xFFB9BFD2).ink(board, 1.6, 0xFF55506A)
        cover.addPath(board)
    return sketch.piece(joint, cover, ink_width=1.6)


def _wires(sketch: Sketch, left: float, right: float, base: float, height: float) -> None:
    """Hang three wires between two poles."""
    along = np.linspace(0, 1, 16)
    for drop in (0.03, 0.10, 0.17):
        sag = base - height * (1 - drop) + 4 * 26 * along * (1 - along)
        points = np.stack([left + (right - left) * along, sag], axis=1)
        sketch.ink(smooth(points, closed=False), 1.5, 0xFF41465A)


def poles(joint: Joint, width: float, base: float, height: float, *, count: int = 3) -> Piece:
    """Draw poles with sagging wires against the sky."""
    sketch, cover = Sketch(), skia.Path()
    places = np.linspace(-width / 2, width / 2, count).tolist()
    for left, right in itertools.pairwise(places):
        _wires(sketch, left, right, base, height)
    for x in places:
        beams = [base - height * up for up in (0.97, 0.9, 0.83)]
        wood = [polygon([(x - 5, base), (x - 4, base - height), (x + 4, base - height), (x + 5, base)])]
        wood += [_box(x - 46, y, x + 46, y + 6) for y in beams]
        for path in wood:
            sketch.fill(path, 0xFF7D7480).shade(path, _box(x + 1, base - height, x + 60, base), 0xFF544E60)
            cover.addPath(path)
    return sketch.piece(joint, cover)
