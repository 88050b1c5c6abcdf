"""Options of the template that add a permission, switched on for a running platform."""

from typing import Any

from tests.e2e.account_view import AccountView
from tests.permissions.policies import OPTIONS

EXTRA_BUCKET = OPTIONS["ExtraBuckets"]
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
# Without its own name the page has another config.json, so it is published again.
_SWITCHED = {**OPTIONS, "SiteUrl": ""}


def switch_on(account: AccountView) -> None:
    """Update the stack, and delete the files that an earlier version of the page left."""
    s3 = account.client("s3")
    s3.create_bucket(
        Bucket=EXTRA_BUCKET, CreateBucketConfiguration={"LocationConstraint": account.outputs["region"]}
    )
    site = account.outputs["stackOutputs"]["SiteBucketName"]
    s3.put_object(Bucket=site, Key="left_over.js", Body=b"")
    update_stack(account, parameters=_SWITCHED)


def update_stack(
    account: AccountView, *, parameters: dict[str, str] | None = None, template: str | None = None
) -> None:
    """Deploy again with other parameters or another template, and wait until it is done."""
    client, stack = account.client("cloudformation"), account.outputs["stack"]
    known = client.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
    given = parameters or {}
    source: dict[str, Any] = {"UsePreviousTemplate": True}
    if template:
        source = {"TemplateURL": store_template(account, template)}
    client.update_stack(
        StackName=stack,
        Parameters=[_give(entry["ParameterKey"], given) for entry in known],
        Capabilities=_CAPABILITIES,
        **source,
    )
    client.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


def _give(name: str, given: dict[str, str]) -> dict[str, Any]:
    value = {"ParameterValue": given[name]} if name in given else {"UsePreviousValue": True}
    return {"ParameterKey": name, **value}


def store_template(account: AccountView, template: str) -> str:
    """Store a template, which is longer than a request may be, and return its URL for CloudFormation."""
    bucket, key = account.outputs["stackOutputs"]["SiteBucketName"], "template.json"
    account.client("s3").put_object(Bucket=bucket, Key=key, Body=template.encode())
    return f"https://s3.{account.outputs['region']}.amazonaws.com/{bucket}/{key}"
