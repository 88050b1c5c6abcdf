"""Tests of Lambda workers: the environment of a Python function."""

import json
import time

from tests.gaps.emulators import Emulator

LOGS = """
import logging
logger = logging.getLogger("study")
def handler(event, context):
    logger.debug("too small")
    logger.info("page", extra={"userId": "u1"})
    if event == "fail":
        try:
            1 / 0
        except ZeroDivisionError:
            logger.exception("failed")
    return context.aws_request_id
"""


def test_a_function_finds_boto3_and_nothing_of_the_platform(emulator: Emulator) -> None:
    """Given the runtime, a function finds boto3 only (Lambda developer guide, "Python runtime-included SDK
    versions").
    """
    function = emulator.make_function(
        "import importlib.util as u\n"
        "def handler(event, context):\n"
        "    return [name for name in event if u.find_spec(name)]\n"
    )

    found = emulator.invoke(function, ["boto3", "ministack", "websockets", "hippo_local", "moto", "yaml"])

    assert found == ["boto3"]


def test_a_function_sees_none_of_the_variables_of_the_emulator_or_the_user(emulator: Emulator) -> None:
    """Given variables of the emulator and the user, a function sees only the configured and reserved ones
    (Lambda guide, "Using Lambda environment variables").
    """
    source = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
    function = emulator.make_function(source, Environment={"Variables": {"BUCKET": "b"}})

    variables = emulator.invoke(function)

    assert variables["BUCKET"] == "b"
    unwanted = {"EXPORTED_BY_A_PERSON", "PYTHONPATH", "AUTH", "BIND_HOST", "S3_PERSIST", "VIRTUAL_ENV"}
    assert not unwanted & set(variables)


def test_a_function_acts_as_its_role(emulator: Emulator) -> None:
    """Given a role, a function has its credentials (Lambda developer guide, "Execution role")."""
    role = emulator.make_role()
    source = (
        "import boto3\ndef handler(event, context):\n"
        "    return boto3.client('sts').get_caller_identity()['Arn']\n"
    )

    arn = emulator.invoke(emulator.make_function(source, Role=role))

    assert arn.split("/")[1] == role.rsplit("/", 1)[-1]


def test_a_call_that_logs_nothing_does_not_wait_for_logs(emulator: Emulator) -> None:
    """Given a call that logs nothing, it does not wait 50 ms for logs, as logs are sent separately on AWS."""
    function = emulator.make_function("def handler(event, context):\n    return 1\n")
    emulator.invoke(function)

    def seconds() -> float:
        begun = time.perf_counter()
        emulator.invoke(function)
        return time.perf_counter() - begun

    assert min(seconds() for _ in range(10)) < 0.045


def test_json_logs_have_level_request_id_and_extra_fields(emulator: Emulator) -> None:
    """Given LogFormat JSON, records have these fields (Lambda developer guide, "Working with logs for Python
    Lambda functions").
    """
    function = emulator.make_function(LOGS, LoggingConfig={"LogFormat": "JSON"})

    request_id = emulator.invoke(function)

    records = [json.loads(line) for line in emulator.function_log(function) if line.startswith("{")]
    assert len(records) == 1
    assert {k: v for k, v in records[0].items() if k != "timestamp"} == {
        "level": "INFO",
        "message": "page",
        "logger": "study",
        "userId": "u1",
        "requestId": request_id,
    }


def test_an_exception_is_one_json_record(emulator: Emulator) -> None:
    """Given an exception, its record has errorType, errorMessage, stackTrace and location (Lambda guide,
    "Working with logs for Python …").
    """
    function = emulator.make_function(LOGS, LoggingConfig={"LogFormat": "JSON"})

    emulator.invoke(function, "fail")

    records = [json.loads(line) for line in emulator.function_log(function) if '"failed"' in line]
    assert (records[0]["errorType"], records[0]["errorMessage"]) == ("ZeroDivisionError", "division by zero")
    assert "ZeroDivisionError" in "".join(records[0]["stackTrace"])


def test_text_logs_name_level_and_request(emulator: Emulator) -> None:
    """Given text logs, a line is `[LEVEL] time request message`, from WARNING on (Lambda guide, "Working
    with logs for Python …").
    """
    function = emulator.make_function(
        "import logging\ndef handler(event, context):\n"
        "    logging.info('small')\n    logging.warning('large')\n    return context.aws_request_id\n"
    )

    request_id = emulator.invoke(function)

    lines = [line for line in emulator.function_log(function) if line.startswith("[")]
    assert len(lines) == 1
    assert lines[0].split("\t")[0] == "[WARNING]"
    assert lines[0].split("\t")[2:] == [request_id, "large"]


def test_the_lines_of_a_call_belong_to_that_call(emulator: Emulator) -> None:
    """Given a call, its lines are between START and END of its request (Lambda guide, "Working with logs for
    Python …").
    """
    function = emulator.make_function(
        "def handler(event, context):\n    print(context.aws_request_id)\n    return 1\n"
    )

    for _ in range(20):
        emulator.invoke(function)

    lines = emulator.function_log(function)
    starts = [index for index, line in enumerate(lines) if line.startswith("START")]
    assert len(starts) == 20
    assert all(lines[index].split()[2] == lines[index + 1] for index in starts)


def test_layers_are_merged_for_variables_that_name_opt(emulator: Emulator) -> None:
    """Given several layers, all are in /opt, the later over the earlier ("Adding layers to functions"), and
    variables that name /opt name a merged copy here.
    """
    layers = [emulator.make_layer(a="1", both="1", deep__b="1"), emulator.make_layer(both="2", deep__c="2")]
    source = (
        "import os, pathlib\n"
        "def handler(event, context):\n"
        "    top = pathlib.Path(os.environ['LAYERS'])\n"
        "    found = {str(p.relative_to(top)): p.read_text() for p in top.rglob('*') if p.is_file()}\n"
        "    return [found, pathlib.Path(os.environ['DEEP'], 'c').read_text(), os.environ['OTHER']]\n"
    )
    variables = {"LAYERS": "/opt", "DEEP": "/opt/deep", "OTHER": "/options"}
    function = emulator.make_function(source, Layers=layers, Environment={"Variables": variables})

    found, deep, other = emulator.invoke(function)

    assert found == {"a": "1", "both": "2", "deep/b": "1", "deep/c": "2"}
    assert (deep, other) == ("2", "/options")
