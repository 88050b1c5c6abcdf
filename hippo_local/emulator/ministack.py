"""The only access to MiniStack: it loads modules and replaces names in them, or fails at once by name."""

import importlib
from importlib.metadata import version
from typing import Any


class EmulatorMismatchError(RuntimeError):
    """The installed MiniStack lacks a name that the local platform builds on."""

    def __init__(self, module: Any, name: str) -> None:
        super().__init__(
            f"MiniStack {version('ministack')} has no {module.__name__}.{name}, which the local platform "
            "needs. Run `make setup` to install the version that requirements/dev.txt names"
        )


def load(name: str) -> Any:
    """Return the module `ministack.<name>`, untyped because MiniStack ships no types."""
    return importlib.import_module(f"ministack.{name}")


def require(module: Any, *names: str) -> None:
    """Raise EmulatorMismatchError unless `module` has every one of `names`."""
    for name in names:
        if not hasattr(module, name):
            raise EmulatorMismatchError(module, name)


def patch(module: Any, name: str, replacement: Any) -> Any:
    """Replace `module.name` and return the original."""
    require(module, name)
    original = getattr(module, name)
    setattr(module, name, replacement)
    return original


def patch_entry(module: Any, table: str, key: str, replacement: Any) -> Any:
    """Replace an entry of a table of handlers, `module.table[key]`, and return the original."""
    require(module, table)
    entries = getattr(module, table)
    if key not in entries:
        raise EmulatorMismatchError(module, f"{table}[{key!r}]")
    original, entries[key] = entries[key], replacement
    return original
