"""Profiles whose credentials fail, and computers whose clock is wrong: both are the user's to correct."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError

from hippo_cli.aws_errors import describe_aws_error
from hippo_cli.errors import ExitCode
from hippo_cli.wrong_clock import find_wrong_clock

Run = Callable[..., Any]
NOW = datetime(2030, 1, 2, 3, 4, tzinfo=UTC)
ROLE = "role_arn = arn:aws:iam::123456789012:role/r"
# By profile: its lines, the exit code, and texts of the message.
PROFILES = {
    "no-such-program": ("credential_process = /no/such/program", 3, ["no-such-program", "/no/such/program"]),
    "failing-program": ("credential_process = sh -c 'echo Sign in >&2; exit 1'", 3, ["Sign in", "process"]),
    "text": ("credential_process = echo hello", 3, ["profile text", "credential_process"]),
    "list": ("credential_process = echo []", 3, ["profile list", "credential_process"]),
    "expired": (
        'credential_process = echo \'{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b",'
        '"Expiration":"2020-01-01T00:00:00Z"}\'',
        3,
        ["profile expired", "still expired"],
    ),
    "no-token": (f"{ROLE}\nweb_identity_token_file = /no/such/token", 3, ["/no/such/token"]),
    "no-source": (f"{ROLE}\nsource_profile = missing", 2, ["missing", "~/.aws/config"]),
    "odd-source": (f"{ROLE}\ncredential_source = Odd", 2, ["Odd", "~/.aws/config"]),
    "never-signed-in": (
        "sso_start_url = https://example.org\nsso_region = ca-central-1\n"
        "sso_account_id = 123456789012\nsso_role_name = r",
        3,
        ["aws sso login"],
    ),
    "half-sso": ("sso_start_url = https://example.org\nsso_account_id = 1", 2, ["half-sso", "~/.aws/config"]),
    "no-session": ("sso_session = x\nsso_account_id = 1\nsso_role_name = r", 2, ["~/.aws/config"]),
}


def write_profile(path: Path, name: str, lines: str) -> None:
    """Write a config file of AWS with one profile, and the keys that roles may use."""
    base = "[profile base]\naws_access_key_id = x\naws_secret_access_key = y\n"
    path.write_text(f"{base}[profile {name}]\nregion = ca-central-1\n{lines}\n", encoding="utf-8")


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_that_fail(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Given a profile whose credentials fail, the message says so, and does not report a bug of the tool."""
    lines, code, texts = PROFILES[name]
    write_profile(tmp_path / "aws", name, lines)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    monkeypatch.setenv("HOME", str(tmp_path))

    result = run("status", "p", "--profile", name)

    assert result.exit_code == code, result.stderr
    assert "bug in the tool" not in result.stderr
    assert [text for text in texts if text not in result.stderr] == [], result.stderr


@pytest.mark.parametrize("given", [b"", b"123456\n"])
def test_mfa_without_a_terminal(tmp_path: Path, given: bytes) -> None:
    """Given a profile with MFA and no terminal, the message says what to do, and input is not read."""
    mfa = f"{ROLE}\nsource_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/me"
    write_profile(tmp_path / "aws", "mfa", mfa)
    command = [sys.executable, "-m", "hippo_cli", "status", "p", "--profile", "mfa"]
    environment = {"AWS_CONFIG_FILE": str(tmp_path / "aws"), "PYTHONPATH": ":".join(sys.path)}
    environment |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "PATH": os.environ["PATH"]}

    shown = subprocess.run(command, input=given, capture_output=True, env=environment, start_new_session=True)

    lines = shown.stderr.decode().splitlines()
    assert shown.returncode == ExitCode.AWS, lines
    assert lines[0].endswith("mfa/me: input is not a terminal")
    assert "export-credentials" in lines[-1]
    assert len(lines) == 3


def build_refusal(
    code: str, message: str, operation: str = "ListTasks", clock: timedelta | None = None
) -> ClientError:
    """Return a refusal by an AWS whose clock is `clock` ahead of NOW."""
    headers = {} if clock is None else {"date": format_datetime(NOW + clock, usegmt=True)}
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPHeaders": headers},
    }
    return ClientError(response, operation)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (build_refusal("RequestTimeTooSkewed", "too large"), "clock is wrong, so AWS"),
        (build_refusal("RequestTimeTooSkewed", "", clock=timedelta(hours=3)), "3 h 00 behind AWS's"),
        (build_refusal("RequestExpired", "Request has expired.", clock=timedelta(hours=-3)), "ahead of"),
        (build_refusal("InvalidSignatureException", "Signature expired: x is now earlier than y"), "clock"),
        (build_refusal("SignatureDoesNotMatch", "Signature not yet current: x"), "clock is wrong"),
        (build_refusal("403", "Forbidden", "HeadBucket", timedelta(minutes=40)), "40 min behind"),
    ],
)
def test_refusals_because_of_the_clock(error: ClientError, what: str) -> None:
    """Given a refusal because of a request's time, the message says that this computer's clock is wrong."""
    found = find_wrong_clock(error, NOW)

    assert found is not None
    assert what in found.what
    assert "Set the clock" in found.advice
    assert "clock is wrong" in describe_aws_error(error).what


@pytest.mark.parametrize(
    "error",
    [
        build_refusal("SignatureDoesNotMatch", "The signature does not match.", clock=timedelta(0)),
        build_refusal("403", "Forbidden", "HeadBucket", timedelta(seconds=20)),
        build_refusal("ExpiredToken", "The token has expired"),
        build_refusal("AccessDenied", "no", clock=timedelta(hours=1)),
    ],
)
def test_refusals_for_another_reason(error: ClientError) -> None:
    """Given a refusal with the right time, or whose reason is known, the clock is not blamed."""
    assert find_wrong_clock(error, NOW) is None


@pytest.mark.parametrize(
    ("error", "what", "advice"),
    [
        (build_refusal("AccessDenied", "no", "AssumeRole"), "AssumeRole: AccessDenied: no", "role_arn"),
        (build_refusal("ForbiddenException", "No access", "GetRoleCredentials"), "No access", "operator"),
        (boto.LoginRefreshRequired(), "sign-in has expired", "aws login"),
        (boto.RefreshWithMFAUnsupportedError(), "MFA code", "same command again"),
        (boto.ConfigParseError(path="x"), "profile is not valid", "~/.aws/config"),
        (boto.MissingDependencyException(msg="botocore[crt]"), "botocore[crt]", "Install"),
        (
            boto.SSLError(endpoint_url="https://x", error="certificate is not yet valid"),
            "cannot be reached",
            "clock",
        ),
    ],
)
def test_errors_of_credentials(error: Any, what: str, advice: str) -> None:
    """Given credentials that AWS or botocore refuses, the message says what to correct."""
    described = describe_aws_error(error)

    assert what in described.what
    assert advice in described.advice
