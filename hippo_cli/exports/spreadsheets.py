"""CSV as Excel and LibreOffice open it: with this computer's separators, and with text that stays text."""

import locale
import re
import sys
from dataclasses import dataclass
from enum import StrEnum

# Separators of cells on some computer: those of every language, tabs and line breaks.
_SEPARATORS = r",;|،؛、，；｜\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029"  # noqa: RUF001
# Blanks and control characters, which spreadsheets may leave out.
_UNSEEN = (
    r"[ \x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\xa0\xad\u1680"
    r"\u2000-\u200f\u202a-\u202f\u205f-\u2064\u3000\ufeff]"
)
# Text other than numbers that spreadsheets read as a formula,
# https://owasp.org/www-community/attacks/CSV_Injection.
_SIGNS = "=@＝﹦＠﹫＋﹢－﹣"  # noqa: RUF001
_FORMULA = rf"[\t\r\n]|{_UNSEEN}*+(?:[{_SIGNS}]|[+−-](?![0-9.,]*\Z))"  # noqa: RUF001
# A reader with other settings splits rows elsewhere, and then the quotes of CSV do not hold cells together.
_FORMULA_WITHIN = re.compile(
    rf'([{_SEPARATORS}](?:{_UNSEEN}|")*+)(?=[{_SIGNS}]|[+−-](?![0-9.]*(?:[{_SEPARATORS}]|\Z)))'  # noqa: RUF001
)
# Text that spreadsheets turn into another value: ids and card numbers of 12 digits or more, which they round;
# leading zeros; 12e5; and 1-5, 3/4, 1.5.2026, SEPT2 or 5-Mar, which they read as dates.
_LONG_NUMBER = r"[+-]?[0-9](?:[ \u00a0\u202f]?[0-9]){11,}\Z"
_LEADING_ZERO = r"[+-]?0[0-9]+(?:[.,][0-9]+)?\Z"
_EXPONENT = r"[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+\Z"
_DATE = r"[0-9]{1,2}(?:[-/][0-9]{1,2}|[-/.][0-9]{1,2}[-/.](?:[0-9]{2}){1,2})\Z"
_MONTH = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*"
_NAMED_DATE = rf"(?:{_MONTH}[ ./-]?[0-9]{{1,4}}|[0-9]{{1,2}}[ ./-]?{_MONTH}(?:[ ./-]?[0-9]{{2,4}})?)\Z"
_CHANGED = re.compile("|".join((_FORMULA, _LONG_NUMBER, _LEADING_ZERO, _EXPONENT, _DATE, _NAMED_DATE)))
_DECIMAL_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")


class Separator(StrEnum):
    """The character between the cells of a row, by its name on the command line."""

    COMMA = "comma"
    SEMICOLON = "semicolon"


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """The characters that the spreadsheets on this computer expect in a CSV file."""

    separator: str = ","
    decimal_point: str = "."

    def format_text(self, text: str) -> str:
        """Return the text of a cell. An apostrophe before it keeps it as it is.

        Another one comes before each formula within the text, after what some reader takes for a separator.
        """
        if _DECIMAL_NUMBER.fullmatch(text) and not _CHANGED.match(text):
            return text.replace(".", self.decimal_point)
        inert = _FORMULA_WITHIN.sub(r"\1'", text)
        return f"'{inert}" if _CHANGED.match(text) else inert

    def format_number(self, number: float) -> str:
        """Return the number of a cell."""
        return str(number).replace(".", self.decimal_point)


def find_spreadsheet(separator: Separator | None = None) -> Spreadsheet:
    """Return what spreadsheets expect, from the language settings unless a separator is given."""
    if separator is Separator.COMMA:
        return Spreadsheet()
    if separator is Separator.SEMICOLON:
        return Spreadsheet(";", ",")
    if sys.platform == "win32":
        return _read_windows_settings()
    # Where the comma separates decimals, spreadsheets separate cells by semicolons.
    return Spreadsheet(";", ",") if _read_decimal_point() == "," else Spreadsheet()


def _read_decimal_point() -> str:
    before = locale.setlocale(locale.LC_NUMERIC)
    try:
        locale.setlocale(locale.LC_NUMERIC, "")
        return str(locale.localeconv()["decimal_point"])
    except locale.Error:  # the locale of the environment is not installed
        return "."
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)


def _read_windows_settings() -> Spreadsheet:
    import winreg

    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, r"Control Panel\International") as key:  # type: ignore[attr-defined]
        separator, _ = winreg.QueryValueEx(key, "sList")  # type: ignore[attr-defined]
        decimal_point, _ = winreg.QueryValueEx(key, "sDecimal")  # type: ignore[attr-defined]
    return Spreadsheet(str(separator), str(decimal_point))
