"""The environment of a function: complete, or refused with every error at once."""

import pytest

from hippo.errors import SettingsError
from hippo.settings import (
    NextStepSettings,
    PublishSiteSettings,
    StartServerSettings,
    read_settings,
    variable_names,
)

NEXT_STEP = {
    "BUCKET": "data",
    "HOSTED_ZONE_ID": "Z1",
    "ROOT_DOMAIN": "example.org",
    "START_SERVER_TOPIC_ARN": "arn:start",
    "STOP_SERVER_TOPIC_ARN": "arn:stop",
}
START_SERVER = {
    "BUCKET": "data",
    "HOSTED_ZONE_ID": "Z1",
    "ROOT_DOMAIN": "example.org",
    "SECURITY_GROUP": "sg-1",
    "STOP_SERVER_TOPIC_ARN": "arn:stop",
    "SUBNET": "subnet-1, subnet-2",
    "MAX_RUNTIME": "45",
}


def test_needed_variables_suffice() -> None:
    """Given only the variables without a default, the others have the documented defaults."""
    settings = read_settings(NextStepSettings, NEXT_STEP | {"UNRELATED": "x"})

    assert (settings.bucket, settings.root_domain) == ("data", "example.org")
    assert settings.reserved_names == ("www", "api", "mail", "ns*")
    assert (settings.client_address, settings.project_cache_seconds) == ("shortened", 10.0)
    assert (settings.game_server_url, settings.extra_buckets) == ("wss://{host}:5000", ())
    assert (settings.retry_after_seconds, settings.usual_start_seconds) == (5.0, 75.0)


def test_numbers_and_lists_are_read() -> None:
    """Given a number and a list with spaces, they are read as an int and a tuple."""
    settings = read_settings(StartServerSettings, START_SERVER)

    assert (settings.max_runtime, settings.subnet) == (45, ("subnet-1", "subnet-2"))


def test_every_error_is_reported_at_once() -> None:
    """Given two missing variables, an empty one and one that is not a number, one error names all four."""
    environ = START_SERVER | {"MAX_RUNTIME": "an hour", "ROOT_DOMAIN": " "}
    del environ["BUCKET"], environ["SUBNET"]

    with pytest.raises(SettingsError) as caught:
        read_settings(StartServerSettings, environ)

    for text in (
        "BUCKET is missing",
        "SUBNET is missing",
        "ROOT_DOMAIN is missing",
        "MAX_RUNTIME must be a number; it is 'an hour'",
    ):
        assert text in str(caught.value)


def test_empty_list_is_a_list_without_elements() -> None:
    """Given an empty RESERVED_NAMES, nothing is reserved, as the operator chose."""
    assert read_settings(NextStepSettings, NEXT_STEP | {"RESERVED_NAMES": ""}).reserved_names == ()


def test_empty_number_is_the_default() -> None:
    """Given an empty PROJECT_CACHE_SECONDS, the default applies."""
    settings = read_settings(NextStepSettings, NEXT_STEP | {"PROJECT_CACHE_SECONDS": ""})

    assert settings.project_cache_seconds == 10.0


def test_variables_are_named_after_fields() -> None:
    """Given a settings class, its variables are named as the template must set them."""
    assert variable_names(PublishSiteSettings) == ["SITE_BUCKET", "SITE_FOLDER"]
