"""What the tool brings along besides its code: the example study, in a checkout or installed."""

from pathlib import Path

from hippo_cli.errors import MachineError

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent


def find_example() -> Path:
    """The folder of the study to copy."""
    for path in (_PACKAGE / "example", _CHECKOUT / "examples" / "mountain_car"):
        if (path / "config.yml").is_file():
            return path
    raise MachineError("the example study is missing from this installation", "Install the tool again.")
