"""The one place that writes to the user's terminal: text for people, or JSON for programs."""

import errno
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console, RenderableType
from rich.table import Table

_WIDE = 240
# What steers a terminal, turns round what follows, or is half a character: stored texts, logs and names of
# files come from everybody.
_STEERING = (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROLS = [code for code in (*_STEERING, *range(0xD800, 0xE000)) if chr(code) not in "\n\t"]
_REPLACED = dict.fromkeys(_CONTROLS, "\ufffd")
_ESCAPED = {code: f"\\u{code:04x}" for code in _CONTROLS}  # JSON's own way, which loses nothing
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs instead of text for people.")]


class _Output(Console):
    """Standard output; a reader who has gone (`hippo … | head`) is told as print would, not as a failure."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError(errno.EPIPE, "whoever read standard output has gone")


def say(text: str = "", style: str | None = None) -> None:
    """Writes text as it is; `style` is one of rich's, such as `bold red`."""
    text = only_printable(text)
    _Output(highlight=False).print(text, style=style, markup=False, soft_wrap=True, emoji=False)


def say_error(text: str, style: str | None = None) -> None:
    """The same to standard error."""
    console = Console(stderr=True, highlight=False)
    console.print(only_printable(text), style=style, markup=False, soft_wrap=True, emoji=False)


def only_printable(text: str) -> str:
    """Without characters that would steer a terminal; lines and tabs stay."""
    return text.translate(_REPLACED)


class PlainTable(Table):
    """A table whose cells steer nothing."""

    def add_row(self, *cells: RenderableType | None, **more: Any) -> None:
        """Add a row of texts, or of what rich can show."""
        super().add_row(*(only_printable(cell) if isinstance(cell, str) else cell for cell in cells), **more)


def show_json(content: Any) -> None:
    """Writes one JSON document, the same on a terminal as in a pipe."""
    typer.echo(_format_json(content, indent=2))


def show_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, as_json: bool = False
) -> None:
    """A table, or with `as_json` a list of objects under the columns' names."""
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    table = PlainTable(title=only_printable(title), title_justify="left", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")  # whole names, to copy them
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    show_lines(table)


def show_json_line(content: Any) -> None:
    """Writes one JSON document on a line of its own, at once: for programs that read as it goes."""
    typer.echo(_format_json(content))
    sys.stdout.flush()


def _format_json(content: Any, indent: int | None = None) -> str:
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"  # else escapes lose nothing
    return json.dumps(content, indent=indent, ensure_ascii=not is_utf8, default=str).translate(_ESCAPED)


def show_lines(content: RenderableType) -> None:
    """Writes whatever rich can show."""
    make_console().print(content)


def make_console() -> Console:
    """Standard output; in a pipe or a file nothing needs to fit a window."""
    width = None if sys.stdout.isatty() else _WIDE
    return _Output(width=width, highlight=False, markup=False, emoji=False)
