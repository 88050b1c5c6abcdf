"""IAM: the account's root has the keys of this run only, and a role's keys are secret.

MiniStack lets `test`, every account id and the keys of its own environment act as root, with any signature.
It derives the keys of a role's session from the names of the function and the role.
"""

import os
import secrets

from hippo_local.emulator.ministack import load, patch
from hippo_local.keys import AccessKeys

_evaluator = load("core.iam_evaluator")
_lambda = load("services.lambda_svc")
_runtime = load("core.lambda_runtime")
_sts = load("services.sts")


def install(keys: AccessKeys) -> None:
    """Patch MiniStack so that `keys` alone are root's, and sessions' keys are secret."""
    # MiniStack looks root's secret up here. Functions get their role's keys instead; tasks inherit nothing.
    os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = keys.id, keys.secret

    def is_root(access_key_id: str) -> bool:
        # MiniStack's own calls between services have no key; requests without one do not get this far
        # (hippo_local.emulator.gate).
        return not access_key_id or access_key_id == keys.id

    patch(_evaluator, "is_root_access_key", is_root)
    patch(_sts, "is_root_access_key", is_root)
    salt = secrets.token_hex(32)
    plain_credentials = patch(_runtime, "execution_credentials", None)

    def execution_credentials(config: dict[str, object]) -> dict[str, str]:
        # Everything is derived from a hash of this ARN, which may end in a qualifier.
        found: dict[str, str] = plain_credentials(
            {**config, "FunctionArn": f"{config.get('FunctionArn', '')}:{salt}"}
        )
        return found

    patch(_runtime, "execution_credentials", execution_credentials)
    patch(_lambda, "execution_credentials", execution_credentials)
