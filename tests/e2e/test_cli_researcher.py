"""A study's servers as the tool shows them under the researchers' policy alone."""

import json
from pathlib import Path

import pytest

from hippo.records.server import ServerRecord, format_object_tags, write_record
from tests.e2e.account_view import AccountView
from tests.e2e.running_platform import RunningPlatform
from tests.e2e.test_cli_local import make_variables, run
from tests.e2e.test_cli_operate import enter, make_person, read

pytestmark = pytest.mark.e2e


def test_a_researcher_sees_the_servers_of_their_study(
    running_platform: RunningPlatform, tmp_path: Path
) -> None:
    """Given a participant and one who has moved to another project, researchers see the first only."""
    # A policy that denies the records is distinguished from an absence of servers.
    # A researcher may not list all servers of the stack.
    account = AccountView(running_platform)
    project = str(account.outputs["projectId"])
    player = enter(account)
    guest = put_guest(account, project)
    variables = make_variables(account.outputs) | make_person(account, "ResearcherPolicyArn")

    status = read(run("status", project, "--json", directory=tmp_path, **variables))
    servers = read(run("servers", project, "--json", directory=tmp_path, **variables))
    of_operator = read(
        run("servers", "--json", "--all", directory=tmp_path, **make_variables(account.outputs))
    )
    of_all = run("servers", directory=tmp_path, **variables)
    take_servers_away(account, variables["AWS_ACCESS_KEY_ID"])
    refused = run("servers", project, directory=tmp_path, **variables)
    blind = read(run("status", project, "--json", directory=tmp_path, **variables))
    stop = {"userId": player.user_id, "reason": "stopped by hand"}
    account.client("sns").publish(
        TopicArn=account.outputs["stackOutputs"]["StopServerTopicArn"], Message=json.dumps(stop)
    )

    assert player.user_id in [server["userId"] for server in status["servers"]]
    (line,) = [one for one in servers if one["userId"] == player.user_id]
    assert (line["state"], line["projectId"]) == ("ready", project)
    assert guest not in [one["userId"] for one in servers]
    assert guest in [one["userId"] for one in of_operator]
    assert (of_all.returncode, refused.returncode) == (3, 3)
    assert "StewardPolicy" in of_all.stderr
    assert "hippo-project" in refused.stderr
    assert blind["servers"] is None
    assert "may not read their records" in " ".join(blind["remarks"])


def put_guest(account: AccountView, project: str) -> str:
    """Store a participant of the project who has moved to another one; return their id."""
    user_id, put = "guest-elsewhere", account.client("s3").put_object
    record = ServerRecord(user_id, "elsewhere", "stopped")
    where = {"Bucket": account.outputs["bucket"]}
    put(**where, Key=f"{project}/Users/{user_id}", Body=json.dumps({"nextStep": 5, "requests": []}).encode())
    put(
        **where,
        Key=f"_servers/{user_id}.json",
        Body=write_record(record),
        Tagging=format_object_tags(record),
    )
    return user_id


def take_servers_away(account: AccountView, key: str) -> None:
    """Deny the holder of an access key all server records, as a policy without them does."""
    iam = account.client("iam")
    name = iam.get_access_key_last_used(AccessKeyId=key)["UserName"]
    statement = {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{account.outputs['bucket']}/_servers/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="no-servers", PolicyDocument=document)
