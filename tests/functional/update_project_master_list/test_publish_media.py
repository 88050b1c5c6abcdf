"""Publishing pictures with a study: copied to the site under their hash, and linked from the frozen pages."""

import json
import re
from typing import Any

import pytest

from tests.support.study_world import BUCKET, EXTRA_BUCKET, PAGES, PROJECT, StudyWorld

SITE, SITE_URL = "hippo-site", "https://study.example.org"
LIST = "project_master_list.json"
PAGE = '<h1>Quiz</h1>\n<img src="car.png" alt="A car">'


@pytest.fixture
def site_world(empty_world: StudyWorld) -> StudyWorld:
    """Return a deployment with a site, and an uploaded sample study whose quiz shows a picture."""
    location: Any = {"LocationConstraint": "ca-central-1"}
    empty_world.s3.create_bucket(Bucket=SITE, CreateBucketConfiguration=location)
    empty_world.set_environment(SITE_BUCKET=SITE, SITE_URL=SITE_URL)
    empty_world.upload({**PAGES, "quiz.html": PAGE, "_media/car.png": b"a car"})
    empty_world.aws.reset()
    return empty_world


def read_frozen(world: StudyWorld, name: str, bucket: str = BUCKET) -> str:
    """Return a file of the version that the list names."""
    (entry,) = world.read_list()
    frozen = json.loads(world.read_object(f"{PROJECT}/_versions/{entry['version']}.json", bucket))
    return str(frozen["files"][name])


def test_picture_is_published_with_type_and_caching(site_world: StudyWorld) -> None:
    """Given a picture that a page names, the site has a copy with its type and permanent caching."""
    answer = site_world.update(site_world.config)

    assert (answer["statusCode"], answer["body"]) == (200, "")
    (key,) = site_world.list_keys(bucket=SITE)
    assert re.fullmatch(rf"media/{PROJECT}/[0-9a-f]{{20}}\.png", key)
    stored = site_world.s3.get_object(Bucket=SITE, Key=key)
    assert stored["Body"].read() == b"a car"
    assert stored["ContentType"] == "image/png"
    assert stored["CacheControl"] == "public, max-age=31536000, immutable"
    assert read_frozen(site_world, "quiz.html") == PAGE.replace("car.png", f"{SITE_URL}/{key}")


def test_participant_gets_the_address(site_world: StudyWorld) -> None:
    """Given a published study, the page that any front end gets links to the site."""
    site_world.update(site_world.config)
    site_world.clock.advance(11)
    site_world.get()

    page = site_world.post({"page": "consent"}).page

    assert f'<img src="{SITE_URL}/media/{PROJECT}/' in page


def test_source_pages_stay_as_they_are(site_world: StudyWorld) -> None:
    """Given a publication, the researcher's uploads are not changed."""
    site_world.update(site_world.config)

    assert site_world.read_object(f"{PROJECT}/quiz.html") == PAGE


def test_same_picture_again_is_the_same_version_and_no_copy(site_world: StudyWorld) -> None:
    """Given the same pictures, uploaded and published again, nothing is copied and there is no new
    version."""
    site_world.update(site_world.config)
    (before,) = site_world.read_list()
    site_world.upload({"_media/car.png": b"a car"})
    site_world.aws.reset()

    site_world.update(site_world.config)

    assert site_world.read_list() == [before]
    assert "CopyObject" not in site_world.aws.count()
    assert len(site_world.list_keys(bucket=SITE)) == 1


def test_changed_picture_is_another_version_and_the_old_one_keeps_its_own(site_world: StudyWorld) -> None:
    """Given another picture under the same name, newcomers get it, and earlier participants the old one."""
    site_world.update(site_world.config)
    site_world.clock.advance(11)
    site_world.get()
    old = read_frozen(site_world, "quiz.html")
    site_world.upload({"_media/car.png": b"another car"})

    site_world.update(site_world.config)
    site_world.clock.advance(11)

    new = read_frozen(site_world, "quiz.html")
    assert new != old
    assert len(site_world.list_keys(bucket=SITE)) == 2
    assert site_world.post({"page": "consent"}).page == old


def test_missing_picture_is_a_warning(site_world: StudyWorld) -> None:
    """Given a picture that was not uploaded, the study is published, and a warning names page and file."""
    site_world.upload({"consent.html": '<img src="gone.png">'})

    answer = site_world.update(site_world.config)

    assert answer["statusCode"] == 200
    assert answer["body"] == f"Warning: consent.html: gone.png: not found in s3://{BUCKET}/{PROJECT}/_media/"
    assert read_frozen(site_world, "consent.html") == '<img src="gone.png">'


@pytest.mark.parametrize(
    ("code", "status"), [("AccessDenied", 403), ("NoSuchKey", 404), ("PreconditionFailed", 412)]
)
def test_failed_copy_leaves_the_list_as_it_was(site_world: StudyWorld, code: str, status: int) -> None:
    """Given a picture that cannot be copied, the response is 400 with its name, there is no version, and
    the list is unchanged."""
    site_world.update(site_world.config)
    before = (site_world.read_object(LIST), site_world.list_keys(f"{PROJECT}/_versions/"))
    site_world.upload({"_media/car.png": b"another car"})
    site_world.aws.fail("CopyObject", code, status)

    answer = site_world.update(site_world.config | {"name": "New name"})

    assert answer["statusCode"] == 400
    assert f"{PROJECT}/_media/car.png" in answer["body"]
    assert (site_world.read_object(LIST), site_world.list_keys(f"{PROJECT}/_versions/")) == before


def test_only_the_picture_that_was_listed_is_copied(site_world: StudyWorld) -> None:
    """Given the copy, it requires the content that the hash was made from (412 if it has changed, which
    fails the copy; moto does not check)."""
    site_world.update(site_world.config)

    (call,) = [call for call in site_world.aws.calls if call.operation == "CopyObject"]
    listed = site_world.s3.head_object(Bucket=BUCKET, Key=f"{PROJECT}/_media/car.png")
    assert call.parameters["CopySourceIfMatch"] == listed["ETag"]


def test_picture_of_a_project_in_an_extra_bucket(site_world: StudyWorld) -> None:
    """Given a project in a bucket of the operator's list, its pictures come from there."""
    site_world.upload({**PAGES, "quiz.html": PAGE, "_media/car.png": b"a lab's car"}, bucket=EXTRA_BUCKET)

    site_world.update(site_world.config | {"bucket": EXTRA_BUCKET})

    (key,) = site_world.list_keys(bucket=SITE)
    assert site_world.read_object(key, SITE) == "a lab's car"
    assert key in read_frozen(site_world, "quiz.html", EXTRA_BUCKET)


def test_pictures_of_variants_and_of_the_style_sheet_are_published(site_world: StudyWorld) -> None:
    """Given variants of a page and url() in the css file, each has its pictures."""
    site_world.upload(
        {
            "survey-0.html": '<img src="a.png">',
            "survey-1.html": '<img src="b.png">',
            "style.css": "h1 { background: url(deep/c.svg) }",
            "_media/a.png": b"a",
            "_media/b.png": b"b",
            "_media/deep/c.svg": b"<svg/>",
        }
    )

    answer = site_world.update(site_world.config)

    assert answer["body"] == ""
    assert len(site_world.list_keys(f"media/{PROJECT}/", SITE)) == 4
    for name in ("survey-0.html", "survey-1.html", "style.css"):
        assert f"{SITE_URL}/media/{PROJECT}/" in read_frozen(site_world, name)


def test_number_of_calls(site_world: StudyWorld) -> None:
    """Given one picture, there are two listings and one copy more than for a study without, and no
    download."""
    site_world.update(site_world.config)

    expected = {"ListObjectsV2": 5, "CopyObject": 1, "GetObject": len(PAGES) + 1, "PutObject": 2}
    assert site_world.aws.count() == expected
    assert not [key for key in site_world.aws.keys("GetObject") if "_media" in key]


def test_study_without_pictures_costs_no_call_more(site_world: StudyWorld) -> None:
    """Given pages without references, neither media nor site is read."""
    site_world.upload({"quiz.html": PAGES["quiz.html"]})
    site_world.aws.reset()

    site_world.update(site_world.config)

    assert site_world.aws.count() == {"ListObjectsV2": 3, "GetObject": len(PAGES) + 1, "PutObject": 2}


def test_deployment_without_a_site_leaves_references_alone(site_world: StudyWorld) -> None:
    """Given no site, the page is frozen unchanged, with one warning."""
    site_world.set_environment(SITE_BUCKET="", SITE_URL="")

    answer = site_world.update(site_world.config)

    warning = "Warning: quiz.html: relative references are left as they are: this deployment has no site"
    assert (answer["statusCode"], answer["body"]) == (200, warning)
    assert read_frozen(site_world, "quiz.html") == PAGE
