"""The only module that writes to the terminal: text for people or JSON for programs."""

import errno
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console, RenderableType
from rich.table import Table

_WIDE = 240
# Characters that control a terminal, reverse the text direction, or are half a surrogate pair. Stored texts,
# logs and file names come from untrusted sources.
_CONTROLLING = (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROLS = [code for code in (*_CONTROLLING, *range(0xD800, 0xE000)) if chr(code) not in "\n\t"]
_REPLACED = dict.fromkeys(_CONTROLS, "\ufffd")
_ESCAPED = {code: f"\\u{code:04x}" for code in _CONTROLS}  # JSON escapes, which lose nothing
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]


class _Output(Console):
    """Standard output. A closed pipe (`hippo … | head`) raises BrokenPipeError, as with print."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError(errno.EPIPE, "the reader of standard output has closed it")


def say(text: str = "", style: str | None = None) -> None:
    """Write text unchanged, in one of rich's styles, such as `bold red`."""
    text = only_printable(text)
    _Output(highlight=False).print(text, style=style, markup=False, soft_wrap=True, emoji=False)


def say_error(text: str, style: str | None = None) -> None:
    """Write text to standard error."""
    console = Console(stderr=True, highlight=False)
    console.print(only_printable(text), style=style, markup=False, soft_wrap=True, emoji=False)


def only_printable(text: str) -> str:
    """Return the text with characters that control a terminal replaced, except newlines and tabs."""
    return text.translate(_REPLACED)


class PlainTable(Table):
    """A table whose cells contain no terminal control characters."""

    def add_row(self, *cells: RenderableType | None, **more: Any) -> None:
        """Add a row of texts or other rich renderables."""
        super().add_row(*(only_printable(cell) if isinstance(cell, str) else cell for cell in cells), **more)


def show_json(content: Any) -> None:
    """Write one JSON document, formatted the same on a terminal and in a pipe."""
    typer.echo(_format_json(content, indent=2))


def show_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, as_json: bool = False
) -> None:
    """Write a table, or with `as_json` a list of objects keyed by column name."""
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    table = PlainTable(title=only_printable(title), title_justify="left", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")  # complete names can be copied
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    show_lines(table)


def show_json_line(content: Any) -> None:
    """Write one JSON document on its own line and flush it, for programs that read as it arrives."""
    typer.echo(_format_json(content))
    sys.stdout.flush()


def _format_json(content: Any, indent: int | None = None) -> str:
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"  # escapes lose nothing either
    return json.dumps(content, indent=indent, ensure_ascii=not is_utf8, default=str).translate(_ESCAPED)


def show_lines(content: RenderableType) -> None:
    """Write a rich renderable."""
    make_console().print(content)


def make_console() -> Console:
    """Return a console for standard output. In a pipe or a file it is wide, since no window limits it."""
    width = None if sys.stdout.isatty() else _WIDE
    return _Output(width=width, highlight=False, markup=False, emoji=False)
