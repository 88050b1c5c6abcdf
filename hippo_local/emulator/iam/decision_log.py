"""Writes down what IAM has judged: who asked, for what, on which resource, with which condition keys.

One JSON object a line, in the order of the judgements, with principal, type, action, resource, region,
context (condition keys in lower case, as MiniStack keeps them) and allowed. The root user, whom no policy
concerns, is left out.
"""

import json
import threading
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from hippo_local.emulator.ministack import load, patch

_evaluator = load("core.iam_evaluator")

# What the judgement under way was asked; a bucket's or queue's own policy is evaluated after that.
_asked: ContextVar[list[Any] | None] = ContextVar("asked", default=None)


def install(path: Path | None) -> None:
    """Write every judgement from now on to the end of a file; nothing without one."""
    if path is None:
        return
    lock = threading.Lock()
    plain_evaluate = patch(_evaluator, "evaluate", None)
    plain_enforce = patch(_evaluator, "enforce", None)

    def evaluate(context: Any, policies: Any, *limits: Any) -> Any:
        asked = _asked.get()
        if asked is not None and not asked:
            asked.append(context)
        return plain_evaluate(context, policies, *limits)

    def enforce(*arguments: Any, **named: Any) -> Any:
        asked: list[Any] = []
        token = _asked.set(asked)
        try:
            refusal = plain_enforce(*arguments, **named)
        finally:
            _asked.reset(token)
        if asked:
            line = json.dumps(_describe(asked[0], refusal is None), sort_keys=True)
            with lock, path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        return refusal

    patch(_evaluator, "evaluate", evaluate)
    patch(_evaluator, "enforce", enforce)


def _describe(asked: Any, is_allowed: bool) -> dict[str, Any]:
    context = {**asked.principal_keys, **asked.service_context, "aws:securetransport": asked.secure_transport}
    return {
        "principal": asked.principal_arn,
        "type": asked.principal_type,
        "action": asked.action,
        "resource": asked.resource_arn,
        "region": asked.region,
        "context": {key: value for key, value in context.items() if value is not None},
        "allowed": is_allowed,
    }
