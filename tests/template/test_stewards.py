"""Stewards' permissions: they look after participants of their projects, and nothing else."""

import re

import pytest
from template_file import as_list, load_template

TAG = "${!aws:PrincipalTag/hippo-project}"
# Actions on resources that all projects share, each with its limit.
SHARED = {
    "StopServers": {"Ref": "StopServerTopic"},
    "ReadServers": {"Fn::Sub": "${DataBucket.Arn}/_servers/*"},
    "ListServers": {"Fn::GetAtt": "DataBucket.Arn"},
    "ListVersions": {"Fn::GetAtt": "DataBucket.Arn"},
    "ForgetMedia": {
        "Fn::Sub": "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${SiteDistribution}"
    },
    "ListPublishedMedia": {"Fn::GetAtt": "SiteBucket.Arn"},
    "LeaveQueue": {"Fn::Sub": "${DataBucket.Arn}/_slots/q.*"},
    "ReadFunctionLogs": [
        {"Fn::GetAtt": f"{name}LogGroup.Arn"} for name in ("NextStep", "StartServer", "StopServer")
    ],
}


@pytest.fixture(scope="module")
def statements():
    """Return the statements of the stewards' policy by their Sid."""
    document = load_template()["Resources"]["StewardPolicy"]["Properties"]["PolicyDocument"]
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_stewards_may_do_only_what_is_spelled_out(statements):
    """Given the policy, no action is a wildcard, and none is allowed on everything."""
    actions = [action for one in statements.values() for action in as_list(one["Action"])]
    assert len(actions) == len(statements)
    assert [action for action in actions if "*" in action] == []
    assert [one for one in statements.values() if one["Resource"] == "*"] == []
    assert {sid: one["Resource"] for sid, one in statements.items() if sid in SHARED} == SHARED


def test_stewards_delete_by_their_tag_only(statements):
    """Given an object that stewards may delete or change, it belongs to the tag's projects or is a server
    record."""
    allowed = {sid: one for sid, one in statements.items() if one["Effect"] == "Allow"}
    found = {sid: as_list(one["Resource"]) for sid, one in allowed.items() if sid not in SHARED}
    media = [resource["Fn::Sub"] for resource in found.pop("WithdrawMedia")]
    assert media == [f"${{SiteBucket.Arn}}/media/{TAG}/*", f"${{SiteBucket.Arn}}/media/{TAG}-*"]
    assert set(found) == {"Withdraw", "Lists", "DeleteStudies"}
    published = found.pop("DeleteStudies")
    assert statements["DeleteStudies"]["Action"] == "s3:DeleteObject"  # the bucket keeps old versions
    assert [resource["Fn::Sub"] for resource in published] == [
        f"${{DataBucket.Arn}}/{TAG}{middle}/{key}"
        for key in ("_versions/*", "_keys/links", "_config.json")
        for middle in ("", "-*")
    ]
    for resources in found.values():
        for resource in resources:
            name = resource["Fn::Sub"]
            own = re.fullmatch(
                re.escape("${DataBucket.Arn}/" + TAG)
                + r"(-\*)?/(Users/\*|Trials/\*|_media/\*|_admission\.json|_groups\.json)",
                name,
            )
            assert own or name == "${DataBucket.Arn}/_servers/*", name


def test_listings_are_limited_by_prefix(statements):
    """Given the two listings, neither covers the whole bucket."""
    for sid in ("ListServers", "ListVersions"):
        prefixes = statements[sid]["Condition"]["StringLike"]["s3:prefix"]
        assert prefixes
        assert all(
            re.match(r"_servers/|_slots/q\.|\$\{aws:PrincipalTag/hippo-project\}[/-]", p) for p in prefixes
        )


def test_stewards_list_published_media_of_their_projects(statements):
    """Given the site's bucket, stewards list only the media of the tag's projects."""
    tag = TAG.replace("!", "")
    condition = statements["ListPublishedMedia"]["Condition"]
    assert condition == {"StringLike": {"s3:prefix": [f"media/{tag}/*", f"media/{tag}-*"]}}


def test_stewards_of_extra_buckets_withdraw_there():
    """Given an extra bucket, stewards delete versions in their projects except published ones and keys, and
    do nothing else."""
    extra = load_template()["Resources"]["StewardExtraBucketsPolicy"]
    assert extra["Condition"] == "HasExtraBuckets"
    statements = {one["Sid"]: one for one in extra["Properties"]["PolicyDocument"]["Statement"]}
    denied = statements.pop("ButNotWhatIsPublished")
    tag = TAG.replace("!", "")
    patterns = {}
    for sid, one in statements.items():
        assert one["Effect"] == "Allow"
        pattern, names = one["Resource"]["Fn::Split"][1]["Fn::Sub"]
        ending = pattern.removeprefix("arn:aws:s3:::${Buckets}")
        assert names["Buckets"]["Fn::Join"][0] == ending.replace("${!", "${") + ",arn:aws:s3:::"
        patterns[sid] = (one["Action"], ending)
    assert patterns == {
        "Withdraw": ("s3:DeleteObjectVersion", f"/{TAG}/*"),
        "WithdrawWhereIdsBeginSo": ("s3:DeleteObjectVersion", f"/{TAG}-*"),
        "ListVersions": ("s3:ListBucketVersions", ""),
    }
    assert statements["ListVersions"]["Condition"] == {"StringLike": {"s3:prefix": [f"{tag}/*", f"{tag}-*"]}}
    assert (denied["Effect"], denied["Action"]) == ("Deny", "s3:DeleteObjectVersion")
    assert sorted(denied["Resource"]) == sorted(
        f"arn:aws:s3:::*/{tag}{middle}{key}" for middle in ("/", "-*/") for key in ("_versions/*", "_keys/*")
    )


def test_slots_and_queue_leave_no_names_behind():
    """Given old versions of slots and of the queue, which name participants, they are deleted after a day."""
    rules = load_template()["Resources"]["DataBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    (rule,) = [rule for rule in rules if rule.get("Prefix") == "_slots/"]
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert rule["ExpiredObjectDeleteMarker"] is True
    assert "ExpirationInDays" not in rule
