"""The picture of MountainCar, drawn from the car's position without a display or pygame."""

import math

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 600, 400
LEFT, RIGHT, GOAL = -1.2, 0.6, 0.5
PIXELS_PER_UNIT = WIDTH / (RIGHT - LEFT)
# Pictures are drawn larger, then reduced: otherwise Pillow's shapes have hard edges.
SMOOTHING = 3

SKY_TOP, SKY_BOTTOM = (186, 220, 244), (244, 250, 253)
GRASS, EARTH = (92, 158, 92), (132, 188, 118)
BODY, CABIN, WINDOW, WHEEL = (204, 62, 52), (226, 92, 78), (222, 240, 250), (44, 48, 56)
POLE, FLAG, CAPTION = (90, 90, 98), (250, 190, 40), (30, 40, 52)


class MountainCarScene:
    """A painter of frames of 600 × 400 pixels; the parts that never move are drawn only once."""

    def __init__(self) -> None:
        self._landscape = _draw_landscape()
        self._car = _draw_car()
        self._font = ImageFont.load_default(size=30)

    def draw(self, position: float, caption: str = "") -> Image.Image:
        """Draw the car at `position` (from -1.2 to 0.6, the flag is at 0.5) with a caption above, if any."""
        frame = self._landscape.copy()
        # The slope of the hill at this position is the derivative of `height`.
        tilt = math.degrees(math.atan(1.35 * math.cos(3 * position)))
        car = self._car.rotate(tilt, resample=Image.Resampling.BICUBIC, expand=True)
        car = car.reduce(SMOOTHING)
        x, y = to_pixels(position)
        frame.paste(car, (round(x - car.width / 2), round(y - car.height / 2)), car)
        if caption:
            self._write(frame, caption)
        return frame

    def _write(self, frame: Image.Image, caption: str) -> None:
        draw = ImageDraw.Draw(frame)
        width = draw.textlength(caption, font=self._font)
        left, top = (WIDTH - width) / 2, 60
        draw.rounded_rectangle((left - 22, top - 12, left + width + 22, top + 46), 14, fill=(255, 255, 255))
        draw.text((left, top), caption, font=self._font, fill=CAPTION)


def height(position: float) -> float:
    """Return the height of the hill, as gymnasium's MountainCar-v0 defines it."""
    return math.sin(3 * position) * 0.45 + 0.55


def to_pixels(position: float) -> tuple[float, float]:
    """Return the pixels from the left and from the top of a position on the hill."""
    return (position - LEFT) * PIXELS_PER_UNIT, HEIGHT - height(position) * PIXELS_PER_UNIT


def _draw_landscape() -> Image.Image:
    size = (WIDTH * SMOOTHING, HEIGHT * SMOOTHING)
    shade = Image.linear_gradient("L").resize(size)
    image = Image.composite(Image.new("RGB", size, SKY_BOTTOM), Image.new("RGB", size, SKY_TOP), shade)
    draw = ImageDraw.Draw(image)
    _draw_flag(draw)
    steps = [LEFT + (RIGHT - LEFT) * i / 300 for i in range(301)]
    ground = [tuple(SMOOTHING * value for value in to_pixels(step)) for step in steps]
    draw.polygon([(0, size[1]), *ground, size], fill=EARTH)
    draw.line(ground, fill=GRASS, width=5 * SMOOTHING, joint="curve")
    return image.reduce(SMOOTHING)


def _draw_flag(draw: ImageDraw.ImageDraw) -> None:
    x, y = (SMOOTHING * value for value in to_pixels(GOAL))
    top = y - 54 * SMOOTHING
    draw.line((x, y, x, top), fill=POLE, width=3 * SMOOTHING)
    draw.polygon([(x, top), (x + 27 * SMOOTHING, top + 10 * SMOOTHING), (x, top + 20 * SMOOTHING)], fill=FLAG)


def _draw_car() -> Image.Image:
    # The wheels touch the ground in the middle of the sprite, so that it can rotate about that point.
    side = 80 * SMOOTHING
    image = Image.new("RGBA", (side, side), (*BODY, 0))
    draw = ImageDraw.Draw(image)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
        return tuple(SMOOTHING * (40 + value) for value in (left, top, right, bottom))

    draw.rounded_rectangle(box(-13, -33, 13, -18), 6 * SMOOTHING, fill=CABIN)
    draw.rounded_rectangle(box(-9, -29, -1, -20), 2 * SMOOTHING, fill=WINDOW)
    draw.rounded_rectangle(box(2, -29, 10, -20), 2 * SMOOTHING, fill=WINDOW)
    draw.rounded_rectangle(box(-23, -22, 23, -8), 5 * SMOOTHING, fill=BODY)
    for middle in (-13, 13):
        draw.ellipse(box(middle - 7, -14, middle + 7, 0), fill=WHEEL)
        draw.ellipse(box(middle - 3, -10, middle + 3, -4), fill=(200, 204, 210))
    return image
