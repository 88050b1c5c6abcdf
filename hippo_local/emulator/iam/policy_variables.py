"""IAM: variables in policies.

AWS (IAM user guide, "IAM policy elements: Variables and tags"): `${key}` in a resource or in the value of a
condition is replaced by the request's value of that condition key, and `${key, 'default'}` by the default if
the request has none. A resource whose variable has no value matches nothing. A condition's value without one
equals nothing, so that negated operators match. Keys with several values cannot be variables.

MiniStack compares the text of the variable itself.
"""

import dataclasses
import re
from typing import Any

from hippo_local.emulator.ministack import load, patch, require

_evaluator = load("core.iam_evaluator")
_VARIABLE = re.compile(r"\$\{([^},]+)(?:, '([^']*)')?\}")
# A text that no ARN and no value of a condition key can equal or match.
_NOTHING = "\0"


def install() -> None:
    """Patch MiniStack so that variables are replaced before a statement is evaluated."""
    require(_evaluator, "_resolve_condition_key", "ParsedStatement")
    plain = patch(_evaluator, "_first_match", None)

    def first_match(context: Any, statements: list[Any], effect: str) -> Any:
        return plain(context, [_fill_statement(statement, context) for statement in statements], effect)

    patch(_evaluator, "_first_match", first_match)


def _fill_statement(statement: Any, context: Any) -> Any:
    if "${" not in f"{statement.resources}{statement.not_resources}{statement.conditions}":
        return statement
    return dataclasses.replace(
        statement,
        resources=[_fill(text, context) for text in statement.resources],
        not_resources=[_fill(text, context) for text in statement.not_resources],
        conditions={
            operator: {key: _fill_values(values, context) for key, values in keys.items()}
            for operator, keys in statement.conditions.items()
        },
    )


def _fill_values(values: Any, context: Any) -> list[str]:
    return [_fill(str(value), context) for value in (values if isinstance(values, list) else [values])]


def _fill(text: str, context: Any) -> str:
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        found = _evaluator._resolve_condition_key(match[1], context)
        if found is None or isinstance(found, list):
            missing = missing or match[2] is None
            return match[2] or ""
        return str(found)

    filled = _VARIABLE.sub(value, text)
    return _NOTHING if missing else filled
