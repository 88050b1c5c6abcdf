"""Tests of `hippo publish`: it sends what has changed, and updates the project list last."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hippo_cli.data.bucket import Bucket
from hippo_cli.errors import ExitCode
from tests.support.study_world import BUCKET, EXTRA_BUCKET
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.publishing_world import EXECUTION_ROLE, FUNCTION, TASK_ROLE, Deployment, FakeDocker

Run = Callable[..., Any]
IMAGE = "registry.example.org/small:1"
LINK = "https://study.example.org/?projectId=small"


def publish(run: Run, study: SmallStudy, *options: str, code: ExitCode = ExitCode.FINE) -> dict[str, Any]:
    """Run the command with --yes and --json; return its output."""
    result = run("publish", study.directory, "--yes", "--json", *options)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_a_new_study(deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy) -> None:
    """Given a study that was never published, all its parts are published, and participants get its page."""
    study.write("StepFiles/pictures/car.png", b"\x89PNG")
    study.page('<img src="pictures/car.png"><input name="agree">')

    output = publish(run, study)

    assert output["published"]
    assert output["link"] == LINK
    assert deployment.keys() == [
        "small/_config.json",
        "small/_media/pictures/car.png",
        "small/consent.html",
        "small/style.css",
        "small/thanks.html",
    ]
    page = deployment.s3.head_object(Bucket=BUCKET, Key="small/consent.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
    (entry,) = [one for one in deployment.stack_world.read_list() if one["id"] == "small"]
    assert (entry["ecsTask"], entry["version"]) == ("small:1", output["version"])
    assert deployment.invocations[0]["FunctionName"] == FUNCTION
    result = deployment.stack_world.get(projectId="small", userId="ada")
    assert result.page.endswith('<input name="agree">')
    assert [call[0] for call in docker.calls] == ["build", "login", "push"]


def test_publishing_again(deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy) -> None:
    """Given no change, nothing is sent, built or registered, and the version stays the same."""
    first = publish(run, study)
    calls = len(docker.calls)
    deployment.aws.reset()

    again = publish(run, study)

    assert (again["files"]["changed"], again["files"]["unchanged"]) == ([], 3)
    assert again["version"] == first["version"]
    assert (again["image"]["builds"], again["taskDefinition"]["registers"]) == (False, False)
    assert len(docker.calls) == calls
    changing = {"CreateRepository", "RegisterTaskDefinition", "DeleteObject"}
    assert not changing & deployment.aws.count().keys()
    assert len(deployment.definitions()) == 1
    assert len(deployment.invocations) == 2


def test_only_what_has_changed(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given an edited page, only that page is sent, and participants who have started keep the old one."""
    first = publish(run, study, "--image", IMAGE)
    deployment.stack_world.get(projectId="small", userId="ada")
    study.page('<p>New</p><input name="agree">')

    again = publish(run, study, "--image", IMAGE)
    deployment.stack_world.clock.advance(11)

    assert again["files"]["changed"] == ["small/consent.html"]
    assert again["version"] != first["version"]
    pages = [deployment.stack_world.get(projectId="small", userId=user).page for user in ("ada", "bob")]
    assert ["New" in page for page in pages] == [False, True]


def test_the_hash_counts_where_the_etag_is_not_an_md5(
    deployment: Deployment, run: Run, study: SmallStudy, monkeypatch: Any
) -> None:
    """Given ETags that are not an MD5, the hash stored with a file shows that it has not changed."""
    publish(run, study, "--image", IMAGE)
    plain = Bucket.list_tree
    monkeypatch.setattr(
        Bucket, "list_tree", lambda *a, **b: (replace(one, etag='"0123"') for one in plain(*a, **b))
    )

    again = publish(run, study, "--image", IMAGE)

    assert (again["files"]["changed"], again["files"]["unchanged"]) == ([], 3)


def test_task_definition(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given an existing image, the task definition has it, with everything that a game server needs."""
    publish(run, study, "--image", IMAGE)

    (found,) = deployment.definitions()
    (container,) = found["containerDefinitions"]
    assert (found["cpu"], found["memory"], found["networkMode"]) == ("1024", "2048", "awsvpc")
    assert found["requiresCompatibilities"] == ["FARGATE"]
    assert (found["taskRoleArn"], found["executionRoleArn"]) == (TASK_ROLE, EXECUTION_ROLE)
    assert (container["name"], container["image"]) == ("small", IMAGE)
    assert [port["containerPort"] for port in container["portMappings"]] == [5000]
    assert container["logConfiguration"]["options"] == {
        "awslogs-group": "/hippo/lab/small",
        "awslogs-create-group": "true",
        "awslogs-region": "ca-central-1",
        "awslogs-stream-prefix": "game",
    }
    variables = {one["name"]: one["value"] for one in container["environment"]}
    assert variables["TLS_CERTIFICATE"] == f"s3://{BUCKET}/SSL"
    trial = json.loads(variables["TRIAL_CONFIG"])
    assert (trial["game"], trial["projectId"], trial["bucket"]) == ("x", "small", BUCKET)
    assert trial["ui"] == ["left", "right", "up", "down", "start", "pause"]


def test_task_definition_registered_by_hand(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given a revision that was registered by hand, its other settings are kept in the next revision."""
    deployment.ecs.register_task_definition(
        family="small",
        cpu="512",
        memory="1024",
        ephemeralStorage={"sizeInGiB": 50},
        containerDefinitions=[
            {"name": "proxy", "image": "proxy:1"},
            {
                "name": "small",
                "image": "old:1",
                "environment": [
                    {"name": "SEED", "value": "7"},
                    {"name": "TLS_CERTIFICATE", "value": "arn:old"},
                ],
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/small"}},
            },
        ],
    )

    publish(run, study, "--image", IMAGE)

    _, found = deployment.definitions()
    proxy, game = found["containerDefinitions"]
    variables = {one["name"]: one["value"] for one in game["environment"]}
    assert (proxy["image"], game["image"], found["cpu"]) == ("proxy:1", IMAGE, "1024")
    assert found["ephemeralStorage"] == {"sizeInGiB": 50}
    assert (variables["SEED"], variables["TLS_CERTIFICATE"]) == ("7", f"s3://{BUCKET}/SSL")
    assert game["logConfiguration"]["options"]["awslogs-group"] == "/ecs/small"
    assert not publish(run, study, "--image", IMAGE)["taskDefinition"]["registers"]


def test_task_definition_that_cannot_run_is_refused(
    deployment: Deployment, run: Run, study: SmallStudy
) -> None:
    """Given a revision for Windows, which publishing would keep, it says so and publishes nothing."""
    deployment.ecs.register_task_definition(
        family="small",
        cpu="512",
        memory="1024",
        runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"},
        containerDefinitions=[{"name": "small", "image": "old:1"}],
    )

    result = run("publish", study.directory, "--yes", "--image", IMAGE)
    machine = run("publish", study.directory, "--yes", "--image", IMAGE, "--json")

    assert (result.exit_code, machine.exit_code) == (1, 1)
    assert "small is for the platform WINDOWS_SERVER_2022_CORE" in " ".join(result.output.split())
    assert "nothing was published" in result.output
    assert [one["code"] for one in json.loads(machine.stdout)["findings"]] == ["task-definition"]
    assert deployment.invocations == deployment.keys() == []


def test_task_definition_of_a_study_that_publishes_no_server(
    deployment: Deployment, run: Run, study: SmallStudy
) -> None:
    """Given useAWS false and a revision registered by other means, its problems are warnings."""
    study.edit("useAWS: true", "useAWS: false")
    deployment.ecs.register_task_definition(
        family="small",
        networkMode="bridge",
        cpu="512",
        memory="1024",
        executionRoleArn="arn:aws:iam::999999999999:role/ecsTaskExecutionRole",
        containerDefinitions=[{"name": "small", "image": "old:1"}],
    )

    findings = publish(run, study)["findings"]

    found = {one["what"].removeprefix("the task definition small ")[:35]: one["severity"] for one in findings}
    assert found["names the execution role arn:aws:ia"] == "warning"
    assert found["has the network mode bridge, but Fa"] == "warning"
    assert found["does not map port 5000, to which pa"] == "warning"
    assert len(deployment.invocations) == 1


def test_removed_files(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given files that are no longer in the folder, they are listed, and deleted only on request."""
    study.write("StepFiles/old.css", "p {}")
    study.write("StepFiles/old.png", b"x")
    publish(run, study, "--image", IMAGE)
    for name in ("old.css", "old.png"):
        (study.directory / "StepFiles" / name).unlink()
    deployment.s3.put_object(Bucket=BUCKET, Key="small/Users/ada", Body=b"{}")
    deployment.s3.put_object(Bucket=BUCKET, Key="small/_keys/links", Body=b"secret")

    kept = publish(run, study, "--image", IMAGE)
    deleted = publish(run, study, "--image", IMAGE, "--delete-removed")

    removed = ["small/_media/old.png", "small/old.css"]
    assert (kept["files"]["removed"], kept["files"]["deleted"]) == (removed, [])
    assert deleted["files"]["deleted"] == removed
    assert not set(removed) & set(deployment.keys())
    assert {"small/Users/ada", "small/_keys/links"} <= set(deployment.keys())


def test_a_variant_that_only_the_bucket_has(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given an old variant in the bucket, publishing is refused until the variant is deleted."""
    deployment.s3.put_object(Bucket=BUCKET, Key="small/consent-0.html", Body=b"old")

    refused = run("publish", study.directory, "--yes", "--image", IMAGE)
    assert refused.exit_code == ExitCode.PROBLEMS
    assert "pages that are not in the folder: consent-0.html" in refused.stderr
    assert deployment.invocations == []
    publish(run, study, "--image", IMAGE, "--delete-removed")

    assert "old" not in deployment.stack_world.get(projectId="small", userId="ada").page


def test_dry_run(deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy) -> None:
    """Given --dry-run, the command shows what it would do, and does nothing."""
    docker.fail("version")
    deployment.aws.reset()

    result = run("publish", study.directory, "--dry-run")
    output = json.loads(run("publish", study.directory, "--dry-run", "--json").stdout)

    assert result.exit_code == ExitCode.FINE, result.output
    assert "3 to send, 0 unchanged" in result.stdout
    assert "to build and push" in result.stdout
    assert (output["published"], output["version"], output["taskDefinition"]["registers"]) == (
        False,
        None,
        True,
    )
    assert {"PutObject", "CreateRepository", "RegisterTaskDefinition"}.isdisjoint(deployment.aws.count())
    assert deployment.invocations == docker.calls == []


def test_confirmation(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given no --yes, a no publishes nothing, a yes publishes, and without a terminal it exits with 2."""
    results = [run("publish", study.directory, "--image", IMAGE, text=text) for text in ("n\n", "", "y\n")]

    assert [result.exit_code for result in results] == [ExitCode.FINE, ExitCode.USAGE, ExitCode.FINE]
    assert "Nothing was published" in results[0].stdout
    assert "Cannot prompt: input is not a terminal.\nPass --yes" in results[1].stderr
    assert f"Study link: {LINK}" in results[2].stdout
    assert len(deployment.invocations) == 1


def test_a_study_without_a_game(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given only pages, no image, task definition or Docker is needed."""
    study.edit("2: game", "2: thanks.html")
    study.edit("live: true", "live: false")

    result = run("publish", study.directory, "--yes")

    assert result.exit_code == ExitCode.FINE, result.output
    assert "game server      none" in result.stdout
    assert "The study is closed" in result.stdout
    assert deployment.definitions() == []


def test_a_bucket_of_its_own(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given a bucket that the stack allows, the study is published there, and any other is refused."""
    study.edit("  awsSetup:\n", f"  awsSetup:\n    bucket: {EXTRA_BUCKET}\n")
    refused = run("publish", study.directory, "--yes", "--image", IMAGE)
    deployment.set(ExtraBuckets=f"x,{EXTRA_BUCKET}")

    output = publish(run, study, "--image", IMAGE)

    assert refused.exit_code == ExitCode.PROBLEMS
    assert f"config.yml:18: project.awsSetup.bucket: {EXTRA_BUCKET} is not a bucket of" in refused.stderr
    assert output["bucket"] == EXTRA_BUCKET
    assert deployment.keys() == ["small/_config.json"]
    assert deployment.s3.head_object(Bucket=EXTRA_BUCKET, Key="small/consent.html")


def test_findings_of_the_deployment_are_shown(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given warnings, or a refusal, each has its file and line, and a refusal exits with 1."""
    study.edit("maxRuntime: 30", "maxRuntime: 90")
    deployment.respond = lambda _: {
        "statusCode": 200,
        "body": "Warning: consent.html: too blue",
        "version": "v",
    }
    warned = run("publish", study.directory, "--yes", "--image", IMAGE)
    deployment.respond = lambda _: {"statusCode": 400, "body": "maxRuntime: too long\nWarning: live: odd"}
    refused = run("publish", study.directory, "--yes", "--image", IMAGE)
    output = publish(run, study, "--image", IMAGE, code=ExitCode.PROBLEMS)

    assert (warned.exit_code, refused.exit_code) == (ExitCode.FINE, ExitCode.PROBLEMS)
    assert "this deployment stops game servers after 60 minutes" in warned.stdout
    assert "StepFiles/consent.html: warning\n  too blue" in warned.stdout
    assert "version v" in warned.stdout
    assert "config.yml:15: error\n  project.maxRuntime: too long" in refused.stdout
    assert "the deployment refused the study (1 error)" in refused.stderr
    assert not output["published"]
    assert [found["what"] for found in output["findings"]][-2:] == ["too long", "odd"]
