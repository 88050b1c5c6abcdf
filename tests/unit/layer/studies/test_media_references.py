"""Relative references in pages and style sheets: their characters, and their files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo.studies.media import replace
from hippo.studies.media_references import find_references

URL = "https://site/media/p/0.png"


def find(text: str, name: str = "page.html") -> list[tuple[str, str]]:
    """Return the characters of each reference, and the file that it means."""
    return [(text[found.start : found.end], found.path) for found in find_references(name, text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<img src="car.png">', [("car.png", "car.png")]),
        ("<img src='car.png'>", [("car.png", "car.png")]),
        ("<img src=car.png>", [("car.png", "car.png")]),
        ("<IMG SRC = car.png ALT=x>", [("car.png", "car.png")]),
        ('<img\n  alt="a > b"\n  src="car.png"\n/>', [("car.png", "car.png")]),
        ('<img src=" car.png\n">', [("car.png", "car.png")]),
        ('<img src="./images/a%20b.jpg">', [("./images/a%20b.jpg", "images/a b.jpg")]),
        ('<img src="images\\a.jpg">', [("images\\a.jpg", "images/a.jpg")]),
        ('<img src="b&auml;r&amp;hund.png">', [("b&auml;r&amp;hund.png", "bär&hund.png")]),
        ('<img src="&#x63;ar.png">', [("&#x63;ar.png", "car.png")]),
        ('<img src="B%C3%A4r.PNG">', [("B%C3%A4r.PNG", "Bär.PNG")]),
        ('<img src="car.png?version=2">', [("car.png?version=2", "car.png")]),
        ('<img alt src="car.png">', [("car.png", "car.png")]),
        ('<img alt="src=no.png" src="car.png">', [("car.png", "car.png")]),
        ('<img data-src="no.png" src="car.png">', [("car.png", "car.png")]),
        ('<img src="car.png" src="ignored.png">', [("car.png", "car.png")]),
        ('<img alt="x"src="car.png">', [("car.png", "car.png")]),
        ('<p>1 < 2</p><img src="car.png">', [("car.png", "car.png")]),
        ('<![if !x]><img src="car.png"><![endif]><![odd[>', [("car.png", "car.png")]),
        ('<![CDATA[x]]><img alt="<![" src="car.png">', [("car.png", "car.png")]),
        ('<!DOCTYPE html><?php x ?><!ELEMENT y><img src="car.png">', [("car.png", "car.png")]),
        ('ä\r\n<p>ö\n\u2028ü<img src="car.png">', [("car.png", "car.png")]),
        ('<img src="a.png"><p><img src="b.png">', [("a.png", "a.png"), ("b.png", "b.png")]),
    ],
)
def test_pictures_are_found_however_they_are_written(text: str, found: list[tuple[str, str]]) -> None:
    """Given quotes, spaces, character references and odd markup, the exact characters of the URL are
    found."""
    assert find(text) == found


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('<video src="v.mp4" poster="p.jpg"></video>', ["v.mp4", "p.jpg"]),
        ('<video><source src="v.webm"><track src="de.vtt"></video>', ["v.webm", "de.vtt"]),
        ('<audio src="a.mp3"></audio>', ["a.mp3"]),
        ('<picture><source srcset="a.avif"><img src="a.png"></picture>', ["a.avif", "a.png"]),
        ('<a href="info.pdf">information</a>', ["info.pdf"]),
        ('<input type="image" src="go.png">', ["go.png"]),
        ('<object data="d.svg"></object><embed src="e.svg">', ["d.svg", "e.svg"]),
        ('<svg><image href="i.png"/><use xlink:href="u.svg#x"/></svg>', ["i.png", "u.svg"]),
        ('<link rel="icon" href="i.png">', ["i.png"]),
        ('<table background="t.gif"><tr><td background="c.gif">', ["t.gif", "c.gif"]),
        ('<img srcset="a.png 1x, b.png 2x">', ["a.png", "b.png"]),
        ('<img srcset="a.png,b.png 2x">', ["a.png,b.png"]),
        ('<img srcset="a.png, b.png 480w , c.png">', ["a.png", "b.png", "c.png"]),
        ('<img srcset="http://x/a.png 1x, b.png 2x">', ["b.png"]),
        ("""<p style="background: url('a.png')">""", ["a.png"]),
        ('<p style="background: url(&quot;a&amp;b.png&quot;), URL( c.png )">', ["a&b.png", "c.png"]),
        ("<style>p { background: url(a.png) } /* url(no.png) */</style>", ["a.png"]),
        ("<style>p { background: url(a.png)", ["a.png"]),
    ],
)
def test_every_element_with_a_file_is_known(text: str, paths: list[str]) -> None:
    """Given elements that show or link to files, each file is found."""
    assert [path for _, path in find(text)] == paths


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "#part",
        "?x=1",
        "/car.png",
        "//host/car.png",
        "\\\\host\\car.png",
        "https://host/car.png",
        "HTTP://host/car.png",
        "data:image/png;base64,AAAA",
        "blob:x",
        "mailto:ada@example.org",
        "javascript:void(0)",
        "java\nscript:void(0)",
        ".",
        "./",
    ],
)
def test_other_urls_are_ignored(url: str) -> None:
    """Given an absolute URL, one within this page, or none, nothing is found."""
    assert find(f'<a href="{url}">x</a><img src="{url}">') == []


@pytest.mark.parametrize(
    "text",
    [
        '<!-- <img src="no.png"> -->',
        "<script>const picture = '<img src=\"no.png\">';</script>",
        '<textarea><img src="no.png"></textarea>',
        '<title><img src="no.png"></title>',
        '<p title="<img src=no.png>">',
        "&lt;img src=no.png&gt;",
        'src="no.png"',
        "<style>/* url(no.png) */ p::after { content: 'url(no.png)' }</style>",
        '<p style="--x: myurl(no.png)">',
    ],
)
def test_what_only_looks_like_a_reference_is_not_one(text: str) -> None:
    """Given comments, scripts, texts and strings, nothing is found."""
    assert find(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("p { background: url(a.png) }", [("a.png", "a.png")]),
        ('p { background: url( "a b.png" ) }', [("a b.png", "a b.png")]),
        ("p { background: url(a\\20 b.png) }", [("a\\20 b.png", "a b.png")]),
        ('@font-face { src: url("f.woff2") format("woff2") }', [("f.woff2", "f.woff2")]),
        ("/* url(no.png) */ p { content: 'url(no.png)' }", []),
        ("/* never closed url(no.png)", []),
        ("p { background: url(#gradient), url(data:x) }", []),
    ],
)
def test_style_sheets_are_read_too(text: str, found: list[tuple[str, str]]) -> None:
    """Given a .css file, url() is found, and not in comments or strings."""
    assert find(text, "style.css") == found


@pytest.mark.parametrize("path", ["../car.png", "images/../../car.png", "%2e%2e/car.png", "..\\car.png"])
def test_a_way_out_is_seen(path: str) -> None:
    """Given `..` in any spelling, the reference says so."""
    (reference,) = find_references("page.html", f'<img src="{path}">')

    assert reference.leads_out


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<img src=\"car.png\"\talt='x' >", f"<img src=\"{URL}\"\talt='x' >"),
        ("<img src=car.png>", f"<img src={URL}>"),
        ('<video src="car.png#t=10,20">', f'<video src="{URL}#t=10,20">'),
        ('<a href="car.png?x=1#page=2&amp;zoom=3">', f'<a href="{URL}#page=2&amp;zoom=3">'),
        ('<img srcset="car.png 1x, car.png  2x">', f'<img srcset="{URL} 1x, {URL}  2x">'),
        ('<p style="background:url(&quot;car.png&quot;)">', f'<p style="background:url(&quot;{URL}&quot;)">'),
        ('<img src="car.png"><img src="gone.png">', f'<img src="{URL}"><img src="gone.png">'),
        ("<img src='car.png#\"><script>'>", f"<img src='{URL}#%22%3E%3Cscript%3E'>"),
    ],
)
def test_only_the_reference_is_replaced(before: str, after: str) -> None:
    """Given an address for a file, it replaces the reference and everything else is unchanged."""
    assert replace(before, find_references("page.html", before), {"car.png": URL}) == after


MARKUP = st.text(st.sampled_from("<>/=\"'&;! \n-ab#.?:(){}[]\\*%é\u2028\x00"), max_size=60)
PIECES = st.lists(
    st.one_of(
        MARKUP,
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<style>",
                "</style>",
                "<!--",
                "-->",
                "<script>",
                "<![",
                "<![CDATA[",
                "]]>",
                "</script>",
                "<textarea>",
                "&amp;",
            ]
        ),
        st.sampled_from(['<img src="https://x/y.png">', '<p style="color:red">', "<a href='#x'>", "<br/>"]),
    ),
    max_size=12,
).map("".join)


@given(PIECES)
def test_text_whose_references_have_no_address_is_unchanged(text: str) -> None:
    """Given any text and no address, replacing returns the same text."""
    for name in ("page.html", "style.css"):
        assert replace(text, find_references(name, text), {}) == text


@given(PIECES, PIECES)
def test_a_picture_is_found_whatever_surrounds_it(before: str, after: str) -> None:
    """Given a picture among other elements, it is replaced there or, in a comment or a script, not at
    all; the rest of the text is unchanged."""
    text = f'{before}<img src="only-here.png">{after}'

    replaced = replace(text, find_references("page.html", text), {"only-here.png": URL})

    assert replaced in (text, f'{before}<img src="{URL}">{after}')


@given(MARKUP)
def test_references_are_in_order_and_apart(text: str) -> None:
    """Given any markup, no two references overlap, so that all of them can be replaced."""
    page = f'<img src="{text}"><p style=\'{text}\'><img srcset="{text}">'
    found = find_references("page.html", page)

    assert all(first.end <= second.start for first, second in zip(found, found[1:], strict=False))
    assert all(0 <= reference.start < reference.end <= len(page) for reference in found)
