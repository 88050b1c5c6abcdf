"""Missing page files, and projects whose files are in another bucket."""

import logging

import pytest

from tests.support.study_world import (
    CONSENT,
    EXTRA_BUCKET,
    PROJECT,
    STRANGE_BUCKET,
    USER,
    StudyWorld,
)


@pytest.fixture
def incomplete_world(empty_world: StudyWorld) -> StudyWorld:
    """Return the sample study, published before its quiz was uploaded."""
    empty_world.publish({"consent.html": CONSENT})
    return empty_world


def test_missing_page_is_reported_clearly_and_the_answer_before_it_is_kept(
    incomplete_world: StudyWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a step whose file is missing, the page says so and whom to contact, an error in the log names
    the file, and the record has the answer that led there."""
    incomplete_world.get()

    answer = incomplete_world.post({"agree": "yes"})

    assert (answer.step, answer.content["error"]) == (2, "page_missing")
    assert "could not be found" in answer.page
    assert "ada@example.org" in answer.page
    assert incomplete_world.bodies()[1] == '{"agree": "yes"}'
    (error,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert vars(error) | {"projectId": PROJECT, "step": 2, "file": "quiz.html"} == vars(error)


def test_answer_to_a_missing_page_advances(incomplete_world: StudyWorld) -> None:
    """Given the notice of a missing page, submitting it continues the study."""
    incomplete_world.get()
    incomplete_world.post({})

    assert incomplete_world.post({}).step == 3


def test_page_uploaded_after_publishing_is_found(incomplete_world: StudyWorld) -> None:
    """Given a missing file, it is shown once it is uploaded."""
    incomplete_world.get()
    incomplete_world.post({})

    incomplete_world.upload({"quiz.html": "late"})

    assert incomplete_world.get().page == "late"


def test_researchers_name_is_text_in_the_notice(empty_world: StudyWorld) -> None:
    """Given a researcher's name with HTML characters, it is shown as text."""
    empty_world.publish({}, researcher="<script>alert(1)</script>")

    page = empty_world.get().page

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_missing_css_is_null(empty_world: StudyWorld) -> None:
    """Given a missing style sheet, the page is shown anyway."""
    empty_world.publish({"consent.html": CONSENT})

    answer = empty_world.get()

    assert (answer.page, answer.content["css"]) == (CONSENT, None)


def test_page_in_another_encoding_is_shown_as_well_as_it_goes(empty_world: StudyWorld) -> None:
    """Given a file that is not UTF-8, it is shown with replacement characters, not lost."""
    empty_world.publish({"consent.html": "Zoë".encode("latin-1")})

    assert empty_world.get().page == "Zo\ufffd"


def test_byte_order_mark_is_not_part_of_the_page(empty_world: StudyWorld) -> None:
    """Given a file saved by a Windows editor, its byte order mark is left out."""
    empty_world.publish({"consent.html": b"\xef\xbb\xbf<h1>Hi</h1>"})

    assert empty_world.get().page == "<h1>Hi</h1>"


def test_project_in_an_extra_bucket_is_stored_there(empty_world: StudyWorld) -> None:
    """Given a bucket that the operator has listed, it holds the project's pages, versions and
    participants."""
    empty_world.publish(bucket=EXTRA_BUCKET)

    assert empty_world.get().page == CONSENT
    assert empty_world.list_keys() == ["project_master_list.json"]
    assert f"{PROJECT}/Users/{USER}" in empty_world.list_keys(bucket=EXTRA_BUCKET)
    assert empty_world.record(bucket=EXTRA_BUCKET)["nextStep"] == 2


def test_server_record_of_such_a_project_is_in_the_stacks_bucket(empty_world: StudyWorld) -> None:
    """Given a project in an extra bucket, its participants' servers are stored with all others."""
    empty_world.publish(bucket=EXTRA_BUCKET)

    assert empty_world.reach_game().page == "show_game_page"


def test_project_in_a_bucket_that_is_not_listed_is_not_found(
    world: StudyWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a list, edited by hand, that names an unknown bucket, the response is 400, an error is
    logged, and that bucket is not called."""
    world.upload({"consent.html": "strange"}, bucket=STRANGE_BUCKET)
    world.write_list([world.config | {"bucket": STRANGE_BUCKET}])

    answer = world.get()

    assert (answer.status, answer.content) == (400, "Project ID Not Found")
    assert any(record.levelno == logging.ERROR for record in caplog.records)
    assert {call.parameters["Bucket"] for call in world.aws.calls} == {"hippo-data"}
