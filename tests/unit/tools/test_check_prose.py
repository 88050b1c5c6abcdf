"""The checker of prose: each rule with a text that it refuses and one that it accepts."""

import re
import subprocess
import tomllib

import pytest

from tools import check_prose
from tools.check_prose import ROOT, check_file, main


def find_phrases(path, source):
    """Return what the checker finds in a file, without the advice."""
    return [(finding.line, finding.phrase) for finding in check_file(path, source)]


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("Mend the config.", "Fix the config. Recommended: amend it."),
        ("It stops for good.", "It stops permanently, for good reason."),
        ("The key is no number.", "The key is not a number. There is no file. It is no longer there."),
        ("The rest is none of these.", "The value is None, however many there are."),
        ("Whoever waits is served.", "Participants who wait are served."),
        ("Somebody waits.", "A participant waits."),
        ("The record stands in the bucket.", "The id stands for a participant; {} stands in for a value."),
        ("There lies the record.", "There is the record."),
        ("The study goes on without it.", "The study continues without it. Go one step back."),
        ("It asks so as\nto be sure.", "It asks, so it is sure, as ever."),
        ("Participants are told.", "Participants are notified."),
        ("The server dies.", "The server exits."),
        ("The sweep is to be run again.", "The sweep must run again."),
        ("3 at it, 0 gone", "Look at it: 3 active"),
        ("It has further buckets.", "It has more buckets further down."),
        ("Reads it; gives how many.", "Reads it and returns how many. It gives way."),
        ("What is broken is reported.", "What is broken? Say so. Report what is broken."),
        ("It ends. Who waits is served.", "Who waits? Those who wait are served."),
        ("Of these only one counts.", "Of course. One of these counts."),
    ],
)
def test_banned_phrasing_is_found_and_its_better_form_is_not(bad, good):
    """Given a phrasing of the table, a comment with it is refused and one with better wording is accepted."""
    assert find_phrases("layer/a.py", "".join(f"# {line}\n" for line in bad.splitlines()))
    assert find_phrases("layer/a.py", f"# {good}\n") == []


@pytest.mark.parametrize(
    ("path", "source", "line"),
    [
        ("layer/a.py", "x = 1\n# first\n# goes\n# on\n", 3),
        ("layer/a.py", '"""Module.\n\nIt goes on.\n"""\n', 3),
        ("hippo_cli/a.py", 'x = (\n    "The study is fine, and "\n    f"{y} is told."\n)\n', 3),
        ("template.yaml", "A:\n  # It goes\n  # on here.\n  B: c\n", 2),
        ("template.yaml", "A:\n  Description: >-\n    What it is for\n", 3),
        ("Makefile", "a: ## test\nb: c ## what is told\n", 2),
        ("web/a.js", 'const a = "http://x";\n// It goes\n// on.\n', 2),
        ("web/a.css", "a {}\n/* first\n   goes on */\n", 3),
        ("web/texts.js", 'const TEXTS = {\n  wait: "It goes on by itself.",\n', 2),
        ("a.md", "# Title\n\nIt goes on.\n", 3),
        ("a.md", "- first\n- It goes on.\n", 2),
    ],
)
def test_finding_names_its_line(path, source, line):
    """Given a banned phrasing in any kind of file, the finding names the line on which it starts."""
    assert [found for found, _ in find_phrases(path, source)] == [line]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("layer/a.py", 'logger.info("the study goes on")\nself._log.error(f"it {a} goes on")\n'),
        ("layer/a.py", 'x = "anew"\n'),
        ("tests/a.py", 'x = "the study goes on"\n'),
        ("web/a.js", 'const a = "it goes on";\n'),
        ("a.md", "The word `goes on`.\n\n```\nit goes on\n```\n"),
    ],
)
def test_what_is_not_prose_is_left_alone(path, source):
    """Given log messages, short strings, test data or code, the checker reports nothing."""
    assert find_phrases(path, source) == []


def test_exception_needs_a_reason():
    """Given an inline exception, the finding is accepted only with a reason."""
    accepted = "# prose: allow (a stored value)\nx = 'the server dies here'\n"

    assert find_phrases("layer/a.py", accepted) == []
    assert find_phrases("layer/a.py", "x = 'the server dies here'  # prose: allow (a stored value)\n") == []
    assert find_phrases("layer/a.py", "x = 'the server dies here'  # prose: allow\n") == [(1, "dies")]


@pytest.mark.parametrize(
    "opening", ["The record.", "Whether it is.", "Returns it.", "Names of it.", "Give it."]
)
def test_docstring_of_a_function_opens_with_a_verb(opening):
    """Given a docstring that opens with a noun or in the third person, only a property may have it."""
    function = f'def a():\n    """{opening}"""\n'

    assert find_phrases("layer/a.py", function) == [(2, opening.split(" ")[0])]
    assert find_phrases("layer/a.py", f"@property\n{function}") == []
    assert find_phrases("tests/a.py", function) == []
    assert find_phrases("layer/a.py", 'def a():\n    """Return it. Pass it on."""\n') == []


@pytest.mark.parametrize("path", ["layer/a.py", "tests/a.py"])
@pytest.mark.parametrize("opening", ["Answers participants.", "Claims a slot.", "Handles it: once."])
def test_docstring_of_a_class_opens_with_a_noun_phrase(path, opening):
    """Given a class whose docstring opens with a verb in the third person, it is refused."""
    assert find_phrases(path, f'class A:\n    """{opening}"""\n') == [(2, opening.split(" ")[0])]
    assert find_phrases(path, f'class A:\n    """The class.\n\n    {opening}\n    """\n') == []
    assert find_phrases(path, 'class Edits:\n    """Edits applied to a platform."""\n') == []


@pytest.mark.parametrize(
    "docstring",
    ["It works.", "Given a study. It works.", "Given a study it works.", "Given a study, it works", ""],
)
def test_docstring_of_a_test_is_one_sentence_of_given(docstring):
    """Given a test whose docstring is not one sentence from its situation to its result, it is refused."""
    assert len(find_phrases("tests/a.py", f'def test_a():\n    """{docstring}"""\n')) == 1
    assert find_phrases("tests/a.py", 'def test_a():\n    """Given a study,\n    it works."""\n') == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (
            "A sentence.\nAnother: `a. B`, e.g. This.\n\n- An item.\n- Another\n\n| a. B | c. D |\n",
            [],
        ),
        ("One sentence. Another.\n", [1]),
        ("**A heading.** One sentence.\n**Another heading.**\nOne sentence.\n", []),
        ("A list item with *stress * in it. Another.\n", [1]),
        ("Text:\n\n    a. B\n    c\n\nText.\n\n- Item:\n\n      a. B\n      c\n\n  Item. Two.\n", [13]),
        ('A message says "No input. Pass it.", which is quoted.\n', []),
        ("One sentence (in brackets.) Another.\n", [1]),
        ("A sentence that\nis wrapped.\n", [1]),
        ("- A sentence that\n  is wrapped.\n", [1]),
        ("# Title\nA sentence.\n\n```\nA. B\nc\n```\n", []),
    ],
)
def test_markdown_has_one_sentence_per_line(source, lines):
    """Given Markdown, a line with two sentences or a part of one is refused."""
    assert [line for line, _ in find_phrases("a.md", source)] == lines


def test_readme_stays_short():
    """Given a README above its limit, the checker refuses it."""
    assert find_phrases("README.md", "a" * check_prose.README_BYTES) == []
    assert find_phrases("README.md", "a" * 7_001) == [(1, "7001 bytes")]


def test_command_line_prints_findings_and_fails(tmp_path, capsys):
    """Given a checkout with a finding, the command prints its place and advice, and exits with 1."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "a.md").write_text("It goes on.\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("It continues.\n", encoding="utf-8")

    assert main(["--root", str(tmp_path)]) == 1
    assert capsys.readouterr().out == 'a.md:1: "goes on": continue\n'
    assert main(["--root", str(tmp_path), "--count"]) == 1
    assert capsys.readouterr().out == "     1 a.md\n"
    assert main(["--root", str(tmp_path), "b.md"]) == 0


def test_table_is_documented():
    """Given the table of banned phrasings, CONTRIBUTING.md shows each of them with its better wording."""
    table = tomllib.loads((ROOT / "tools/banned_phrases.toml").read_text(encoding="utf-8"))
    rows = {phrase: entry for phrase, entry in table["phrases"].items()}
    rows |= {phrase: better for phrase, (_, better) in table["patterns"].items()}
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = guide.split("### Banned phrasings\n")[1].split("\n## ")[0]

    assert dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", section, re.MULTILINE)) == rows
