"""The README's reference table says what the template does."""

import pytest
from template_file import FUNCTIONS, ROOT, as_list, get_function, list_statements

README = (ROOT / "README.md").read_text(encoding="utf-8")
COLUMNS = ["function", "trigger", "variables", "permissions", "timeout"]
TRIGGERS = {
    "next_step": "API `GET`, `POST /next`",
    "start_server": "SNS start topic",
    "stop_server": "SNS stop topic",
    "send_start_server_message": "API `GET /start`",
    "send_stop_server_message": "API `GET /stop`",
    "update_project_master_list": "direct invocation",
    "publish_site": "stack creation and update",
    "guard_deletion": "stack deletion",
}


def read_table():
    """The rows of the table, by function."""
    rows = [line.strip("|").split("|") for line in README.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in row] for row in rows]
    return {row[0].strip("`"): row for row in cells if row[0].strip("`") in FUNCTIONS}


def write_row(folder):
    """The row that the template calls for."""
    function = get_function(folder)
    statements = list_statements(f"{FUNCTIONS[folder]}Role")
    actions = sorted({a for s in statements for a in as_list(s["Action"]) if not a.startswith("logs:")})
    variables = sorted(function["Environment"]["Variables"])
    timeout = f"{function['Timeout']} s"
    return [
        f"`{folder}`",
        TRIGGERS[folder],
        ", ".join(f"`{v}`" for v in variables),
        ", ".join(actions),
        timeout,
    ]


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_reference_table_agrees_with_the_template(folder):
    """Trigger, variables, permissions and timeout of each function stand in the README as deployed."""
    assert read_table().get(folder) == write_row(folder), " | ".join(["", *write_row(folder), ""])


def test_reference_table_has_its_columns():
    """The table's head names what the rows hold."""
    assert "| " + " | ".join(COLUMNS) + " |" in README
