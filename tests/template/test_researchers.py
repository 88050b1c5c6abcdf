"""Researchers' permissions and parameters, and the protection of buckets and names."""

import copy
import json
import re
from fnmatch import fnmatchcase

import pytest
from evaluated_template import evaluate
from template_file import ROOT, as_list, list_statements, load_template

from hippo.host_labels import choose_host_label, derive_host_label
from hippo.records.participant import LIST_TAG, RECORD_TAG

TAG = "${!aws:PrincipalTag/hippo-project}"
# Characters of a managed policy, without white space (IAM user guide, "IAM and AWS STS quotas").
POLICY_LIMIT = 6144
# No resource-level permissions (Service Authorization Reference: Amazon ECR, Amazon ECS).
ON_EVERYTHING = {
    "RegistryLogin": ["ecr:GetAuthorizationToken"],
    "LookUpTaskDefinitions": ["ecs:ListTaskDefinitions", "ecs:DescribeTaskDefinition"],
}
# Actions on resources that all projects of the stack share.
SHARED = {"Publish", "ListRepositories", "TaskRoles", "ReadStack", "ListProjects", "ReadServers"}
LONGEST = {
    "AWS::Partition": "aws",
    "AWS::Region": "ap-northeast-1",
    "AWS::AccountId": "0" * 12,
    "Prefix": "p" * 12,
    "DataBucket.Arn": "arn:aws:s3:::" + "b" * 63,
}


def resources():
    """Return the template's resources."""
    return load_template()["Resources"]


def researcher_statements():
    """Return the statements of the researchers' policy by their Sid."""
    document = resources()["ResearcherPolicy"]["Properties"]["PolicyDocument"]
    return {statement["Sid"]: statement for statement in document["Statement"]}


def fill_in(value):
    """Return a resource of a policy with the longest possible names filled in."""
    if isinstance(value, dict):
        ((kind, inner),) = value.items()
        if kind == "Fn::Sub":
            text = re.sub(r"\$\{([^!}]+)\}", lambda match: LONGEST[match[1]], inner)
            return text.replace("${!", "${")
        return "arn:aws:iam::000000000000:role/" + "r" * 64
    return value


def test_researchers_may_do_only_what_is_spelled_out():
    """Given the researchers' policy, no action is a wildcard, and each action with a resource type names its
    resource."""
    statements = researcher_statements()
    actions = [a for s in statements.values() for a in as_list(s["Action"])]
    assert actions
    assert [a for a in actions if "*" in a] == []
    found = {sid: as_list(s["Action"]) for sid, s in statements.items() if s["Resource"] == "*"}
    assert found == ON_EVERYTHING


def test_researchers_reach_projects_only_by_their_tag():
    """Given a project's resource, it belongs to the project of the tag, or to one whose id begins with it and
    a hyphen."""
    shared = SHARED | set(ON_EVERYTHING)
    allowed = {sid: v for sid, v in researcher_statements().items() if v["Effect"] == "Allow"}
    by_project = {sid: statement for sid, statement in allowed.items() if sid not in shared}
    assert by_project
    for sid, statement in by_project.items():
        for resource in statement["Resource"]:
            assert re.search(re.escape(TAG) + r"(/|:|-\*|$)", resource["Fn::Sub"]), (sid, resource)
            assert resource["Fn::Sub"].count("*") <= 2


def test_researchers_read_server_records_by_tag_and_list_none():
    """Given a server record, researchers read it if its tag names their project, and cannot list other
    projects' participants."""
    statements = researcher_statements()
    tag = TAG.replace("!", "")
    assert statements["ReadServers"]["Action"] == "s3:GetObject"
    assert statements["ReadServers"]["Resource"] == {"Fn::Sub": "${DataBucket.Arn}/_servers/*"}
    assert statements["ReadServers"]["Condition"] == {
        "StringLike": {"s3:ExistingObjectTag/hippo-project": [tag, f"{tag}-*"]}
    }
    assert statements["ListProjects"]["Condition"] == {"StringLike": {"s3:prefix": [f"{tag}/*", f"{tag}-*"]}}
    assert "s3:PutObjectTagging" not in [a for s in statements.values() for a in as_list(s["Action"])]


@pytest.mark.parametrize("role", ["StartServerRole", "StopServerRole"])
def test_writers_of_server_records_tag_nothing_else(role):
    """Given a role that writes server records, it may tag objects where these are, and nowhere else."""
    (statement,) = [s for s in list_statements(role) if "s3:PutObjectTagging" in as_list(s["Action"])]
    assert statement["Resource"] == {"Fn::Sub": "${DataBucket.Arn}/_servers/*"}


def test_wide_permissions_of_researchers_have_their_reason():
    """Given a statement on `*`, a comment above it in the template gives the reason."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    lines = text[text.index("\n  ResearcherPolicy:") :].splitlines()
    for sid in (*ON_EVERYTHING, "ListRepositories"):
        place = next(n for n, line in enumerate(lines) if line.strip() == f"- Sid: {sid}")
        assert lines[place - 1].strip().startswith("#"), sid


def test_researchers_pass_the_two_roles_only():
    """Given a researcher's task definition, it may name only the stack's two roles, and only ECS may assume
    them."""
    statement = researcher_statements()["TaskRoles"]
    assert statement["Resource"] == [
        {"Fn::GetAtt": "TaskRole.Arn"},
        {"Fn::GetAtt": "TaskExecutionRole.Arn"},
    ]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_the_policy_of_researchers_fits_whatever_the_names():
    """Given the longest names of bucket, region, prefix and function, the policy stays below the limit of
    IAM."""
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {**s, "Resource": [fill_in(r) for r in as_list(s["Resource"])]}
            for s in researcher_statements().values()
        ],
    }
    assert 1000 < len(json.dumps(document, separators=(",", ":"))) <= POLICY_LIMIT


def test_answers_in_extra_buckets_are_protected_from_researchers():
    """Given an extra bucket, researchers reach their projects there, and cannot change the platform's
    objects."""
    extra = resources()["ResearcherExtraBucketsPolicy"]
    assert extra["Condition"] == "HasExtraBuckets"
    allowed, denied = {}, {}
    for statement in extra["Properties"]["PolicyDocument"]["Statement"]:
        if statement["Effect"] == "Deny":
            denied[statement["Sid"]] = statement
            continue
        pattern, names = statement["Resource"]["Fn::Split"][1]["Fn::Sub"]
        ending = pattern.removeprefix("arn:aws:s3:::${Buckets}")
        assert names["Buckets"]["Fn::Join"][0] == ending.replace("${!", "${") + ",arn:aws:s3:::"
        allowed[ending] = as_list(statement["Action"])
    changes = ["s3:PutObject", "s3:PutObjectAcl", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    wanted = {"": ["s3:ListBucket"]}
    wanted |= {f"/{TAG}{end}": ["s3:GetObject", *changes] for end in ("/*", "-*")}
    assert allowed == wanted
    tag = TAG.replace("!", "")
    for sid, keys, actions in (
        ("ButNotAnswers", ("Users/*", "Trials/*"), changes),
        # Only stewards delete versions, with the whole study. No person changes one.
        ("ButNotVersions", ("_versions/*",), [*changes[:2], changes[3]]),
        # Lists are written as one object.
        ("ButNotLists", ("_admission.json", "_groups.json", "_versions/*"), changes[:3]),
    ):
        statement = denied.pop(sid)
        assert statement["Action"] == actions
        assert sorted(statement["Resource"]) == sorted(
            f"arn:aws:s3:::*/{tag}{middle}{key}" for middle in ("/", "-*/") for key in keys
        )
        only_stewards = {"StringNotEquals": {"aws:PrincipalTag/hippo-role": "steward"}}
        assert statement.get("Condition") == (only_stewards if sid == "ButNotLists" else None)
    assert denied == {}


@pytest.mark.parametrize("name", ["ResearcherExtraBucketsPolicy", "StewardExtraBucketsPolicy"])
def test_policies_of_extra_buckets_have_room_for_twenty(name):
    """Given twenty bucket names of 20 characters, each policy has room for them, so that a stack which has
    them can be upgraded."""
    buckets = [f"{'b' * 18}{number:02}" for number in range(20)]
    document = copy.deepcopy(resources()[name]["Properties"]["PolicyDocument"])
    for statement in document["Statement"]:
        if isinstance(statement["Resource"], dict):
            pattern = statement["Resource"]["Fn::Split"][1]["Fn::Sub"][0].replace("${!", "${")
            statement["Resource"] = [pattern.replace("${Buckets}", bucket) for bucket in buckets]
    assert 4000 < len(json.dumps(document, separators=(",", ":"))) <= POLICY_LIMIT


def test_parameters_repeat_the_outputs():
    """Given the SSM parameters, they have the names and values of the outputs."""
    outputs = load_template()["Outputs"]
    parameters = {k: r for k, r in resources().items() if r["Type"] == "AWS::SSM::Parameter"}
    assert len(parameters) > 10
    for logical_id, parameter in parameters.items():
        name = logical_id.removesuffix("Parameter")
        assert parameter["Properties"]["Name"] == {"Fn::Sub": f"/hippo/${{Prefix}}/{name}"}
        expected = outputs[name]["Value"] if name in outputs else {"Ref": name}
        if name != "StackName":
            assert parameter["Properties"]["Value"] == expected, name
    roles = {"TaskRoleArnParameter", "TaskExecutionRoleArnParameter", "UpdateFunctionNameParameter"}
    assert roles <= set(parameters)


@pytest.mark.parametrize("bucket", ["DataBucket", "SiteBucket"])
def test_buckets_are_used_over_tls_only(bucket):
    """Given a deployment with TLS, neither bucket can be read or written without it."""
    policy = resources()[f"{bucket}Policy"]
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    choices = [s["Fn::If"] for s in statements if "Fn::If" in s]
    denials = [choice[1] for choice in choices] if choices else statements
    assert policy.get("Condition", choices[0][0] if choices else None) == "SiteIsTlsOnly"
    (denial,) = denials
    assert (denial["Effect"], denial["Principal"], denial["Action"]) == ("Deny", "*", "s3:*")
    assert denial["Resource"] == [{"Fn::GetAtt": f"{bucket}.Arn"}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}]
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_old_versions_are_kept_for_a_while():
    """Given an overwritten or deleted object, it can be restored for a year, or for as long as the operator
    decides."""
    rules = resources()["DataBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    (rule,) = [r["Fn::If"][1] for r in rules if r.get("Fn::If", [""])[0] == "ExpiresOldVersions"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": {"Ref": "OldVersionDays"}}
    assert "Filter" not in rule
    assert load_template()["Parameters"]["OldVersionDays"]["Default"] == 365


@pytest.mark.parametrize(("days", "expected"), [(None, [7]), (30, [30]), (0, [])])
@pytest.mark.parametrize(("name", "written"), [("OldRecords", RECORD_TAG), ("OldLists", LIST_TAG)])
def test_old_versions_of_records_are_kept_for_days(name, written, days, expected):
    """Given records that each answer writes again, and lists that each newcomer does, their old versions are
    kept for a week, or for as long as the operator decides; the rule matches the tag that the function
    writes, and deletes nothing else."""
    template = evaluate(**({} if days is None else {"OldRecordDays": str(days)}))
    bucket = template.resolve("Resources", "DataBucket")
    rules = [rule for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"] if rule]
    found = [rule for rule in rules if rule["Id"] == name]
    assert [int(rule["NoncurrentVersionExpiration"]["NoncurrentDays"]) for rule in found] == expected
    for rule in found:
        (tag,) = rule["TagFilters"]
        assert f"{tag['Key']}={tag['Value']}" == written
        assert "ExpirationInDays" not in rule


@pytest.mark.parametrize("role", ["StartServerRole", "StopServerRole"])
def test_reserved_names_are_out_of_reach(role):
    """Given the reserved labels, the API's and the page's names, wildcards and deeper names, the policies
    deny them by name."""
    (statement,) = [s for s in list_statements(role) if s["Sid"] == "ButNotReservedNames"]
    assert statement["Effect"] == "Deny"
    key = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
    name_servers, names = statement["Condition"]["ForAnyValue:StringLike"][key]["Fn::Split"][1]["Fn::Join"]
    assert name_servers == "".join(f",ns{number}.*" for number in ("", *range(10)))
    wide, joined = names["Fn::Split"]
    assert wide == ",ns*.*"
    delimiter, parts = joined["Fn::Join"]
    assert delimiter == ".*,"
    assert parts == [
        r"\052",
        {"Fn::Join": [".*,", {"Ref": "ReservedNames"}]},
        {"Ref": "ApiLabel"},
        {"Ref": "SiteLabel"},
        "_*",
        {"Fn::Sub": "*.*.${RootDomain}"},
    ]


def test_the_start_creates_no_name_with_a_meaning():
    """Given names that software or people look for, the policy denies the start their creation, and the code
    gives them to no server; derived labels, UUIDs and other ids stay possible."""
    (statement,) = [s for s in list_statements("StartServerRole") if s["Sid"] == "ButNotWellKnownNames"]
    assert statement["Effect"] == "Deny"
    condition = statement["Condition"]
    assert condition["ForAnyValue:StringEquals"] == {"route53:ChangeResourceRecordSetsActions": ["CREATE"]}
    (denied,) = condition["ForAnyValue:StringLike"].values()
    for pattern in denied:
        label = pattern.removesuffix(".*").replace("*", "a")
        assert choose_host_label(label, is_trusted=True) == derive_host_label(label), label
    for label in ("wpad", "autodiscover", "login", "vpn", "mta-sts", "xn--80ak6aa92e"):
        assert any(fnmatchcase(f"{label}.example.org", pattern) for pattern in denied), label
    for label in (derive_host_label("wpad"), "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c", "anna", "logins"):
        assert not any(fnmatchcase(f"{label}.example.org", pattern) for pattern in denied), label


@pytest.mark.parametrize("role", ["StartServerRole", "StopServerRole"])
def test_conditions_on_all_values_ask_that_there_are_some(role):
    """Given a condition with ForAllValues, the policy also requires the key, because it is true for a request
    without the key (IAM user guide, "Set operators")."""
    (statement,) = [s for s in list_statements(role) if s["Sid"] == "Names"]
    conditions = statement["Condition"]
    keys = {key for name, block in conditions.items() if name.startswith("ForAllValues") for key in block}
    assert len(keys) == 3
    assert conditions["Null"] == dict.fromkeys(keys, "false")


def test_ecs_writes_logs_only_where_game_servers_log():
    """Given the execution role, it writes and creates log groups of game servers only, not of functions."""
    (statement,) = [s for s in list_statements("TaskExecutionRole") if s["Sid"] == "GameServerLogs"]
    groups = [r["Fn::Sub"].rsplit(":log-group:", 1)[1] for r in statement["Resource"]]
    assert groups == ["/hippo/${Prefix}/*", "/ecs/*"]
    assert "ManagedPolicyArns" not in resources()["TaskExecutionRole"]["Properties"]


@pytest.mark.parametrize("role", ["StartServerRole", "StopServerRole"])
@pytest.mark.parametrize("reserved", ["www,api,mail,ns*", "ns*,www"])
def test_ids_that_only_begin_like_a_name_server_get_a_name(role, reserved):
    """Given `ns*` among the reserved names, the policies deny name servers but not `nsmith`."""
    path = ("Resources", role, "Properties", "Policies")
    policies = evaluate(ReservedNames=reserved).resolve(*path)
    statements = [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]
    (statement,) = [s for s in statements if s["Sid"] == "ButNotReservedNames"]
    denied = statement["Condition"]["ForAnyValue:StringLike"][
        "route53:ChangeResourceRecordSetsNormalizedRecordNames"
    ]
    names = ("www", "ns", "ns1", "ns9", r"\052", "_dmarc", "a.b", "nsmith", "ns001", "nsa")
    found = {name for name in names if any(fnmatchcase(f"{name}.example.org", each) for each in denied)}
    assert found == {"www", "ns", "ns1", "ns9", r"\052", "_dmarc", "a.b"}
