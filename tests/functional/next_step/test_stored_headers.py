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


ADDRESS, NETWORK = "198.51.100.23", "198.51.100.0"


@pytest.mark.parametrize(
    "name",
    ["X-Client-IP", "Fastly-Client-IP", "X-Original-Forwarded-For", "X-Azure-ClientIP", "X-My-Own-Header"],
)
@pytest.mark.parametrize(
    "form", ["{}", "{}:443", "10.0.0.1, {}", "::ffff:{}", '"[::ffff:{}]:4711"', "for={};proto=https", "a={}"]
)
def test_an_address_in_any_header_is_shortened(
    world: StudyWorld, load_event: Any, name: str, form: str
) -> None:
    """Given the address in a header that the platform does not know, only its network is stored."""
    stored = store_headers(world, load_event, {name: form.format(ADDRESS), "Accept": "*/*"})

    assert ADDRESS not in str(stored)
    assert NETWORK in stored[name]
    assert stored["Accept"] == "*/*"


@pytest.mark.parametrize("name", ["X-Client-IP", "Forwarded"])
@pytest.mark.parametrize("choice", ["whole", "none"])
def test_addresses_in_other_headers_follow_the_choice(
    world: StudyWorld, load_event: Any, name: str, choice: str
) -> None:
    """Given the address in any header, the operator's choice decides whether it is stored."""
    world.set_environment(CLIENT_ADDRESS=choice)

    stored = store_headers(world, load_event, {name: f"for={ADDRESS}"})

    assert (f"for={ADDRESS}" in str(stored)) == (choice == "whole")
    assert (NETWORK in str(stored)) is False


@pytest.mark.parametrize(
    "name",
    [
        "CloudFront-Viewer-Latitude",
        "cloudfront-viewer-longitude",
        "CloudFront-Viewer-Postal-Code",
        "CF-IPLatitude",
        "cf-postal-code",
        "X-AppEngine-CityLatLong",
        "X-Vercel-IP-Longitude",
        "X-Akamai-Edgescape",
        "X-Client-Geo-Location",
    ],
)
@pytest.mark.parametrize(("choice", "is_stored"), [("whole", True), ("shortened", False), ("none", False)])
def test_coordinates_follow_the_choice(
    world: StudyWorld, load_event: Any, name: str, choice: str, is_stored: bool
) -> None:
    """Given a header with the client's coordinates or postal code, it is stored only with whole addresses."""
    world.set_environment(CLIENT_ADDRESS=choice)

    stored = store_headers(world, load_event, {name: "53.52", "CloudFront-Viewer-Country": "CA"})

    assert (name in stored) is is_stored
    assert stored["CloudFront-Viewer-Country"] == "CA"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("for=pc17.example.edu;proto=https", "-"),
        ("for=198.51.100.23;proto=https, for=unknown", "for=198.51.100.0;proto=https, -"),
        ("for=198.51.100.0", "for=198.51.100.0"),
    ],
)
def test_forwarded_names_networks_only(world: StudyWorld, load_event: Any, value: str, expected: str) -> None:
    """Given `Forwarded`, elements that name a host instead of an address are not stored."""
    assert store_headers(world, load_event, {"Forwarded": value}) == {"Forwarded": expected}


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


def test_lists_have_a_tag_of_their_own(world: StudyWorld) -> None:
    """Given the lists of admissions and groups, their tag is not that of records, which the retention period
    deletes."""
    world.upload({"survey-0.html": "<h1>Survey 0</h1>"})
    world.publish(maxParticipants=1, groups="balanced")
    world.get()
    world.get(user="refused")

    for name in ("_admission.json", "_groups.json"):
        tags = world.s3.get_object_tagging(Bucket="hippo-data", Key=f"mountain_car/{name}")["TagSet"]
        assert tags == [{"Key": "kind", "Value": "list"}]


def test_query_is_stored(world: StudyWorld) -> None:
    """Given additional parameters, as recruiting services add them, they are stored with the request."""
    world.get(recruitedBy="a service")

    assert world.record()["requests"][0]["queryStringParameters"]["recruitedBy"] == "a service"
