"""Photos of the demo's listings: simple scenes, drawn, the same every time."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

SIZE = (1600, 1200)
# Drawn larger and made smaller: edges come out smooth.
_OVERSAMPLING = 2
_QUALITY = 85

Colour = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one house, and of its day."""

    sky: tuple[Colour, Colour]
    wall: Colour
    roof: Colour
    wood: Colour
    leaf: Colour
    cloth: Colour


PALETTES = (
    Palette(
        ((120, 185, 230), (228, 242, 250)),
        (250, 246, 238),
        (190, 104, 72),
        (150, 106, 70),
        (96, 140, 88),
        (222, 170, 96),
    ),
    Palette(
        ((252, 196, 140), (255, 236, 208)),
        (244, 232, 214),
        (122, 92, 84),
        (124, 86, 58),
        (122, 140, 82),
        (166, 92, 84),
    ),
    Palette(
        ((156, 190, 210), (236, 240, 240)),
        (222, 228, 228),
        (78, 92, 104),
        (176, 138, 98),
        (84, 124, 104),
        (92, 128, 152),
    ),
    Palette(
        ((104, 172, 196), (214, 238, 236)),
        (255, 252, 246),
        (94, 122, 126),
        (166, 124, 88),
        (72, 132, 110),
        (226, 142, 112),
    ),
)


class Canvas:
    """A picture to draw on, in shares of its width and height from 0 to 100."""

    def __init__(self, palette: Palette, random: Random) -> None:
        self.palette, self.random = palette, random
        self.width, self.height = (side * _OVERSAMPLING for side in SIZE)
        self.image = Image.new("RGB", (self.width, self.height))
        self.draw = ImageDraw.Draw(self.image)

    def at(self, x: float, y: float) -> Point:
        """A place in pixels."""
        return x * self.width / 100, y * self.height / 100

    def gradient(self, top: Colour, bottom: Colour, y0: float, y1: float) -> None:
        """A band over the whole width that turns from one colour into another."""
        strip = Image.new("RGB", (1, 2))
        strip.putdata([top, bottom])
        first, last = (round(self.at(0, y)[1]) for y in (y0, y1))
        band = strip.resize((1, last - first), Image.Resampling.BILINEAR)
        self.image.paste(band.resize((self.width, last - first)), (0, first))

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Colour, r: float = 0) -> None:
        """A rectangle, its corners rounded by `r` hundredths of the width."""
        corners = [*self.at(x0, y0), *self.at(x1, y1)]
        self.draw.rounded_rectangle(corners, r * self.width / 100, fill)

    def shape(self, fill: Colour, *points: Point) -> None:
        """A polygon."""
        self.draw.polygon([self.at(*point) for point in points], fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour, flat: float = 1) -> None:
        """A circle of so many hundredths of the width; `flat` below 1 presses it."""
        (px, py), rx = self.at(x, y), radius * self.width / 100
        self.draw.ellipse([px - rx, py - rx * flat, px + rx, py + rx * flat], fill)

    def jpeg(self) -> bytes:
        """The finished picture."""
        out = io.BytesIO()
        self.image.reduce(_OVERSAMPLING).save(out, "JPEG", quality=_QUALITY)
        return out.getvalue()


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """`colour` with a share of the other in it."""
    r, g, b = (round(a + (z - a) * share) for a, z in zip(colour, other, strict=True))
    return r, g, b


WHITE: Colour = (255, 255, 255)
NIGHT: Colour = (30, 36, 48)


def front(on: Canvas) -> None:
    """The house from its garden."""
    p = on.palette
    on.gradient(*p.sky, 0, 70)
    on.disc(82, 20, 5, mixed(p.sky[1], WHITE, 0.7))
    _hills(on)
    on.gradient(mixed(p.leaf, WHITE, 0.25), p.leaf, 68, 100)
    _tree(on, 12, 70, 11)
    _tree(on, 90, 72, 8)
    on.box(24, 46, 78, 76, p.wall)
    on.shape(p.roof, (20, 46), (34, 30), (68, 30), (82, 46))
    on.box(24, 46, 78, 47.6, mixed(p.wall, NIGHT, 0.18))
    for x in (29, 40, 64):
        _window(on, x, 53, 8, 13)
    on.box(53, 54, 60.5, 76, p.wood, 0.4)
    on.disc(59.2, 66, 0.4, mixed(p.wood, WHITE, 0.7))
    on.shape(mixed(p.wall, p.wood, 0.2), (53, 76), (60.5, 76), (70, 100), (42, 100))
    for x in range(26, 80, 6):
        if not 49 < x < 65:
            on.disc(x, 77, 2.6, mixed(p.leaf, NIGHT, 0.22), 0.7)


def pool(on: Canvas) -> None:
    """The terrace with the pool."""
    p = on.palette
    on.gradient(*p.sky, 0, 60)
    _hills(on)
    on.gradient(mixed(p.leaf, WHITE, 0.15), p.leaf, 58, 66)
    on.gradient(mixed(p.wall, WHITE, 0.3), mixed(p.wall, p.wood, 0.2), 64, 100)
    _water(on)
    on.box(0, 24, 17, 70, p.wall)
    on.box(0, 21, 19, 25, p.roof)
    _window(on, 4, 34, 9, 30)
    for x in (38, 54):
        _lounger(on, x)
    on.box(70.4, 42, 71.1, 71, p.wood)
    on.shape(p.cloth, (58, 47), (70.7, 37), (84, 47))
    on.shape(mixed(p.cloth, WHITE, 0.35), (66.5, 47), (70.7, 37), (75, 47))
    _tree(on, 95, 64, 9)


def _water(on: Canvas) -> None:
    water, deep = (128, 208, 222), (52, 150, 180)
    edge = mixed(on.palette.wall, NIGHT, 0.12)
    on.shape(edge, (18, 72), (90, 72), (104, 98), (2, 98))
    on.shape(deep, (20, 73.5), (88, 73.5), (101, 96), (5, 96))
    on.shape(water, (20, 74.8), (88, 74.8), (101, 97.4), (5, 97.4))
    for row in range(6):
        x, y = on.random.uniform(14, 70), 78 + row * 3.2
        on.box(x, y, x + on.random.uniform(8, 18), y + 0.5, mixed(water, WHITE, 0.55), 0.3)


def living_room(on: Canvas) -> None:
    """The living room, with a window to the garden."""
    p = on.palette
    _room(on)
    _garden_window(on)
    on.disc(50, 91, 32, mixed(p.cloth, WHITE, 0.72), 0.28)
    _sofa(on)
    on.box(36, 84, 60, 86.4, p.wood, 0.6)
    for x in (38, 57):
        on.box(x, 86, x + 1, 93, mixed(p.wood, NIGHT, 0.25))
    _plant(on, 82, 82)
    on.box(12.6, 36, 13.2, 80, p.wood)
    on.shape(mixed(p.wall, p.cloth, 0.3), (8.5, 38), (10.5, 28), (15.5, 28), (17.5, 38))


def _garden_window(on: Canvas) -> None:
    p = on.palette
    frame, trees = mixed(p.wood, WHITE, 0.2), mixed(p.leaf, WHITE, 0.3)
    on.box(30, 14, 70, 52, frame, 0.4)
    on.box(31.5, 16, 68.5, 50, p.sky[1])
    ridge = ((31.5, 42), (44, 36), (58, 43), (68.5, 38))
    on.shape(trees, (31.5, 50), *ridge, (68.5, 50))
    on.box(49.5, 16, 50.5, 50, frame)
    for left, right in ((26, 32.5), (67.5, 74)):
        on.box(left, 10, right, 62, mixed(p.cloth, WHITE, 0.6), 0.4)


def _sofa(on: Canvas) -> None:
    cloth = on.palette.cloth
    on.box(22, 62, 66, 78, mixed(cloth, NIGHT, 0.12), 1.6)
    on.box(24, 56, 64, 70, cloth, 1.4)
    for x, share in ((28, 0.55), (40, 0.75), (53, 0.4)):
        on.box(x, 59, x + 8, 69, mixed(cloth, WHITE, share), 1.1)


def kitchen(on: Canvas) -> None:
    """The kitchen with its island."""
    p = on.palette
    _room(on)
    _cupboards(on)
    for lamp in (24, 50, 76):
        foot = 20 if lamp == 50 else 35
        on.box(lamp - 0.15, 0, lamp + 0.15, foot, NIGHT)
        on.disc(lamp, foot, 2.6, p.cloth, 0.8)
    on.box(18, 70, 82, 74, mixed(p.wall, WHITE, 0.6), 0.4)
    on.box(20, 74, 80, 96, p.wood)
    for board in range(26, 80, 6):
        on.box(board, 74, board + 0.3, 96, mixed(p.wood, NIGHT, 0.2))
    on.disc(40, 68.6, 5, mixed(p.cloth, WHITE, 0.5), 0.35)
    for x, colour in ((37.5, p.roof), (40.5, p.cloth), (43, p.leaf)):
        on.disc(x, 67, 1.7, colour)


def _cupboards(on: Canvas) -> None:
    p = on.palette
    doors = mixed(p.roof, WHITE, 0.62)
    on.box(6, 12, 94, 30, doors, 0.4)
    on.box(6, 48, 94, 50.5, mixed(p.wood, WHITE, 0.35))
    on.box(6, 50.5, 94, 72, doors)
    for x in range(17, 94, 11):
        on.box(x, 12, x + 0.35, 30, mixed(doors, NIGHT, 0.15))
        on.box(x, 50.5, x + 0.35, 72, mixed(doors, NIGHT, 0.15))
    on.box(40, 30, 60, 33, mixed(NIGHT, WHITE, 0.4))
    on.box(42, 46.8, 58, 48, NIGHT, 0.2)


def bedroom(on: Canvas) -> None:
    """The bedroom."""
    p = on.palette
    _room(on)
    on.box(20, 34, 80, 66, mixed(p.wood, WHITE, 0.15), 1)
    on.box(22, 60, 78, 92, mixed(p.wall, WHITE, 0.7), 1.4)
    for x in (27, 52):
        on.box(x, 54, x + 21, 66, WHITE, 1.6)
    on.box(21, 72, 79, 94, p.cloth, 1.4)
    on.box(21, 72, 79, 76, mixed(p.cloth, WHITE, 0.45), 1)
    for x in (6, 84):
        on.box(x, 70, x + 10, 88, p.wood, 0.5)
        on.box(x + 4.6, 60, x + 5.4, 70, NIGHT)
        on.shape(
            mixed(p.cloth, WHITE, 0.55), (x + 1.5, 60), (x + 3, 50), (x + 7, 50), (x + 8.5, 60)
        )
    on.box(40, 10, 60, 27, mixed(p.wood, NIGHT, 0.2), 0.2)
    on.box(41, 11.4, 59, 25.6, p.sky[1])
    on.shape(p.leaf, (41, 25.6), (46, 17), (51, 22), (55, 16), (59, 25.6))


def _room(on: Canvas) -> None:
    wall = mixed(on.palette.wall, WHITE, 0.35)
    on.gradient(mixed(wall, NIGHT, 0.05), wall, 0, 72)
    floor = mixed(on.palette.wood, WHITE, 0.45)
    on.gradient(floor, mixed(floor, NIGHT, 0.12), 72, 100)
    for x in range(-40, 141, 14):
        on.shape(
            mixed(floor, NIGHT, 0.1),
            (50 + (x - 50) * 0.6, 72),
            (50 + (x - 50) * 0.6 + 0.2, 72),
            (x + 0.4, 100),
            (x, 100),
        )
    on.box(0, 71, 100, 72.4, mixed(wall, WHITE, 0.8))


def _hills(on: Canvas) -> None:
    far = mixed(on.palette.leaf, on.palette.sky[1], 0.62)
    on.shape(far, (0, 70), (0, 55), (22, 44), (45, 56), (70, 42), (100, 56), (100, 70))
    near = mixed(on.palette.leaf, on.palette.sky[1], 0.38)
    on.shape(near, (0, 70), (0, 62), (30, 55), (62, 63), (100, 54), (100, 70))


def _window(on: Canvas, x: float, y: float, width: float, height: float) -> None:
    p = on.palette
    on.box(x - 0.7, y - 1, x + width + 0.7, y + height + 1, mixed(p.wall, WHITE, 0.8))
    glass = mixed(p.sky[0], NIGHT, 0.25)
    on.box(x, y, x + width, y + height, glass)
    on.shape(
        mixed(glass, WHITE, 0.3),
        (x, y + height),
        (x, y + height * 0.45),
        (x + width, y),
        (x + width, y + height * 0.35),
    )
    on.box(x + width / 2 - 0.2, y, x + width / 2 + 0.2, y + height, mixed(p.wall, WHITE, 0.8))


def _tree(on: Canvas, x: float, foot: float, radius: float) -> None:
    p = on.palette
    on.box(x - radius * 0.09, foot - radius, x + radius * 0.09, foot + 2, mixed(p.wood, NIGHT, 0.2))
    for _ in range(7):
        dx, dy = on.random.uniform(-0.5, 0.5), on.random.uniform(-0.6, 0.4)
        shade = mixed(p.leaf, NIGHT, on.random.uniform(0.05, 0.25))
        on.disc(x + dx * radius, foot - radius * (2 + dy), radius * 0.62, shade)


def _plant(on: Canvas, x: float, foot: float) -> None:
    p = on.palette
    for angle in (-6, -3.4, 0, 3.4, 6):
        tip = (x + angle * 1.1, foot - 30 + abs(angle) * 1.6)
        on.shape(
            mixed(p.leaf, NIGHT, 0.05 * abs(angle)),
            (x, foot - 8),
            (x + angle * 0.2, foot - 20),
            tip,
            (x + angle * 0.75, foot - 16),
        )
    on.shape(
        mixed(p.roof, WHITE, 0.15),
        (x - 4, foot - 8),
        (x + 4, foot - 8),
        (x + 3, foot + 3),
        (x - 3, foot + 3),
    )


def _lounger(on: Canvas, x: float) -> None:
    p = on.palette
    on.shape(
        mixed(p.cloth, WHITE, 0.55),
        (x, 69),
        (x + 9, 69),
        (x + 12, 63.5),
        (x + 10.6, 63),
        (x + 8, 67.2),
        (x, 67.2),
    )
    on.box(x + 1, 69, x + 1.5, 71.4, p.wood)
    on.box(x + 8.4, 69, x + 8.9, 71.4, p.wood)


SCENES: dict[str, Callable[[Canvas], None]] = {
    "front": front,
    "pool": pool,
    "living-room": living_room,
    "kitchen": kitchen,
    "bedroom": bedroom,
}


def picture(scene: str, number: int) -> bytes:
    """One scene of house `number` as a JPEG; the same for the same two."""
    canvas = Canvas(PALETTES[number % len(PALETTES)], Random(f"{scene} {number}"))  # noqa: S311 - no secret
    SCENES[scene](canvas)
    return canvas.jpeg()
