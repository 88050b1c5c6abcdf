"""Characters that YAML reads as text although they look like a space, a colon, a quote, or like nothing."""

import re
import unicodedata
from collections.abc import Iterator

import yaml

_NOT_TEXT = ("Cc", "Cs", "Zl", "Zp")  # control characters, half characters and line ends
Trap = tuple[str, str, str]  # a finding's code, what is wrong, and what to do
_JOINERS = "\u200c\u200d"  # within words of Persian and Hindi, and within emoji, they are text
_INVISIBLE = frozenset("\u00ad\u180e\u200b\u2028\u2029\u2060\ufeff\x85" + _JOINERS)
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_COLONS = "\uff1a\ufe55\ua789\u2236"
_QUOTES = frozenset("“”„‟«»‘’‚‛‹›＂＇′″`´")
_LIKE_A_KEY = re.compile(rf"(?:^|\s)([A-Za-z_][\w.-]*):?([{_COLONS}]|(?<=:)(?:[^\S ]|[\u200b\u2060\ufeff]))")
_COMMENT = re.compile(r"[ \t]*(#\S+)\s*")
_COMMENT_LIKE_A_CODE = re.compile(r"[ \t]+(#[A-Z0-9][\w-]*)\s*")


def describe(char: str) -> str:
    """Return `a no-break space (U+00A0)` for a character."""
    name = unicodedata.name(char, "control character").lower()
    article = "an" if name[0] in "aeiou" else "a"
    return f"{article} {name} (U+{ord(char):04X})"


def is_line_of_text(text: str) -> bool:
    """Return whether a text is one line that YAML can hold, in any language.

    `str.isprintable` refuses no-break spaces and the joiners of Persian, Hindi and emoji.
    """
    is_refused = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return not is_refused and not any(unicodedata.category(char) in _NOT_TEXT for char in text)


def check_key(key: str) -> Iterator[Trap]:
    """Yield the error of a key with a character that readers cannot see or distinguish from a space."""
    if char := next(_list_unseen(key), None):
        seen = strip_unseen(key)
        yield (
            "yaml-character",
            f"the key has {describe(char)}, so it is not read as {seen}",
            f"Write {seen} again, and indent it with normal spaces.",
        )


def check_text(text: str, rest: str | None) -> Iterator[Trap]:
    """Yield the warnings about a value: characters that look like YAML's own, and text read as a comment.

    `rest` is what follows a value without quotes on its last line; None for any other value.
    """
    key = _LIKE_A_KEY.search(text) if rest is not None else None
    if key:
        yield (
            "yaml-character",
            f"{key[1]} is read as text, not as a key, because {describe(key[2])} follows it",
            f"Write `{key[1]}: ` with a normal colon and a normal space, on a line of its own.",
        )
    elif char := _find_unseen_in_value(text):
        what = f"the value has {describe(char)}, which readers cannot see"
        yield "yaml-character", what, "Write the value again, without it."
    if rest is None:
        return
    if _is_in_word_quotes(text):
        what = f"the quotes of {text} are typographic, so they are part of the value"
        yield "yaml-trap", what, f'Write straight quotes: "{text[1:-1]}".'
    if comment := (_COMMENT_LIKE_A_CODE if text else _COMMENT).fullmatch(rest):
        whole = f"{text} {comment[1]}".strip()
        yield (
            "yaml-trap",
            f"YAML reads {comment[1]} as a comment, so it is not part of the value",
            f'If it belongs to the value, write "{whole}", in quotes. If not, put a space after #.',
        )


def find_suspect(line: str) -> str | None:
    """Return the first character of a line that makes YAML fail although the line looks right, or None."""
    code = line.partition(" #")[0]
    key = _LIKE_A_KEY.search(code)
    return key[2] if key else next(_list_unseen(code), None)


def strip_unseen(text: str) -> str:
    """Return a text without the characters that readers cannot see."""
    unseen = set(_list_unseen(text))
    return "".join(char for char in text if char not in unseen).strip()


def _find_unseen_in_value(text: str) -> str | None:
    """Return the first such character at an end of a value, or anywhere in a word of ASCII, or None.

    Elsewhere they are text: French has no-break spaces, Persian and Hindi have joiners.
    """
    seen = strip_unseen(text)
    if seen.isascii() and not re.search(r"\s", seen):
        return next(_list_unseen(text), None)
    ends = (text[:1], text[-1:])
    return next((char for char in ends if char and (char in _INVISIBLE or _is_odd_space(char))), None)


def _is_in_word_quotes(text: str) -> bool:
    ends, inner = {text[:1], text[-1:]}, set(text[1:-1])
    return len(text) > 1 and ends <= _QUOTES and not inner & _QUOTES


def _list_unseen(text: str) -> Iterator[str]:
    for place, char in enumerate(text):
        is_joint = char in _JOINERS and 0 < place < len(text) - 1 and not text[place - 1].isascii()
        if not is_joint and (char in _INVISIBLE or char in _DIRECTIONS or _is_odd_space(char)):
            yield char


def _is_odd_space(char: str) -> bool:
    return char == "\t" or (char != " " and unicodedata.category(char) == "Zs")
