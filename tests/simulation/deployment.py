"""The real handlers, deployed into the simulated AWS: only their access to it is replaced.

A handler's surroundings (clients, the clock, chance, the environment, TCP) come from the current world.
Everything is restored when the deployment ends.
"""

import importlib.util
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from tests.simulation.world import World

HANDLERS = ("start_server", "stop_server", "next_step", "update_project_master_list")
BUCKET, ROOT_DOMAIN, PREFIX = "data", "games.example.org", "hippo"
START_TOPIC, STOP_TOPIC = "arn:aws:sns:simulated:0:start", "arn:aws:sns:simulated:0:stop"
ENVIRONMENT = {
    "BUCKET": BUCKET,
    "HOSTED_ZONE_ID": "Z1",
    "ROOT_DOMAIN": ROOT_DOMAIN,
    "SECURITY_GROUP": "sg-1",
    "SUBNET": "subnet-1",
    "START_SERVER_TOPIC_ARN": START_TOPIC,
    "STOP_SERVER_TOPIC_ARN": STOP_TOPIC,
    "MAX_RUNTIME": "60",
    "PREFIX": PREFIX,
}


class Deployment:
    """The handlers of this process, which serve one world after the other."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.apps = {name: _load(name) for name in HANDLERS}
        self._make_controller = self.apps["next_step"].make_controller.__wrapped__

    @contextmanager
    def install(self) -> Iterator[None]:
        """Redirect the handlers' calls to AWS to this world until the context ends."""
        chance = random.Random(0)
        ways: dict[str, Any] = {
            "make_client": self._make_client,
            "can_connect": lambda address, port, seconds=2.0: self._world.can_connect(address),
            "random": chance,
        }
        modules = [module for name, module in sys.modules.items() if name.startswith("hippo.")]
        with (
            mock.patch.dict(os.environ, ENVIRONMENT),
            _replaced([*modules, *self.apps.values()], ways),
            self._without_caches(),
        ):
            self.chance = chance
            yield

    def list_handlers(self, world: "World") -> dict[str, Callable[[dict[str, Any], Any], Any]]:
        """Return the handlers by name; from now on they see this world."""
        self.world = world
        self.chance.seed(0)
        for app in self.apps.values():
            vars(app)["CLOCK"] = world.scheduler
        handlers = {name: app.lambda_handler for name, app in self.apps.items()}
        return {**handlers, "next_step": self._respond}

    @property
    def _world(self) -> "World":
        assert self.world
        return self.world

    @contextmanager
    def _without_caches(self) -> Iterator[None]:
        """Clear what an execution environment caches; worlds keep their own caches."""
        with ExitStack() as stack:
            for app in self.apps.values():
                plain = {n: f.__wrapped__ for n, f in vars(app).items() if hasattr(f, "cache_clear")}
                stack.enter_context(_replaced([app], {**plain, "CLOCK": None}))
            makers = {"make_controller": lambda: self._world.controllers[self._world.scheduler.current]}
            stack.enter_context(_replaced([self.apps["next_step"]], makers))
            yield

    def _make_client(self, service: str, *, patient: bool = False) -> Any:
        return self._world.clients[service]

    def _respond(self, event: dict[str, Any], context: Any) -> Any:
        """Run next_step in an execution environment that is free, or in a new one."""
        world = self._world
        controller = world.idle_controllers.pop() if world.idle_controllers else self._make_controller()
        world.controllers[world.scheduler.current] = controller
        response = self.apps["next_step"].lambda_handler(event, context)
        world.idle_controllers.append(controller)  # a killed one is not used again
        return response


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"simulated_{name}", ROOT / f"functions/{name}/app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _replaced(modules: Any, ways: dict[str, Any]) -> Iterator[None]:
    kept = [(m, name, vars(m)[name]) for m in modules for name in ways if name in vars(m)]
    for module, name, _ in kept:
        setattr(module, name, ways[name])
    try:
        yield
    finally:
        for module, name, value in kept:
            setattr(module, name, value)


DEPLOYMENT = Deployment()
