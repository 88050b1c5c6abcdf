"""The game: a gymnasium environment and the picture of its state."""

import io
from dataclasses import dataclass

import gymnasium
import numpy
from PIL import Image
from scene import MountainCarScene
from settings import SettingsError, TrialSettings

JPEG_QUALITY = 80


@dataclass(frozen=True)
class Outcome:
    """The result of a step; `terminated` if the goal was reached, `truncated` if no steps are left."""

    observation: list[float]
    reward: float
    terminated: bool
    truncated: bool


class Environment:
    """An environment, stepped by action code. MountainCar is drawn here, and any other draws itself."""

    def __init__(self, settings: TrialSettings) -> None:
        self._scene = MountainCarScene() if settings.game.startswith("MountainCar-") else None
        try:
            self._env = gymnasium.make(
                settings.game,
                render_mode=None if self._scene else "rgb_array",
                max_episode_steps=settings.max_steps,
            )
        except gymnasium.error.Error as error:
            raise SettingsError(
                f"game: {settings.game!r} cannot be created ({error}). Use an installed environment's id."
            ) from error
        codes = getattr(self._env.action_space, "n", None)
        if codes != len(settings.action_space):
            raise SettingsError(
                f"actionSpace: {settings.game} has {codes or 'no countable'} actions, "
                f"{len(settings.action_space)} are listed. List one word for each code, from 0 on."
            )
        self._observation: list[float] = []

    @property
    def max_steps(self) -> int | None:
        """The largest number of steps of an episode, or None for no limit."""
        return self._env.spec.max_episode_steps if self._env.spec else None

    def reset(self) -> list[float]:
        """Begin an episode; return the first observation as a flat list."""
        observation, _ = self._env.reset()
        self._observation = _flatten(observation)
        return self._observation

    def step(self, code: int) -> Outcome:
        """Take one step with the action of this code."""
        observation, reward, terminated, truncated, _ = self._env.step(code)
        self._observation = _flatten(observation)
        return Outcome(self._observation, float(reward), bool(terminated), bool(truncated))

    def draw_frame(self, caption: str = "") -> bytes:
        """Return the state as a JPEG picture; only MountainCar's shows the caption."""
        if self._scene:
            image = self._scene.draw(self._observation[0], caption)
        else:
            image = Image.fromarray(numpy.asarray(self._env.render(), dtype=numpy.uint8))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=JPEG_QUALITY)
        return buffer.getvalue()

    def close(self) -> None:
        """Release the resources of the environment."""
        self._env.close()


def _flatten(observation: object) -> list[float]:
    return [float(value) for value in numpy.asarray(observation).ravel()]
