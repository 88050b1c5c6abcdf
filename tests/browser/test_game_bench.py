"""The frame benchmark measures what it claims; no time is asserted, because machines differ."""

import base64

from bench.frames import BURST, Drawing, format_frames_table, make_pictures, measure_frames


def test_pictures_are_as_large_as_those_of_real_games():
    """Given the pictures of the measurement, each is a JPEG of 20 to 40 KB."""
    pictures = [base64.b64decode(picture) for picture in make_pictures()]

    assert all(picture.startswith(b"\xff\xd8\xff") for picture in pictures)
    assert all(20_000 <= len(picture) <= 40_000 for picture in pictures)
    assert len(set(pictures)) == len(pictures)


def test_frames_are_counted_once_each():
    """Given two rates and a burst, no frame is drawn twice or before it was sent, and the last is drawn."""
    drawings = measure_frames((10.0, 20.0), seconds=1.0)

    assert [(drawing.rate, drawing.sent) for drawing in drawings] == [(10, 10), (20, 20), (0, BURST)]
    for drawing in drawings:
        sent = [sent for sent, _ in drawing.drawn]
        assert 1 <= len(drawing.drawn) <= drawing.sent
        assert sent == sorted(set(sent))
        assert sum(drawing.lateness) > 0


def test_table_tells_when_the_page_falls_behind():
    """Given frames that are later from second to second, the end is distinguished from the whole."""
    drawing = Drawing(2, 6, 3.0, [(0.0, 0.01), (0.5, 0.01), (1.0, 0.01), (2.0, 0.2), (2.5, 0.3)])

    assert "| 2 a second | 6 | 5 | 1.7 | 10.0 | 300.0 | 250.0 |" in format_frames_table([drawing])
