"""What a withdrawal that is broken off leaves for the next run: when it began, and how much there was.

Without it a run that was broken off late would have no receipt: the next one finds nothing any more, and
cannot tell that from somebody who was never there.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hippo_cli.errors import MachineError

_PART = ".part"


class Unfinished:
    """A hidden file beside the receipt, until that is written; only its name is made of the id."""

    def __init__(self, folder: Path, project_id: str, user_id: str) -> None:
        name = hashlib.sha256(f"{project_id}/{user_id}".encode()).hexdigest()[:16]
        self._path = folder / f".withdrawal-{name}.unfinished"

    def read(self) -> dict[str, Any] | None:
        """What an earlier run has kept; None if none was broken off here."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            content = json.loads(self._path.read_text(encoding="utf-8"))
            return {"begun": str(content["begun"]), "deleted": dict(content["deleted"])}
        return None

    def keep(self, receipt: Mapping[str, Any]) -> None:
        """Before anything is deleted. Raises MachineError if there is no room."""
        part = self._path.with_name(self._path.name + _PART)
        try:
            part.write_text(json.dumps({key: receipt[key] for key in ("begun", "deleted")}), encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            raise MachineError(
                f"{self._path}: cannot be written ({error.strerror})", "Nothing was deleted; make room."
            ) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def forget(self) -> None:
        """The receipt is there."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def go_on(receipt: dict[str, Any], earlier: Mapping[str, Any] | None) -> dict[str, Any]:
    """The receipt of all runs together: from the first one's beginning, and of what there was then."""
    if earlier is None:
        return receipt
    before = earlier["deleted"]
    counts = {what: max(count, before.get(what, 0)) for what, count in receipt["deleted"].items()}
    return {**receipt, "begun": earlier["begun"], "deleted": counts}
