"""A study as its config describes it, even if it was edited by hand."""

from typing import Any

import pytest

from hippo.studies.study import Study, order_variants, read_number

STEPS = {"1": "a.html", "2": "game", "10": "b.html", "finalStep": "c.html"}


def make_study(files: dict[str, str] | None = None, variants: Any = None, **config: Any) -> Study:
    """Return a study with this config and these files."""
    config = {"steps": STEPS, **config}
    return Study("p", config, (files or {}).get, lambda file: (variants or {}).get(file, []))


def test_last_step_is_the_highest_number() -> None:
    """Given steps 1, 2 and 10, the last is 10: they are compared as numbers, not as texts."""
    assert make_study().last_step == 10


def test_file_of_a_step_without_one_is_the_final_page() -> None:
    """Given a gap, or a step beyond the last, the file is the final step's."""
    study = make_study()

    assert [study.file_at(step) for step in (1, 2, 3, 11)] == ["a.html", "game", "c.html", "c.html"]
    assert [study.is_game(step) for step in (1, 2, 3)] == [False, True, False]


@pytest.mark.parametrize(
    ("value", "step"), [(1, 1), ("2", 2), (None, None), ("", None), ("x", None), ("²", None)]
)
def test_event_steps(value: object, step: int | None) -> None:
    """Given a number or its text, it is the step; anything else is not an event."""
    study = make_study(events={"startServerStep": value, "stopServerStep": value})

    assert (study.start_step, study.stop_step) == (step, step)


@pytest.mark.parametrize(
    ("value", "minutes"), [(30, 30), ("45", 45), (None, 60), (0, 60), ("x", 60), (-5, 60)]
)
def test_max_runtime_of_old_entries_is_an_hour(value: object, minutes: int) -> None:
    """Given no valid maxRuntime, it is 60 minutes."""
    assert make_study(maxRuntime=value).max_runtime == minutes


@pytest.mark.parametrize("broken", [None, [], "text", 5])
def test_broken_parts_are_empty(broken: object) -> None:
    """Given steps and events that are not mappings, the study has no steps and does not fail."""
    study = make_study(steps=broken, events=broken)

    assert (study.last_step, study.file_at(1), study.start_step) == (0, "", None)
    assert study.page_at(1, "u") is None


def test_page_is_that_of_the_participants_group() -> None:
    """Given variants, the page is the participant's; without variants the file itself, or None if it is
    missing."""
    variants = {"a.html": ["a-0.html", "a-1.html"]}
    study = make_study({"a-0.html": "0", "a-1.html": "1", "b.html": "b"}, variants)

    assert [study.page_at(1, user) for user in ("u-0", "u-1")] == ["0", "1"]
    assert study.page_at(10, "u-1") == "b"
    assert study.page_at(11, "u-1") is None


@pytest.mark.parametrize(("css", "text"), [("s.css", "style"), ("other.css", None), (None, None), ("", None)])
def test_css(css: str | None, text: str | None) -> None:
    """Given an existing style sheet, its text is returned, otherwise None."""
    assert make_study({"s.css": "style"}, css=css).read_css() == text


@pytest.mark.parametrize(
    ("existing", "variants"),
    [
        (set(), []),
        ({"a.html"}, []),
        ({"a-0.html", "a-1.html"}, ["a-0.html", "a-1.html"]),
        ({"a-0.html", "a-1.html", "a.html"}, ["a-0.html", "a-1.html", "a.html"]),
        ({"a-0.html", "a-2.html"}, ["a-0.html"]),
        ({"a-1.html", "a-2.html", "a.html"}, []),
        ({"b-0.html", "aa-0.html", "a-00.html", "a-0.htm"}, []),
        ({f"a-{n}.html" for n in range(12)}, [f"a-{n}.html" for n in range(12)]),
    ],
)
def test_variants_are_ordered_by_number(existing: set[str], variants: list[str]) -> None:
    """Given the existing files, the variants are -0 to -(n-1) without a gap, and the plain file as one
    more."""
    assert order_variants("a.html", existing) == variants


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (7, 7),
        ("12", 12),
        (True, None),
        (1.0, None),
        ("1.0", None),
        ("-1", None),
        (None, None),
        ("²", None),
    ],
)
def test_whole_numbers(value: object, number: int | None) -> None:
    """Given a whole number or its digits, the number is returned, otherwise None."""
    assert read_number(value) == number
