"""The state of an interrupted withdrawal for the next run: when it began and how much data there was.

Without it, a run that was interrupted late would never have a receipt. The next run would find no data and
could not tell a withdrawn participant from an unknown one.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hippo_cli.errors import MachineError

_PART = ".part"


class InterruptedRun:
    """A hidden file next to the receipt until that is written. Only its name is derived from the id.

    Anyone who can write into the folder can forge it, so it must never decide what is deleted.
    """

    def __init__(self, folder: Path, project_id: str, user_id: str) -> None:
        name = hashlib.sha256(f"{project_id}/{user_id}".encode()).hexdigest()[:16]
        self.path = folder / f".withdrawal-{name}.unfinished"

    def read(self) -> dict[str, Any] | None:
        """Return the state of an earlier run, or None if no run was interrupted in this folder."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return {"begun": str(content["begun"]), "deleted": dict(content["deleted"])}
        return None

    def keep(self, receipt: Mapping[str, Any]) -> None:
        """Write the state, before anything is deleted. Raises MachineError if that fails."""
        part = self.path.with_name(self.path.name + _PART)
        try:
            part.unlink(missing_ok=True)
            with part.open("x", encoding="utf-8") as file:  # never through a link that someone has put there
                json.dump({key: receipt[key] for key in ("begun", "deleted")}, file)
            part.replace(self.path)
        except OSError as error:
            raise MachineError(
                f"{self.path}: cannot be written ({error.strerror})",
                "Nothing was deleted. Free some space and run the same command again.",
            ) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the state, once the receipt is written."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


def merge_receipts(receipt: dict[str, Any], earlier: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return one receipt for all runs: it starts with the first run and counts the data found then."""
    if earlier is None:
        return receipt
    before = {name: count for name, count in earlier["deleted"].items() if isinstance(count, int)}
    counts = {name: max(count, before.get(name, 0)) for name, count in receipt["deleted"].items()}
    return {**receipt, "begun": earlier["begun"], "deleted": counts}
