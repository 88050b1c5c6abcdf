"""Files that come with the tool: the example study, in a checkout or an installed package."""

from pathlib import Path

from hippo_cli.errors import MachineError

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent


def find_example() -> Path:
    """Return the folder of the example study."""
    for path in (_PACKAGE / "example", _CHECKOUT / "examples" / "mountain_car"):
        if (path / "config.yml").is_file():
            return path
    raise MachineError("the example study is missing from this installation", "Reinstall the tool.")
