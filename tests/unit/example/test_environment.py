"""Tests of the real game and its picture."""

import io

import pytest
from environment import Environment
from PIL import Image
from scene import to_pixels
from settings import SettingsError

FLAG_POSITION = 0.5


def test_frame_is_a_jpeg_of_600_by_400(make_settings):
    """Given a new episode, its picture is a JPEG of a reasonable size."""
    environment = Environment(make_settings().trial)
    environment.reset()

    picture = environment.draw_frame()

    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size) == ("JPEG", (600, 400))
    assert len(picture) < 40_000


def test_picture_moves_with_the_car(make_settings):
    """Given steps to the right, the picture changes."""
    environment = Environment(make_settings().trial)
    environment.reset()
    before = environment.draw_frame()
    for _ in range(10):
        environment.step(2)

    assert environment.draw_frame() != before


def test_caption_is_in_the_picture(make_settings):
    """Given a caption, the picture differs from the one without."""
    environment = Environment(make_settings().trial)
    environment.reset()

    assert environment.draw_frame("Press Start") != environment.draw_frame()


def test_flag_is_near_the_upper_right_corner():
    """Given the goal, it is drawn where gymnasium has it."""
    x, y = to_pixels(FLAG_POSITION)

    assert (round(x), round(y)) == (567, 67)


def test_number_of_steps_can_be_set(make_settings):
    """Given maxSteps, the episode is truncated there and not before."""
    environment = Environment(make_settings(maxSteps=3).trial)
    environment.reset()

    assert [environment.step(1).truncated for _ in range(3)] == [False, False, True]
    assert environment.max_steps == 3


def test_own_limit_of_the_game(make_settings):
    """Given no maxSteps, the game's own limit applies."""
    assert Environment(make_settings().trial).max_steps == 200


@pytest.mark.parametrize(
    ("named", "trial"),
    [("game", {"game": "NoSuchGame-v0"}), ("actionSpace", {"actionSpace": ["left", "right"]})],
)
def test_error_names_the_setting(make_settings, named, trial):
    """Given a game that does not exist, or actions that do not match it, the error names the setting."""
    with pytest.raises(SettingsError, match=f"^{named}: "):
        Environment(make_settings(**trial).trial)
