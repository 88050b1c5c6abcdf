"""IAM: a log of authorization decisions, with principal, action, resource and condition keys.

The log has one JSON object a line, in the order of the decisions, with principal, type, action, resource,
region, context (condition keys in lower case, as MiniStack keeps them) and allowed. The root user, to whom no
policy applies, is omitted.
"""

import json
import threading
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from hippo_local.emulator.ministack import load, patch

_evaluator = load("core.iam_evaluator")

# The context of the first evaluation of a decision; a bucket's or queue's own policy is evaluated after it.
_evaluated: ContextVar[list[Any] | None] = ContextVar("evaluated", default=None)


def install(path: Path | None) -> None:
    """Patch MiniStack so that every decision is appended to the file at `path`; do nothing without a path."""
    if path is None:
        return
    lock = threading.Lock()
    plain_evaluate = patch(_evaluator, "evaluate", None)
    plain_enforce = patch(_evaluator, "enforce", None)

    def evaluate(context: Any, policies: Any, *limits: Any) -> Any:
        evaluated = _evaluated.get()
        if evaluated is not None and not evaluated:
            evaluated.append(context)
        return plain_evaluate(context, policies, *limits)

    def enforce(*arguments: Any, **named: Any) -> Any:
        evaluated: list[Any] = []
        token = _evaluated.set(evaluated)
        try:
            denial = plain_enforce(*arguments, **named)
        finally:
            _evaluated.reset(token)
        if evaluated:
            line = json.dumps(_describe(evaluated[0], denial is None), sort_keys=True)
            with lock, path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        return denial

    patch(_evaluator, "evaluate", evaluate)
    patch(_evaluator, "enforce", enforce)


def _describe(request: Any, is_allowed: bool) -> dict[str, Any]:
    context = {
        **request.principal_keys,
        **request.service_context,
        "aws:securetransport": request.secure_transport,
    }
    return {
        "principal": request.principal_arn,
        "type": request.principal_type,
        "action": request.action,
        "resource": request.resource_arn,
        "region": request.region,
        "context": {key: value for key, value in context.items() if value is not None},
        "allowed": is_allowed,
    }
