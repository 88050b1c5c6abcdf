"""The table of docs/reference/permissions.md: each role's actions, resources, reasons and requests."""

from collections.abc import Iterable, Sequence

from template_file import ROOT

from tests.permissions.exceptions import UNSEEN, explain
from tests.permissions.judge import is_allowed, list_mutants
from tests.permissions.policies import ACCOUNT, REGION, Statement, list_reasons
from tests.permissions.requests import Request

DOCUMENT = ROOT / "docs" / "reference" / "permissions.md"
BEGIN, END = "<!-- begin: made by make prove-permissions -->", "<!-- end -->"
_HEAD = ["action", "resource", "condition", "why", "requests"]


def write_table(statements: Sequence[Statement], requests: Iterable[Request]) -> str:
    """Return the table with one section for each role; the last column counts different requests."""
    reasons, asked = list_reasons(), [request for request in requests if request.is_allowed]
    lines: list[str] = []
    for role in dict.fromkeys(statement.role for statement in statements):
        lines += [f"### {role}", "", _row(_HEAD), _row(["---"] * len(_HEAD))]
        own = [request for request in asked if request.role == role]
        for statement in (one for one in statements if one.role == role):
            lines.append(_describe(statement, reasons.get((role, statement.name), ""), own))
        lines.append("")
    return "\n".join([*lines, "### Permissions that AWS itself uses", "", *_list_unseen()])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _describe(statement: Statement, reason: str, asked: Sequence[Request]) -> str:
    actions = statement.actions if statement.is_allow else [f"never {name}" for name in statement.actions]
    conditions = [
        f"{operator} {key}: {value}"
        for operator, keys in statement.body.get("Condition", {}).items()
        for key, value in keys.items()
    ]
    return _row(
        [
            _cell(actions),
            _cell(statement.resources),
            _cell(conditions),
            f"{statement.name}. {reason}".strip(),
            _count(statement, asked),
        ]
    )


def _cell(values: Sequence[str]) -> str:
    return "<br>".join(f"`{shorten(value)}`" for value in values)


def shorten(text: str) -> str:
    """Return an ARN without its constant parts."""
    return text.replace(f":{REGION}:{ACCOUNT}:", ":…:").replace(f"::{ACCOUNT}:", "::…:")


def _count(statement: Statement, asked: Sequence[Request]) -> str:
    if not statement.is_allow:
        return "see tests/e2e/test_roles.py"
    used = sum(is_allowed(request, [statement]) for request in asked)
    return str(used) if used else "by AWS itself" if all(map(explain, list_mutants(statement))) else "none"


def _list_unseen() -> list[str]:
    rows = [[f"`{one.role}`", f"`{one.action}`", one.reason, one.source] for one in UNSEEN]
    return [
        _row(["role", "action", "why no recorded request uses it", "source"]),
        _row(["---"] * 4),
        *map(_row, rows),
    ]


def read_table() -> str:
    """Return the table in the document."""
    return DOCUMENT.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip()


def save_table(text: str) -> None:
    """Write the table to the document."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}", encoding="utf-8")
