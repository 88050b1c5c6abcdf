"""Tests of `hippo check` on step files, their variants, their media and their content."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo_cli.checks.page import read_page
from hippo_cli.findings import Severity
from tests.unit.cli.conftest import SmallStudy

PAGE = "StepFiles/consent.html"


def test_a_missing_page_is_reported_at_its_step(study: SmallStudy) -> None:
    """Given a step whose file exists only with other capitals, the error at the step names that file."""
    (study.directory / PAGE).unlink()
    study.write("StepFiles/Consent.html", "<p>x</p>")

    findings = study.check()

    assert [(f.code, f.file, f.line) for f in findings if f.severity is Severity.ERROR] == [
        ("file-missing", "config.yml", 8)
    ]
    assert "Consent.html" in findings[0].fix


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        (b"a\n\xfc", "not-utf-8", 2),
        (b"\xef\xbb\xbf<p>x</p>", "byte-order-mark", 1),
        (b" \n", "file-empty", 0),
        (b"<p>" + b"\xc3\xa4" * 700_000, "file-large", 0),
        (b"<p>" + b"x" * 6_000_000, "file-huge", 0),
    ],
)
def test_the_file_itself(study: SmallStudy, body: bytes, code: str, line: int) -> None:
    """Given a page that is not text, is empty or very large, the check reports that."""
    study.write(PAGE, body)

    assert study.codes() == [(code, PAGE, line)]


@pytest.mark.parametrize(
    ("body", "severity", "line"),
    [
        (rb"{\rtf1\ansi <p>x</p>}", Severity.ERROR, 1),
        (b"PK\x03\x04\x14\x00", Severity.ERROR, 1),
        (b"%PDF-1.7", Severity.ERROR, 1),
        (b"../shared/consent.html\n", Severity.ERROR, 1),
        (b"<p>x</p>\n<<<<<<< HEAD\n<p>y</p>\n", Severity.WARNING, 2),
        (b"<body>\r\n&lt;input name=a&gt;<br></body>", Severity.WARNING, 2),
    ],
)
def test_a_page_as_editors_and_git_leave_it(
    study: SmallStudy, body: bytes, severity: Severity, line: int
) -> None:
    """Given a file of a word processor, a link as text, a conflict or escaped HTML, the check finds it."""
    study.write(PAGE, body)

    (found,) = study.check()

    assert (found.code, found.severity, found.file, found.line) == ("page-content", severity, PAGE, line)


def test_a_page_about_files(study: SmallStudy) -> None:
    """Given a page that only mentions such things, the check has no findings."""
    study.page("<p>Open a.html, %PDF-1.7 or {\\rtf1. 1 &lt; 2. </p><p>&lt;b&gt;</p><<<<<<<<<x")

    assert [found for found in study.check() if found.code == "page-content"] == []


@pytest.mark.parametrize(("variants", "expected"), [(0, ["groups"]), (1, ["groups"]), (2, []), (3, [])])
def test_balanced_groups_need_variants(study: SmallStudy, variants: int, expected: list[str]) -> None:
    """Given balanced groups that publishing would refuse, the check reports an error at that line."""
    study.edit("  maxRuntime", "  groups: balanced\n  maxRuntime")
    if variants:
        (study.directory / PAGE).unlink()
    for number in range(variants):
        study.write(f"StepFiles/consent-{number}.html", "<p>x</p>")

    errors = [found for found in study.check() if found.severity is Severity.ERROR]

    assert [found.code for found in errors] == expected
    assert {(found.file, found.key) for found in errors} <= {("config.yml", "project.groups")}
    assert all(found.line for found in errors)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["-0", "-1"], []),
        (["", "-0", "-1"], [("variant-mixture", PAGE)]),
        (["-0"], [("variant-single", "StepFiles/consent-0.html")]),
        (["-0", "-1", "-3"], [("variant-gap", "StepFiles/consent-3.html")]),
        (["", "-1"], [("variant-gap", "StepFiles/consent-1.html")]),
        (["-1"], [("variant-gap", "StepFiles/consent-1.html"), ("file-missing", "config.yml")]),
        (
            ["", "-a", "-01"],
            [("file-unused", "StepFiles/consent-01.html"), ("file-unused", "StepFiles/consent-a.html")],
        ),
    ],
)
def test_variants(study: SmallStudy, names: list[str], expected: list[tuple[str, str]]) -> None:
    """Given numbered files with gaps, the check reports the variants that participants would never see."""
    (study.directory / PAGE).unlink()
    for name in names:
        study.write(f"StepFiles/consent{name}.html", "<p>x</p>")

    assert sorted((code, file) for code, file, _ in study.codes()) == sorted(expected)


def test_no_folder_of_pages(study: SmallStudy) -> None:
    """Given no StepFiles folder, the check reports one error."""
    (study.directory / "StepFiles").rename(study.directory / "Pages")

    assert study.codes() == [("folder-missing", "StepFiles", 0)]


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("<p>\n<img src='car.png'>", "media-missing", 2),
        ("<img src='../car.png'>", "media-outside", 1),
        ("<img src='car.bmp'>", "media-kind", 1),
        ("<a href='thanks.html'>x</a>", "media-kind", 1),
        ("<div style='background: url(x.png)'></div>", "media-missing", 1),
    ],
)
def test_media_that_publishing_would_not_find(study: SmallStudy, body: str, code: str, line: int) -> None:
    """Given a relative reference to a file that is missing or not published, the check reports its line."""
    study.page(body)

    assert study.codes() == [(code, PAGE, line)]


def test_media_that_exist(study: SmallStudy) -> None:
    """Given a picture that is named with an escape, the check accepts it, but not with other capitals."""
    study.write("StepFiles/pictures/my car.png", b"\x89PNG\r\n\x1a\n")
    study.page("<img src='pictures/my%20car.png'>")
    assert study.check() == []

    study.page("<img src='pictures/My%20Car.png'>")
    (found,) = study.check()
    assert "pictures/my car.png" in found.fix


def test_style_sheets_are_read_too(study: SmallStudy) -> None:
    """Given a style sheet that names a missing font, the check reports an error at its line."""
    study.write("StepFiles/style.css", "p {}\n@font-face { src: url('a.woff2') }")

    assert study.codes() == [("media-missing", "StepFiles/style.css", 2)]


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("<p>\n<input>", "name-missing", 2),
        ("<select></select>", "name-missing", 1),
        ("<textarea name=''></textarea>", "name-missing", 1),
        ("<input type='file' name='f' required>", "file-input", 1),
        ("<p>\n<input type='Month' name='m'>", "input-type", 2),
        ("<input type=week name=w>", "input-type", 1),
        ("<input type=raido name=w value=1>", "input-type", 1),
        ("<input type='checkbox ' name=w value=1>", "input-type", 1),
        ("<input type=datetime name=w>", "input-type", 1),
        ("<div hidden>\n<input name=a required></div>", "control-hidden", 2),
        ("<textarea name=a hidden></textarea>", "control-hidden", 1),
        ("<p style='color:red; Display : none'>\n<input name=a>", "control-hidden", 2),
        ("<input name='a'>\n<input name='a'>", "name-duplicate", 2),
        ("<input name='a'>\n<input type='checkbox' name='a'>", "name-duplicate", 2),
        ("<input type=radio name=a>\n<input type=radio name=a>", "value-duplicate", 2),
        ("<script>x</script>", "script", 1),
        ("<p\nonclick='x()'>a</p>", "script", 1),
        ("<a href=' java\nscript:x()'>a</a>", "script", 1),
        ("<base href='https://x.org'>", "removed", 1),
        ("<meta http-equiv='refresh' content='0'>", "removed", 1),
        ("<object data='https://x.org/a.pdf'></object>", "removed", 1),
        ("<form action='https://x.org'></form>", "form-action", 1),
        ("<button>Go</button>", "submit", 1),
        ("<input type='submit'>", "submit", 1),
        ("<img src='http://x.org/a.png'>", "insecure", 1),
        ("<p style='background: url(http://x.org/a.png)'>x</p>", "insecure", 1),
        ("<style>\n@import 'http://x.org/a.css';</style>", "insecure", 2),
        ("<style>p { background: url(/a.png) }</style>", "blocked", 1),
        ("<iframe src='http://x.org'></iframe>", "insecure", 1),
        ("<table background='http://x.org/a.png'></table>", "insecure", 1),
        ("<img srcset='https://x.org/a.png 1x, http://x.org/b.png 2x'>", "insecure", 1),
        ("<iframe src='data:text/html,x'></iframe>", "blocked", 1),
        ("<img src='/a.png'>", "blocked", 1),
        (r"<img src='C:\a.png'>", "blocked", 1),
        ("<img src='file:///a.png'>", "blocked", 1),
        ("<img src='https://[x'>", "address", 1),
        ("<input type=checkbox name=a>\n<input type=checkbox name=a>", "value-duplicate", 2),
        (
            "<input type=checkbox name=a value=x>\n<input type=checkbox name=a value=x>",
            "value-duplicate",
            2,
        ),
        (
            "<input type=hidden name=a value=x>\n<input type=checkbox name=a value=x>",
            "value-duplicate",
            1,
        ),
        (
            "<select name=a><option value>-\n<option value=1>x\n<option value=1>y</select>",
            "value-duplicate",
            3,
        ),
        ("<select name=a multiple><option>x\n<option> x</select>", "value-duplicate", 2),
        ("<button name=a>Yes</button>\n<button name=a>No</button>", "value-duplicate", 2),
        ("<input type=range name=a>", "untouched", 1),
        ("<input type=color name=a>", "untouched", 1),
        ("<input type=number name=a value=5>", "untouched", 1),
        ("<input type=date name=a value=2026-01-01>", "untouched", 1),
        ("<input type=checkbox name=a value=x checked>", "untouched", 1),
        ("<select name=a><option>x<option>y</select>", "untouched", 1),
        ("<select name=a><option value>-<option selected>y</select>", "untouched", 1),
        ("<fieldset disabled><legend><input type=range name=a></legend></fieldset>", "untouched", 1),
        ("<iframe src='https://x.org' />\n<p>Rest", "not-closed", 1),
        ("<p>x\n<!-- note ->\n<p>Rest", "not-closed", 2),
        ("<label for=b>B</label>\n<input name=a id=a>", "label", 1),
        ("<label>B</label>\n<input name=a>", "label", 1),
        ("<label for=p>B</label>\n<p id=p>", "label", 1),
        ("<label for=a>A</label><input name=a id=a>\n<input name=b id=a>", "label", 1),
        ("<input name=a aria-labelledby=x>", "label", 1),
        ("<input name=a list=x>", "label", 1),
        ("<input type=“radio” name=“a” value=“yes”>", "quotes", 1),
        ("<p class=»x«>x", "quotes", 1),
        ("<p title='a' b'>x", "quotes", 1),
        ("<link rel=stylesheet href=style.css>", "style-link", 1),
        ("<link rel=stylesheet href=css/other.css>", "style-link", 1),
        ("<iframe src='https://x.org/?id=%SURVEY_CODE%'></iframe>", "address", 1),
        ("<iframe src='https://x.org/?id={userId}'></iframe>", "address", 1),
        ("<iframe src='https://x.org/?id=${e://Field/id}'></iframe>", "address", 1),
        ("<iframe src='https://x.org/XXXX'></iframe>", "address", 1),
    ],
)
def test_elements_that_a_page_must_not_have(study: SmallStudy, body: str, code: str, line: int) -> None:
    """Given an element that is lost, removed or blocked, the check warns at its line and has a fix."""
    study.page(body)

    (found,) = study.check()

    assert (found.severity, found.code, found.file, found.line) == (Severity.WARNING, code, PAGE, line)
    assert found.fix


@pytest.mark.parametrize(
    "body",
    [
        "<input name=a><select name=b></select><textarea name=c></textarea>",
        "<input type=radio name=a value=1><input type=radio name=a value=2>",
        "<input type=hidden name=a value=no><input type=checkbox name=a value=yes>",
        "<input type=checkbox name=a value=x><input type=checkbox name=a value=y>",
        "<button type=button>Hint</button><button name=choice value=1>One</button>",
        "<form><input name=a></form><meta charset=utf-8>",
        "<img src='https://x.org/a.png'><iframe src='https://x.org'></iframe><img src='data:image/png,AA'>",
        "<textarea name=a><input></textarea><!-- <script> <input> -->",
        "<a href='http://x.org'>x</a><a href='#top'>y</a>",
        "<![if x]><p>old word processors write this",
        "<label>A <input name=a></label><label for=b>B</label><input id=b name=b placeholder='“B”'>",
        "<select name=a><option value=''>-<option value=1>x</select>",
        "<select name=a multiple><option>x<option>y</select>",
        "<select name=a><option disabled selected>Please choose<option>x</select>",
        "<fieldset disabled><input type=range name=a><select name=b><option>x</select></fieldset>",
        "<input type=hidden name=a hidden><input type=RADIO name=b value=x>",
        "<input type=range name=a disabled><input type=number name=b value=5 readonly><input name=c value=x>",
        "<svg><title/><circle r='1'/></svg><div/><p/><br/><input name=a/>",
        "<!-- <input name=a> --><textarea name=b></textarea><iframe src='https://x.org'></iframe>",
        "<link rel=stylesheet href='https://x.org/a.css'>",
    ],
)
def test_elements_that_a_page_may_have(study: SmallStudy, body: str) -> None:
    """Given an element that docs/reference/study-pages.md allows, the check has no findings."""
    study.page(body)

    assert study.check() == []


@pytest.mark.parametrize(
    ("body", "name", "line", "why"),
    [
        ("<textarea name=why />\n<input name=age>", "age", 2, "<textarea> of line 1"),
        ("<textarea name=why>\n<input name=age>\n<textarea name=more></textarea>", "age", 2, "<textarea>"),
        ("<iframe src='https://x.org' />\n<select name=age></select>", "age", 2, "<iframe>"),
        ("<title/>\n<input name=age>", "age", 2, "<title>"),
        ("<style/>\n<button name=age>1</button>", "age", 2, "<style>"),
        ("<script src=x />\n<input name=age>", "age", 2, "<script>"),
        ("<p>x <!-- y\n<input name=age>", "age", 2, "the comment of line 1"),
        ("<!-- a ->\n<input name=age>\n<!-- b -->", "age", 2, "the comment of line 1"),
        ("<video src=x />\n<input name=age>", "age", 2, "<video>"),
        ("<noscript><input name=age></noscript>", "age", 1, "<noscript>"),
        ("<template><input name=age></template>", "age", 1, "<template>"),
        ("<svg><path/>\n<input name=age></svg>", "age", 2, "<svg>"),
        ("<option>x\n<input name=age>", "age", 2, "<option>"),
        ('<input name="a>\n<p>Age <input name="age">', "age", 2, "an attribute of <input> on line 1"),
        ("<select name=a><option>x\n<select name=age></select>", "age", 2, "do not accept"),
    ],
)
def test_controls_that_a_browser_does_not_show(
    study: SmallStudy, body: str, name: str, line: int, why: str
) -> None:
    """Given a control that browsers read as text or do not display, the check names it and the reason."""
    study.page(body)

    found = next(found for found in study.check() if found.code == "control-hidden")

    assert (found.key, found.line, found.file) == (name, line, PAGE)
    assert why in found.what
    assert found.fix


def test_typographic_quotes_are_the_only_finding(study: SmallStudy) -> None:
    """Given radio buttons and a picture with typographic quotes, the check advises straight ones only."""
    study.page("<input type=“radio” name=“a”><input type=“radio” name=“a”><img src=“car.png”>")

    assert {found.code for found in study.check()} == {"quotes"}


@pytest.mark.parametrize("choice", ["mark", "empty", "ignore"])
def test_a_study_that_says_what_untouched_means(study: SmallStudy, choice: str) -> None:
    """Given `untouched` in the config, the check does not warn about a slider."""
    study.edit("  maxRuntime", f"  untouched: {choice}\n  maxRuntime")
    study.page("<input type=range name=a>")

    assert study.check() == []


@given(st.text(st.sampled_from("<>/='\" \nabinputscriptname!-[&;"), max_size=80))
def test_any_page_is_read(text: str) -> None:
    """Given any markup, the check reads it to its end, and every finding has a valid line."""
    for found in read_page("page.html", text):
        assert 1 <= found.line <= text.count("\n") + 1


def test_odd_folders(study: SmallStudy) -> None:
    """Given a file for a folder, a folder for a file and broken links, the check reports findings only."""
    (study.directory / "StepFiles" / "gone.html").symlink_to("/none/such")
    (study.directory / "StepFiles" / "round.html").symlink_to("round.html")
    (study.directory / PAGE).unlink()
    (study.directory / PAGE).mkdir()
    assert study.codes() == [("file-missing", "config.yml", 8)]

    (study.directory / "StepFiles").rename(study.directory / "old")
    study.write("StepFiles", "x")
    (study.directory / "config.yml").rename(study.directory / "old.yml")
    (study.directory / "config.yml").mkdir()
    assert study.codes() == [("file-unreadable", "config.yml", 0)]


def test_addresses_in_a_style_sheet(study: SmallStudy) -> None:
    """Given a style sheet's addresses, the check reports the blocked ones by line and skips comments."""
    study.write(
        "StepFiles/style.css",
        '/* url(http://x.org/no) */\n@import "http://x.org/a.css";\n'
        "p { background: url( 'http://x.org/b' ) }\n"
        "@font-face { src: url(https://x.org/c.woff2), url(/d.woff2) }\n",
    )

    found = [one for one in study.codes() if one[1].endswith("style.css")]

    assert found == [
        ("insecure", "StepFiles/style.css", 2),
        ("insecure", "StepFiles/style.css", 3),
        ("blocked", "StepFiles/style.css", 4),
    ]


def test_links_out_of_the_study(study: SmallStudy) -> None:
    """Given links to files outside the study, the check reports them, and they are not published."""
    outside = study.directory.parent / "secret.html"
    outside.write_text("<p>secret</p>")
    page = study.directory / PAGE
    page.unlink()
    page.symlink_to(outside)
    (study.directory / "StepFiles" / "k.png").symlink_to(outside)

    assert {(found.code, found.file) for found in study.check()} == {
        ("file-missing", "config.yml"),
        ("not-published", PAGE),
        ("not-published", "StepFiles/k.png"),
    }


def test_pages_in_folders(study: SmallStudy) -> None:
    """Given a page in a subfolder, the check reports that it is not published."""
    study.write("StepFiles/old/page.html", "<p>x</p>")

    assert study.codes() == [("not-published", "StepFiles/old/page.html", 0)]


def test_a_name_that_is_not_utf_8(study: SmallStudy) -> None:
    """Given a file whose name cannot be a key, the check reports an error instead of failing."""
    name = os.fsdecode(os.fsencode(study.directory) + b"/StepFiles/caf\xe9.png")
    Path(name).write_bytes(b"x")

    (found,) = study.check()

    assert (found.code, found.severity) == ("file-name", Severity.ERROR)
