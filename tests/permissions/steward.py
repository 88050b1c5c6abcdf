"""A steward, tagged with a project: stops a server, reads logs, and withdraws participants of two projects.

Only requests that need the stewards' own policy are made under it; all others are made as researchers.
"""

import json
from collections.abc import Callable
from typing import Any

from tests.e2e.account_view import AccountView
from tests.permissions.options import EXTRA_BUCKET
from tests.permissions.researcher import POLICIES, PROJECTS, make_clients, read_server

_USER = "u-withdrawn"
_POLICIES = ("StewardPolicy", "StewardExtraBucketsPolicy")
_LISTS = ("_admission.json", "_groups.json")
# Deleted with a whole study.
_OF_STUDIES = ("_versions/0123456789abcdef.json", "_keys/links", "_config.json")


def look_after(account: AccountView) -> None:
    """Do everything that a steward must be able to do."""
    client = make_clients(account, "steward", _POLICIES)
    bucket, outputs = account.outputs["bucket"], account.outputs["stackOutputs"]
    prepare(account)
    # For a participant without a server, so it has no effect.
    message = json.dumps({"userId": "u-nobody", "delay": 1})
    client("sns").publish(TopicArn=outputs["StopServerTopicArn"], Message=message)
    for group in outputs["FunctionLogGroups"].split(","):
        client("logs").filter_log_events(logGroupName=group, limit=1)
    s3 = client("s3")
    for prefix in ("_servers/", "_slots/q."):
        s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
    for project in PROJECTS:
        read_server(s3, account, project)
    for key in list_keys():
        withdraw(s3, bucket, key)
    leave_lists(account)
    for key in list_keys_of_projects():
        delete_versions(s3, EXTRA_BUCKET, key)
    withdraw_media(client, account)
    for key in (f"{project}/{name}" for project in PROJECTS for name in _OF_STUDIES):
        s3.delete_object(Bucket=bucket, Key=key)


def leave_lists(account: AccountView) -> None:
    """Change lists in an extra bucket under the researchers' policy, which requires a steward's tag."""
    client = make_clients(account, "researcher-and-steward", (*POLICIES, *_POLICIES), hippo_role="steward")
    for key in (f"{project}/{name}" for project in PROJECTS for name in _LISTS):
        client("s3").put_object(Bucket=EXTRA_BUCKET, Key=key, Body=b"{}")


def withdraw_media(client: Callable[[str], Any], account: AccountView) -> None:
    """Delete what the site serves of a published file, and its originals, as `hippo withdraw-media` does."""
    s3, outputs = client("s3"), account.outputs["stackOutputs"]
    site, root = outputs["SiteBucketName"], account.client("s3")
    for project in PROJECTS:
        original, copy = f"{project}/_media/{_USER}.png", f"media/{project}/{'0' * 20}.png"
        root.put_object(Bucket=site, Key=copy, Body=b"")
        s3.list_objects_v2(Bucket=site, Prefix=f"media/{project}/")
        s3.delete_object(Bucket=site, Key=copy)
        for bucket in (account.outputs["bucket"], EXTRA_BUCKET):
            root.put_object(Bucket=bucket, Key=original, Body=b"")
            delete_versions(s3, bucket, original)
    batch = {"Paths": {"Quantity": 1, "Items": ["/media/lab/0.png"]}, "CallerReference": _USER}
    client("cloudfront").create_invalidation(
        DistributionId=outputs["DistributionId"], InvalidationBatch=batch
    )


def list_keys() -> list[str]:
    """Return the keys of a participant who withdraws."""
    own = [f"_servers/{_USER}.json", f"_slots/q.20300101T000000000Z.{_USER}.lab"]
    return [*list_keys_of_projects(), *own]


def list_keys_of_projects() -> list[str]:
    """Return those of the keys that are in a project's bucket."""
    names = (f"Users/{_USER}", f"Trials/{_USER}/1", *_LISTS)
    return [f"{project}/{name}" for project in PROJECTS for name in names]


def prepare(account: AccountView) -> None:
    """Store the objects that the platform and game servers leave."""
    put: Callable[..., Any] = account.client("s3").put_object
    for key in list_keys():
        put(Bucket=account.outputs["bucket"], Key=key, Body=b"{}")
    for key in list_keys_of_projects():
        put(Bucket=EXTRA_BUCKET, Key=key, Body=b"{}")


def withdraw(s3: Any, bucket: str, key: str) -> None:
    """Delete all versions of an object permanently; versions of a queue entry do not matter."""
    if key.startswith("_slots/"):
        s3.delete_object(Bucket=bucket, Key=key)
        return
    if key.endswith(_LISTS):
        s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    delete_versions(s3, bucket, key)


def delete_versions(s3: Any, bucket: str, key: str) -> None:
    """Delete all versions of an object."""
    for version in s3.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", []):
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
