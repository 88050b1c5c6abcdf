"""The stored headers of a request: all but credentials, and the address as the operator chose."""

from typing import Any

import pytest

from tests.support.study_world import StudyWorld


def store_headers(world: StudyWorld, load_event: Any, headers: dict[str, str]) -> dict[str, str]:
    """Return the headers in the record of a newcomer who sent these."""
    assert world.send_event(load_event("next_get") | {"headers": headers}).status == 200
    return world.record()["requests"][0]["headers"]


def test_headers_are_stored_as_they_came(world: StudyWorld, load_event: Any) -> None:
    """Given the sample request, all its headers are stored, and by default the address is shortened."""
    headers = load_event("next_get")["headers"]

    stored = store_headers(world, load_event, headers)

    assert stored == headers | {"X-Forwarded-For": "198.51.100.0"}


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "authorization",
        "Cookie",
        "COOKIE",
        "Proxy-Authorization",
        "x-api-key",
        "X-Amz-Security-Token",
    ],
)
def test_credentials_are_never_stored(world: StudyWorld, load_event: Any, name: str) -> None:
    """Given a header with a credential, in any spelling, none of it is stored."""
    world.set_environment(CLIENT_ADDRESS="whole")

    stored = store_headers(world, load_event, {name: "secret", "Accept": "*/*"})

    assert stored == {"Accept": "*/*"}


@pytest.mark.parametrize(
    ("choice", "stored"),
    [
        ("whole", {"X-Forwarded-For": "198.51.100.23, 2001:db8:aaaa:bbbb::1"}),
        ("shortened", {"X-Forwarded-For": "198.51.100.0, 2001:db8:aaaa::"}),
        ("none", {}),
        ("a typing error", {}),
    ],
)
def test_address_is_stored_as_the_operator_chose(
    world: StudyWorld, load_event: Any, choice: str, stored: dict[str, str]
) -> None:
    """Given each value of CLIENT_ADDRESS, the address is stored whole, as its network, or not at all."""
    world.set_environment(CLIENT_ADDRESS=choice)
    headers = {"X-Forwarded-For": "198.51.100.23, 2001:db8:aaaa:bbbb::1"}

    assert store_headers(world, load_event, headers) == stored


@pytest.mark.parametrize("name", ["x-forwarded-for", "X-Real-IP", "Forwarded", "CloudFront-Viewer-Address"])
def test_all_headers_that_carry_the_address_are_meant(world: StudyWorld, load_event: Any, name: str) -> None:
    """Given the address in another header, in any form, it is not stored whole by default."""
    stored = store_headers(world, load_event, {name: "for=198.51.100.23:443"})

    assert "198.51.100.23" not in str(stored)


def test_participant_records_are_tagged_for_retention(world: StudyWorld) -> None:
    """Given a record that is created and written again, it has the tag of the bucket's retention rule;
    nothing else has."""
    world.get()
    world.post({})

    tagged = [
        key
        for key in world.list_keys()
        if world.s3.get_object_tagging(Bucket="hippo-data", Key=key)["TagSet"]
    ]

    assert tagged == world.list_keys("mountain_car/Users/")
    tags = world.s3.get_object_tagging(Bucket="hippo-data", Key=tagged[0])["TagSet"]
    assert tags == [{"Key": "kind", "Value": "participant"}]


def test_query_is_stored(world: StudyWorld) -> None:
    """Given additional parameters, as recruiting services add them, they are stored with the request."""
    world.get(recruitedBy="a service")

    assert world.record()["requests"][0]["queryStringParameters"]["recruitedBy"] == "a service"
