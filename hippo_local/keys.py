"""The administrator's access keys of one run of the emulator: random, so that they cannot be guessed."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

# The variables in which the emulator receives its administrator's keys. A command line would show them to
# other users of the machine.
_ID_VARIABLE, _SECRET_VARIABLE = "HIPPO_EMULATOR_ACCESS_KEY_ID", "HIPPO_EMULATOR_SECRET_ACCESS_KEY"
# RFC 4648's base32, of which AWS makes its key ids.
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ID_LETTERS = 16
_SECRET_BYTES = 30  # 40 characters, as AWS's own


@dataclass(frozen=True)
class AccessKeys:
    """The id and the secret of an access key."""

    id: str
    secret: str = field(repr=False)


def make_keys() -> AccessKeys:
    """Return new random keys."""
    key_id = "AKIA" + "".join(secrets.choice(_LETTERS) for _ in range(_ID_LETTERS))
    return AccessKeys(key_id, secrets.token_urlsafe(_SECRET_BYTES))


def read_keys(environment: Mapping[str, str]) -> AccessKeys:
    """Return the keys that the emulator was started with, or new ones, which stay unknown."""
    key_id, secret = environment.get(_ID_VARIABLE, ""), environment.get(_SECRET_VARIABLE, "")
    return AccessKeys(key_id, secret) if key_id and secret else make_keys()


def make_key_variables(keys: AccessKeys) -> dict[str, str]:
    """Return the variables that give the emulator these keys."""
    return {_ID_VARIABLE: keys.id, _SECRET_VARIABLE: keys.secret}
