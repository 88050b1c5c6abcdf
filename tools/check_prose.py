"""Checker of prose: `python tools/check_prose.py [--root FOLDER] [--count] [PATH ...]`, part of `make check`.

It reads comments, docstrings, messages, Markdown, YAML and the page's texts. It reports banned phrasings
(tools/banned_phrases.toml), docstrings that do not follow the style guide in CONTRIBUTING.md, and Markdown
lines that do not hold exactly one sentence. `prose: allow (reason)` on the line or the one above accepts a
finding. Without paths it reads every file that git knows.
"""

import argparse
import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
README_BYTES = 7_000
_SKIPPED = ("requirements/", "tools/banned_phrases.toml")
_LITERALS = (
    "hippo_cli/",
    "hippo_game/",
    "hippo_local/",
    "layer/",
    "functions/",
    "tools/",
    "bench/",
    "examples/",
)
_WHOLE = (".html", ".yaml", ".yml", ".toml", "Makefile", "Dockerfile", "web/texts.js", ".ci/run")
_ALLOW = re.compile(r"prose: allow \(.+\)")
_PROSE = re.compile(r"\w\S*\s+\w\S*\s+\w")  # two spaces between words: a message, not an identifier
_LOGGING_CALL = re.compile(r"log(ger)?\.(debug|info|warning|error|exception|critical)$")
# Nouns, and verbs in the third person.
_NOUN_OPENINGS = re.compile(
    r"(The|A|An|Whether|What|Who|How|Where|When|Why|Each|All|It|Its|Every|Any|No|None|Nothing|Everything"
    r"|One|This|That|These|Those|Same|Only|Give|[A-Z][a-z]*[^su]s)[.,:;]?"
)
# Verbs in the third person that open the docstring of a class, where a noun phrase belongs.
_VERB_OPENINGS = re.compile(
    r"(Answers|Asks|Assigns|Brings|Builds|Claims|Changes|Chooses|Collects|Compares|Counts|Creates|Decides|Does"
    r"|Finds|Gives|Handles|Has|Holds|Keeps|Knows|Lets|Lists|Makes|Passes|Publishes|Reads|Receives|Records"
    r"|Removes|Represents|Responds|Returns|Runs|Sends|Shows|Starts|Stops|Stores|Takes|Tells|Turns|Watches"
    r"|Writes)[,:]?"
)
_PROPERTIES = {"property", "cached_property", "setter"}
# A Markdown line that is not a sentence: heading, table, quote mark, list mark, reference, picture, HTML.
_NO_SENTENCE = re.compile(r"\s*(#|\||<|\[[^]]+\]:|!\[|---|$)")
_LIST_ITEM = re.compile(r"^\s*(>\s*)?([-*+]|\d+\.)\s+")
_MARK = re.compile(r"^\s*([-*+>]+|\d+\.)\s+")
_QUOTE = re.compile(r'"[^"]+"')  # a message of several sentences is quoted in one
_RUN_IN = re.compile(r"^\*\*[^*]+\*\*\s*")  # a heading in bold at the start of a paragraph
_TWO_SENTENCES = re.compile(r"[.!?][)\"'*_`]*\s+[A-Z\"(*`]")
_ABBREVIATION = re.compile(r"\b(e\.g|i\.e|vs|cf|etc|approx|No|Dr|[A-Z])\.$")
_SENTENCE_END = re.compile(r"[.!?:][)\"'*_`\]]*\s*$")


class Text(NamedTuple):
    """A stretch of prose and the line on which it starts."""

    line: int
    text: str


class Finding(NamedTuple):
    """One thing to rewrite."""

    path: str
    line: int
    phrase: str
    better: str

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: "{self.phrase}": {self.better}'


@cache
def read_rules() -> list[tuple[re.Pattern[str], str]]:
    """Return each banned pattern with the better wording."""
    table = tomllib.loads((ROOT / "tools/banned_phrases.toml").read_text(encoding="utf-8"))
    phrases = [(rf"\b{phrase}\b".replace(" ", r"\s+"), better) for phrase, better in table["phrases"].items()]
    rules = [*phrases, *table["patterns"].values()]
    return [(re.compile(pattern, re.IGNORECASE), better) for pattern, better in rules]


def read_comments(source: str) -> Iterator[Text]:
    """Yield the comments of a Python file; those on consecutive lines of their own are one text."""
    block: list[tuple[int, int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            (line, column), alone = token.start, not token.line[: token.start[1]].strip()
            if block and not (alone and block[-1][:2] == (line - 1, column)):
                yield Text(block[0][0], "\n".join(text for *_, text in block))
                block = []
            block.append((line, column if alone else -1, token.string.lstrip("#! ")))
    if block:
        yield Text(block[0][0], "\n".join(text for *_, text in block))


def read_docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the docstrings of a module, its classes and its functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def read_log_messages(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield everything in the arguments of logging calls: log messages are a contract."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and re.search(_LOGGING_CALL, ast.unparse(node.func)):
            yield from (each for argument in node.args for each in ast.walk(argument))


def read_literals(tree: ast.Module, skipped: set[ast.AST]) -> Iterator[Text]:
    """Yield the strings that read like prose; a value in an f-string reads as {}."""
    for node in ast.walk(tree):
        if node in skipped or not isinstance(node, ast.JoinedStr | ast.Constant):
            continue
        text: object
        if isinstance(node, ast.JoinedStr):
            skipped.update(node.values)
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        else:
            text = node.value
        if isinstance(text, str) and _PROSE.search(text):
            yield Text(node.lineno, text)


def read_python(path: str, source: str) -> Iterator[Text]:
    """Yield comments and docstrings, and in shipped code the strings that read like prose."""
    tree = ast.parse(source)
    docstrings = list(read_docstrings(tree))
    yield from read_comments(source)
    yield from (Text(node.lineno, str(node.value)) for node in docstrings)
    if path.startswith(_LITERALS):
        yield from read_literals(tree, {*docstrings, *read_log_messages(tree)})


def read_whole(source: str) -> Iterator[Text]:
    """Yield the comments and the values of a file in which a line is a comment or belongs to a value."""
    line, block, was_comment = 1, list[str](), False
    for number, content in enumerate(source.splitlines(), 1):
        comment = content.lstrip().startswith(("#", "//"))
        key = re.match(r"\s*(- )?(\{?[\w.$-]+: *|[\w-]+:.*?## |@?echo )[>|]?[-+]?", content)
        if block and (comment != was_comment or (key and not comment)):
            yield Text(line, "\n".join(block))
            block = []
        line = line if block else number
        block.append(re.sub(r"^\s*(#|//) ?", "", content) if comment else content[key.end() if key else 0 :])
        was_comment = comment
    yield Text(line, "\n".join(block))


def read_script_comments(source: str) -> Iterator[Text]:
    """Yield the comments of JavaScript or CSS; those on consecutive lines of their own are one text."""
    for match in re.finditer(r"/\*.*?\*/|(?:(?<![:\w\"'])//[^\n]*(?:\n[ \t]*(?=//))?)+", source, re.DOTALL):
        yield Text(
            source.count("\n", 0, match.start()) + 1, re.sub(r"(?m)^[ \t]*(//|/?\*+/?) ?", "", match[0])
        )


def blank_code(source: str) -> str:
    """Return Markdown with its code blanked: fenced blocks are empty lines, inline code is a row of x."""
    source = re.sub(r"(?ms)^( *)(```|~~~).*?^\1\2 *$", lambda match: "\n" * match[0].count("\n"), source)
    source = _blank_indented(source)
    return re.sub(r"`(?:[^`\n]|\n(?!\s*\n))+`", lambda match: re.sub(r"[^`\n]", "x", match[0]), source)


def _blank_indented(source: str) -> str:
    lines, margin, in_code, was_blank = source.splitlines(), 0, False, True
    for number, line in enumerate(lines):
        if not line.strip():
            was_blank = True
            continue
        indent = len(line) - len(line.lstrip())
        if item := _LIST_ITEM.match(line):
            margin = len(item[0])
        elif indent == 0:
            margin = 0
        in_code = indent >= margin + 4 and (in_code or was_blank)
        if in_code:
            lines[number] = ""
        was_blank = False
    return "\n".join(lines) + "\n"


def read_markdown(source: str) -> Iterator[Text]:
    """Yield the paragraphs, list items, headings and table rows of Markdown, without code."""
    block: list[str] = []
    for number, line in enumerate(blank_code(source).splitlines(), 1):
        if block and (_NO_SENTENCE.match(line) or _LIST_ITEM.match(line)):
            yield Text(number - len(block), "\n".join(block))
            block = []
        block.append(_MARK.sub("", line))
    yield Text(source.count("\n") + 1 - len(block), "\n".join(block))


def check_sentences(path: str, source: str) -> Iterator[Finding]:
    """Yield the lines of Markdown that do not hold exactly one sentence."""
    lines = [*blank_code(source).splitlines(), ""]
    for number, (line, following) in enumerate(zip(lines, lines[1:], strict=False), 1):
        if _NO_SENTENCE.match(line):
            continue
        body = _RUN_IN.sub("", _LIST_ITEM.sub("", line).strip())
        body = _QUOTE.sub(lambda quote: re.sub(r"[.!?](?=\s)", ",", quote[0]), body)
        if any(not _ABBREVIATION.search(body[: end.start() + 1]) for end in _TWO_SENTENCES.finditer(body)):
            yield Finding(path, number, body[:40], "one sentence per line: start a new line")
        continued = not (_NO_SENTENCE.match(following) or _LIST_ITEM.match(following))
        if continued and body and not _SENTENCE_END.search(body):
            yield Finding(path, number, body[-40:], "one sentence per line: join it with the next line")


def check_docstrings(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Yield the classes and functions whose docstrings do not open as the style guide asks."""
    in_tests = path.startswith("tests/")
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            opening = (ast.get_docstring(node) or "").split(" ")[0]
            if _VERB_OPENINGS.fullmatch(opening):
                yield Finding(path, node.body[0].lineno, opening, "open with a noun phrase: The …, A …")
            continue
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        summary = " ".join((ast.get_docstring(node) or "").split())
        if in_tests and node.name.startswith("test"):
            if not re.fullmatch(r"Given\b.*,.*\.", summary) or re.search(r"[.!?]\s+[A-Z]", summary):
                yield Finding(
                    path, node.lineno + 1, summary[:40], "one sentence: Given <situation>, <result>."
                )
            continue
        names = {getattr(each, "attr", getattr(each, "id", "")) for each in node.decorator_list}
        opening = summary.split(" ")[0]
        if not in_tests and not names & _PROPERTIES and _NOUN_OPENINGS.fullmatch(opening):
            yield Finding(path, node.lineno + 1, opening, "open with an imperative verb: Return …, Read …")


def read_texts(path: str, source: str) -> Iterator[Text]:
    """Yield the prose of a file, by its kind."""
    if path.endswith(".py"):
        yield from read_python(path, source)
    elif path.endswith(".md"):
        yield from read_markdown(source)
    elif path.endswith(_WHOLE):
        yield from read_whole(source)
    elif path.endswith((".js", ".css")):
        yield from read_script_comments(source)


def check_phrases(path: str, source: str) -> Iterator[Finding]:
    """Yield the banned phrasings of a file."""
    lines = source.splitlines()
    for start, text in read_texts(path, source):
        for pattern, better in read_rules():
            for match in pattern.finditer(text):
                words = match[0].split()
                line = start + text.count("\n", 0, match.end() - len(match[0].lstrip()))
                # A string in several pieces is one text: look for the piece.
                pieces = (n for n in range(line, line + 15) if n <= len(lines) and words[0] in lines[n - 1])
                yield Finding(path, next(pieces, line), " ".join(words)[:40], better)


def check_file(path: str, source: str) -> list[Finding]:
    """Return what to rewrite in one file; `path` is relative to the root."""
    findings = [*check_phrases(path, source)]
    if path.endswith(".md"):
        findings += check_sentences(path, source)
    if path.endswith(".py"):
        findings += check_docstrings(path, ast.parse(source))
    if path == "README.md" and len(source.encode()) > README_BYTES:
        findings.append(Finding(path, 1, f"{len(source.encode())} bytes", f"at most {README_BYTES} bytes"))
    lines = ["", *source.splitlines()]
    return sorted(
        each for each in findings if not _ALLOW.search("\n".join(lines[each.line - 1 : each.line + 1]))
    )


def find_files(root: Path, paths: Sequence[str]) -> list[str]:
    """Return the files to check, relative to the root: those below `paths` that git knows or could add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *paths]
    names = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.splitlines()
    kinds = (".py", ".md", ".js", ".css", *_WHOLE)
    wanted = (name for name in sorted(set(names)) if name.endswith(kinds) and not name.startswith(_SKIPPED))
    return [name for name in wanted if (root / name).is_file()]


def main(arguments: Sequence[str]) -> int:
    """Print the findings; return 1 if there are any."""
    parser = argparse.ArgumentParser(description="Check prose against the style guide in CONTRIBUTING.md.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files or folders, relative to the root")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the checkout (default: this folder)")
    parser.add_argument("--count", action="store_true", help="print only the number of findings by folder")
    options = parser.parse_args(arguments)
    findings = []
    for name in find_files(options.root, options.paths):
        findings += check_file(name, (options.root / name).read_text(encoding="utf-8"))
    if options.count:
        counts = Counter(each.path.split("/")[0] for each in findings)
        sys.stdout.writelines(f"{count:6} {folder}\n" for folder, count in sorted(counts.items()))
    else:
        sys.stdout.writelines(f"{finding}\n" for finding in findings)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
