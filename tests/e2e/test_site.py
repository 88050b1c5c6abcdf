"""The deployed site: page and images through CloudFront, nothing without it, the same on this machine."""

import http.client
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.account_view import AccountView
from tests.e2e.participant import Participant
from tests.e2e.running_platform import REPOSITORY, RunningPlatform

pytestmark = pytest.mark.e2e

PICTURE = (REPOSITORY / "examples" / "mountain_car" / "StepFiles" / "game.png").read_bytes()
Answer = tuple[int, dict[str, str], bytes]


def get(port: int, path: str, **headers: str) -> Answer:
    """Send GET to a port of this machine; return status, headers in lower case and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


class Site:
    """The CloudFront distribution of a platform."""

    def __init__(self, platform: RunningPlatform) -> None:
        self.outputs = platform.outputs
        self.stack: dict[str, str] = platform.outputs["stackOutputs"]
        found = platform.make_client("cloudfront").get_distribution(Id=self.stack["DistributionId"])
        self.name = found["Distribution"]["DomainName"]
        self.port = urlsplit(self.outputs["endpointUrl"]).port or 0

    def get(self, path: str, **headers: str) -> Answer:
        """Send GET to the distribution, as a browser does."""
        return get(self.port, path, Host=self.name.replace(".net", ".localhost"), **headers)


@pytest.fixture(scope="module")
def site(running_platform: RunningPlatform) -> Site:
    """Return the site of the shared platform."""
    return Site(running_platform)


@pytest.fixture
def picture_url(platform: dict[str, Any], request: pytest.FixtureRequest) -> str:
    """Return the address of the image on a participant's quiz page."""
    participant = Participant(platform, f"site-{request.node.name.replace('_', '-')}"[:48].rstrip("-"))
    participant.begin()
    page = participant.submit({"consent": "yes"})["page"]
    found = re.search(r'<img class="picture" src="([^"]+)"', page)
    assert found, page
    return found[1]


def test_distribution_serves_the_page(site: Site) -> None:
    """Given the distribution's address alone, it serves the page, not cached and framed by itself only."""
    status, headers, body = site.get("/")

    assert status == 200
    assert body.lower().startswith(b"<!doctype html>")
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-cache"
    assert headers["content-security-policy"] == f"frame-ancestors 'self' {site.stack['SiteUrl']}"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_distribution_serves_the_configuration(site: Site) -> None:
    """Given config.json, the page finds the stack's API and a separate origin for study pages."""
    status, headers, body = site.get("/config.json")

    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == {"nextUrl": site.stack["NextUrl"], "pagesUrl": f"https://{site.name}/"}


def test_every_file_of_the_page_is_there(site: Site) -> None:
    """Given web/, the distribution serves each of its files with the right content type."""
    names = {path.name for path in (REPOSITORY / "web").iterdir() if path.is_file()}
    answers = {name: site.get(f"/{name}") for name in names}

    assert {"index.html", "main.js", "style.css"} <= names
    assert {name for name, (status, _, _) in answers.items() if status != 200} == set()
    assert {headers["content-type"].split(";")[0] for _, headers, _ in answers.values()} == {
        "text/css",
        "text/html",
        "text/javascript",
    }


def test_bucket_is_not_read_without_the_distribution(site: Site, picture_url: str) -> None:
    """Given no signature, the bucket itself serves neither the page nor an image."""
    for key in ("/index.html", urlsplit(picture_url).path):
        assert site.get(key)[0] == 200
        assert get(site.port, f"/{site.stack['SiteBucketName']}{key}")[0] == 403


def test_picture_comes_through_the_distribution(site: Site, picture_url: str) -> None:
    """Given the study's image, it is complete, cached permanently, open to any origin, and runs no script."""
    status, headers, body = site.get(urlsplit(picture_url).path, Origin="null")

    assert (status, body) == (200, PICTURE)
    assert headers["content-type"] == "image/png"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cross-origin-resource-policy"] == "cross-origin"


def test_picture_of_the_local_page_is_the_same(platform: dict[str, Any], picture_url: str) -> None:
    """Given the address on the participant's page, this machine's web server serves the image."""
    address = urlsplit(picture_url)
    status, headers, body = get(platform["webPort"], address.path)

    assert (address.hostname, address.port) == ("localhost", platform["webPort"])
    assert (status, headers["content-type"], body) == (200, "image/png", PICTURE)
    assert headers["cache-control"] == "public, max-age=31536000, immutable"


def test_part_of_a_picture_comes_from_the_local_page(platform: dict[str, Any], picture_url: str) -> None:
    """Given a range, the response is 206 with that part, as films need it."""
    status, headers, body = get(platform["webPort"], urlsplit(picture_url).path, Range="bytes=1-3")

    assert (status, body) == (206, b"PNG")
    assert headers["content-range"] == f"bytes 1-3/{len(PICTURE)}"


def test_local_page_has_the_headers_of_the_deployed_one(site: Site, platform: dict[str, Any]) -> None:
    """Given the page from disk, its headers are those of the distribution, except for TLS and caching."""
    deployed, local = site.get("/")[1], get(platform["webPort"], "/")[1]

    for name in ("x-content-type-options", "referrer-policy", "content-type"):
        assert local[name] == deployed[name]
    frames = local["content-security-policy"]
    assert frames.startswith(deployed["content-security-policy"])
    assert frames.endswith(f"http://127.0.0.1:{platform['webPort']}")


def test_media_of_the_study_are_private(running_platform: RunningPlatform) -> None:
    """Given media that researchers upload, a request without a signature is refused."""
    account = AccountView(running_platform)
    key = f"{account.outputs['projectId']}/_media/game.png"

    assert key in account.list_keys(key)
    assert (
        get(urlsplit(account.outputs["endpointUrl"]).port or 0, f"/{account.outputs['bucket']}/{key}")[0]
        == 403
    )
