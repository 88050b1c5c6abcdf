"""The commands that call AWS, each with an account on which it has work to do."""

import json
from functools import partial

from hippo.servers.capacity.slots import name_entry
from hippo_cli.commands import doctor
from hippo_cli.doctor.examination import examine
from tests.support.aws_hooks import shared_client
from tests.support.certificates import make_certificate
from tests.support.stack_values import GAME_GROUPS, GROUPS, put_values
from tests.support.study_world import BUCKET, OTHER_USER, PAGES, PROJECT, REGION, USER
from tests.unit.cli.fault_account import SITE_BUCKET
from tests.unit.cli.fault_bench import BEGIN, Bench, Scenario

TASK = "1" * 32
ARN = f"arn:aws:ecs:ca-central-1:1:task/hippo-1-{USER}/{TASK}"
CERTIFICATE = make_certificate("games.example.org", days=90).chain


def put_people(bench: Bench) -> None:
    """Create two participants with a trial each, one of them with a running server."""
    stack_world = bench.stack_world
    for user in (USER, OTHER_USER):
        stack_world.get(user)
        stack_world.post({"age": "7"}, user)
        stack_world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Trials/{user}/trial_1.json", Body=b"{}" * 50)
    stack_world.put_server("ready", requested_at=BEGIN, started_at=BEGIN, task_arn=ARN)
    stack_world.put_server("stopped", OTHER_USER, requested_at=BEGIN, error="no such image")


def put_task_definition(bench: Bench) -> None:
    """Create the participants, and a task definition, from which their servers get a size."""
    put_people(bench)
    bench.deployment.ecs.register_task_definition(
        family=bench.stack_world.config["ecsTask"],
        cpu="1024",
        memory="2048",
        containerDefinitions=[{"name": "x", "image": "x"}],
    )


def put_report(bench: Bench) -> None:
    """Create the same, and skip the charts of a report, which take a tenth of a second."""
    put_task_definition(bench)
    bench.monkeypatch.setattr("hippo_cli.reports.html.list_charts", lambda _: [])


def put_withdrawing(bench: Bench) -> None:
    """Create a participant with every kind of data, in a bucket that keeps old versions."""
    bench.stack_world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    put_people(bench)
    bench.stack_world.put_server("stopped", requested_at=BEGIN)
    lists = {
        f"{PROJECT}/_admission.json": {"admitted": [USER, OTHER_USER]},
        name_entry(BEGIN, USER, PROJECT): {},
    }
    for key, content in lists.items():
        bench.stack_world.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(content))


def put_media(bench: Bench) -> None:
    """Publish a picture in two versions, in a bucket that keeps old versions."""
    world, location = bench.stack_world, {"LocationConstraint": REGION}
    world.s3.create_bucket(Bucket=SITE_BUCKET, CreateBucketConfiguration=location)
    world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    bench.monkeypatch.setenv("SITE_BUCKET", SITE_BUCKET)
    bench.monkeypatch.setenv("SITE_URL", "https://study.example.org")
    world.start_cold()
    for content in (b"Ada", b"Ada, smiling"):
        world.publish({**PAGES, "quiz.html": '<img src="ada.png">', "_media/ada.png": content})
    put_values(world, SiteBucketName=SITE_BUCKET, DistributionId="E1")
    bench.wire.handlers["CreateInvalidation"] = lambda _: (201, b"<Invalidation><Id>I1</Id></Invalidation>")


def put_logs(bench: Bench) -> None:
    """Create a log line of each function, and of the game."""
    put_people(bench)
    client = shared_client("logs")
    streams = {**dict.fromkeys(GROUPS, "a"), f"{GAME_GROUPS}{PROJECT}": f"game/x/{TASK}"}
    for group, stream in streams.items():
        client.create_log_group(logGroupName=group)
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        text = json.dumps({"message": f"of {USER}", "task": ARN})
        line = {"timestamp": int(BEGIN.timestamp() * 1000), "message": text}
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[line])


def put_study(bench: Bench) -> None:
    """Create a study with a picture, and a file that an earlier publication left."""
    bench.study.write("StepFiles/pictures/car.png", b"\x89PNG")
    bench.study.page('<img src="pictures/car.png"><input name="agree">')
    bench.stack_world.s3.put_object(Bucket=BUCKET, Key="small/old.html", Body=b"old")


def put_certificate(bench: Bench) -> None:
    """Create a study whose image carries the certificate."""
    put_study(bench)
    put_values(bench.stack_world, GameCertificate="image")
    names = f"{{sslBucket: {BUCKET}, fullchain: SSL/a.pem, privkey: SSL/b.pem}}"
    bench.study.edit("trial:\n", f"  ssl: {names}\ntrial:\n")
    for key, kind in (("SSL/a.pem", "CERTIFICATE"), ("SSL/b.pem", "PRIVATE KEY")):
        body = f"-----BEGIN {kind}-----\nMIIB\n-----END {kind}-----\n".encode()
        bench.stack_world.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def register_game() -> None:
    """Register the task definition of the published study's game server."""
    container = {"name": PROJECT, "image": "x", "portMappings": [{"containerPort": 5000}]}
    shared_client("ecs").register_task_definition(
        family=PROJECT,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="1024",
        memory="2048",
        containerDefinitions=[container],
    )


def put_examined(bench: Bench) -> None:
    """Create a stack with all parameters, and an account with quotas."""
    put_logs(bench)
    more = {"NextUrl": "https://api.example.org/next", "MaxServers": "50", "RootDomain": "games.example.org"}
    put_values(
        bench.stack_world,
        **more,
        GameCertificate=f"s3://{BUCKET}/SSL",
        SiteUrl="https://study.example.org",
        LogGroupPrefix="/hippo/lab/",
        RepositoryAccess="account",
    )
    bench.stack_world.s3.put_object(Bucket=BUCKET, Key="SSL/fullchain.pem", Body=CERTIFICATE)
    bench.wire.handlers["GetServiceQuota"] = lambda _: (200, b'{"Quota": {"Value": 400}}')
    bench.wire.handlers["GetAccountSettings"] = lambda _: (
        200,
        b'{"AccountLimit": {"UnreservedConcurrentExecutions": 900}}',
    )
    register_game()
    zone = shared_client("route53").get_hosted_zone(Id=bench.stack_world.zone_id)
    servers = sorted(zone["DelegationSet"]["NameServers"])
    bench.monkeypatch.setattr(doctor, "examine", partial(examine, ask=lambda *_: servers))


def put_owned(bench: Bench, *, live: bool = True) -> None:
    """Give the study its researchers' own config."""
    content = json.dumps({**bench.stack_world.config, "live": live})
    bench.stack_world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/_config.json", Body=content)


def put_closed(bench: Bench) -> None:
    """Close the study."""
    put_owned(bench, live=False)
    bench.stack_world.update({"projectId": PROJECT, "live": False})


def put_deleting(bench: Bench) -> None:
    """Close a study with every kind of data, and stop its servers."""
    put_withdrawing(bench)
    bench.stack_world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/_keys/links", Body=b"0" * 32)
    bench.stack_world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/_media/a.png", Body=b"a")
    put_closed(bench)


_S3 = "https://hippo-data.s3.ca-central-1.amazonaws.com/"
_LOG = "may not read its log"
# Optional requests, each with the text that is printed when it is denied, or an empty text.
_LIST = {f"GetObject {_S3}project_master_list.json": ""}
_CERTIFICATE = {f"GetObject {_S3}SSL/": "cannot be read (AccessDenied)"}
_SIZE = {"DescribeTaskDefinition": ""}
_SERVERS = {f"ListObjectsV2 {_S3}?list-type=2&prefix=_servers/": ""}
_HIDDEN = {f"GetObject {_S3}_servers/": "left out"}
_REMARKED = dict.fromkeys(_HIDDEN, "")  # in the report
_KEPT = {f"GetObject {_S3}_servers/": "a server record of another project, or of none"}
_LOGS = {f"GetObject {_S3}_servers/": "", "FilterLogEvents": _LOG, "DescribeLogStreams": _LOG}
_UPLOADS = {"ListMultipartUploads": "may not abort them"}
# Stewards may, for a project without an own config.
_OTHERS = {f"ListObjectsV2 {_S3}?list-type=2&prefix={PROJECT}/": ""}
_FROZEN = {f"GetObject {_S3}{PROJECT}/_versions/": ""}

SCENARIOS = (
    Scenario("stack", (2, 0, 0, 1), ("stack", "--json"), promises=("BucketName",)),
    Scenario(
        "publish",
        (22, 9, 4, 20),
        ("publish", "small", "--yes", "--delete-removed"),
        put_certificate,
        changes=True,
        promises=("is published", "link"),
        optional=_LIST | _CERTIFICATE,
    ),
    Scenario(
        "updateProject.py",
        (19, 8, 2, 17),
        ("updateProject.py", "--yes"),
        put_study,
        changes=True,
        promises=("is published", "link"),
        optional=_LIST,
    ),
    Scenario(
        "status",
        (12, 0, 6, 10),
        ("status", PROJECT, "--json"),
        put_task_definition,
        promises=("steps",),
        optional=_LIST | _SIZE | _SERVERS | _HIDDEN,
    ),
    Scenario(
        "status --html",
        (12, 0, 6, 10),
        ("status", PROJECT, "--html", "report.html"),
        put_report,
        changes=True,
        promises=("open it",),
        optional=_LIST | _SIZE | _SERVERS | _REMARKED,
    ),
    Scenario(
        "export",
        (11, 0, 6, 8),
        ("export", PROJECT, "--out", "data"),
        put_people,
        changes=True,
        promises=("participants,",),
        optional=_LIST,
    ),
    Scenario(
        "servers",
        (8, 0, 4, 7),
        ("servers", "--json"),
        put_task_definition,
        promises=("userId",),
        optional=_LIST | _FROZEN | _SIZE | _HIDDEN,
    ),
    Scenario(
        "servers PROJECT",
        (12, 0, 4, 9),
        ("servers", PROJECT),
        put_task_definition,
        promises=("Game servers", "running"),
        optional=_LIST | _SIZE | _SERVERS | _HIDDEN,
    ),
    Scenario("stop", (6, 1, 3, 3), ("stop", USER), put_people, changes=True, promises=("stopped",)),
    Scenario(
        "stop --all",
        (13, 1, 5, 8),
        ("stop", "--all", "--project", PROJECT, "--yes"),
        put_people,
        changes=True,
        promises=("stopped",),
        optional=_LIST | _SERVERS | _HIDDEN,
    ),
    Scenario(
        "logs",
        (8, 0, 1, 4),
        ("logs", USER, "--project", PROJECT),
        put_logs,
        promises=(f"of {USER}",),
        optional=_LOGS,
    ),
    Scenario(
        "withdraw",
        (35, 8, 6, 21),
        ("withdraw", USER, PROJECT, "--yes", "--receipt", "receipt.json"),
        put_withdrawing,
        changes=True,
        promises=("Deleted",),
        optional=_LIST | _UPLOADS | _KEPT,
    ),
    Scenario(
        "withdraw-media",
        (12, 5, 1, 8),
        ("withdraw-media", "ada.png", PROJECT, "--yes"),
        put_media,
        changes=True,
        promises=("Deleted.",),
        optional=_LIST,
    ),
    Scenario(
        "pause",
        (6, 2, 2, 5),
        ("pause", PROJECT),
        put_owned,
        changes=True,
        promises=("is closed",),
    ),
    Scenario(
        "pause without an own config",
        (4, 1, 1, 3),
        ("pause", PROJECT),
        changes=True,
        promises=("is closed",),
        optional=_OTHERS,
    ),
    Scenario(
        "resume",
        (6, 2, 2, 5),
        ("resume", PROJECT),
        put_closed,
        changes=True,
        promises=("is open",),
    ),
    Scenario(
        "delete",
        (42, 22, 6, 31),
        ("delete", PROJECT, "--with-data", "--yes", "--receipt", "receipt.json"),
        put_deleting,
        changes=True,
        promises=("Deleted",),
        # The records of the project's participants are read one by one instead.
        optional={**_LIST, **_HIDDEN, f"ListObjectsV2 {_S3}?list-type=2&prefix=_servers/&delimiter": ""},
    ),
)
DOCTOR = Scenario(
    "doctor",
    (31, 1, 9, 23),
    ("doctor", "--project", PROJECT, "--json"),
    put_examined,
    # Without the listing it reads the records of the project's participants one by one, and warns of those
    # that are hidden.
    optional={
        **_LIST,
        f"ListObjectsV2 {_S3}?list-type=2&prefix=_servers/&delimiter": "",
        f"GetObject {_S3}_servers/": "left out",
    },
)
