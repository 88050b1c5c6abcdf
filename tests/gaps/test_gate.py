"""Tests of the gate: hosts, web pages, the emulator's own controls, and signatures."""

import hashlib
import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from hippo_local.keys import AccessKeys
from tests.gaps.apigateway.test_responses import FUNCTION, make_api, proxy
from tests.gaps.emulators import ACCOUNT, REGION, Emulator

BUCKET = "answers-of-people"
ANSWER = b'{"nextStep": 2}'
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def bucket(emulator: Emulator) -> str:
    """Create a bucket with an object; return its name."""
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="p/Users/u1", Body=ANSWER)
    return BUCKET


@pytest.fixture(scope="module")
def api(emulator: Emulator) -> str:
    """Deploy an API with an open method and one that needs a signature; return its id."""
    function = emulator.make_function(FUNCTION)
    signed = proxy(function, **{"x-amazon-apigateway-auth": {"type": "AWS_IAM"}})
    return make_api(emulator, {"/next": {"get": proxy(function)}, "/start": {"get": signed}})


def send(
    emulator: Emulator, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> Answer:
    """Send a request as it stands; return status, headers in lower case and body."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def sign(
    emulator: Emulator,
    keys: AccessKeys,
    path: str,
    method: str = "GET",
    service: str = "s3",
    host: str = "",
    more: dict[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of a request that is signed with `keys`, by default to S3."""
    host = host or f"127.0.0.1:{emulator.port}"
    headers = {"Host": host, "x-amz-content-sha256": hashlib.sha256(b"").hexdigest(), **(more or {})}
    request = AWSRequest(method, f"http://{host}{path}", headers=headers)
    SigV4Auth(Credentials(keys.id, keys.secret), service, REGION).add_auth(request)
    return dict(request.headers)


def presign(emulator: Emulator, keys: AccessKeys, bucket: str) -> str:
    """Return the path of a presigned address of the object, which leads S3 to it for an hour."""
    s3: Any = boto3.client(
        "s3",
        endpoint_url=emulator.endpoint,
        region_name=REGION,
        aws_access_key_id=keys.id,
        aws_secret_access_key=keys.secret,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "p/Users/u1"})
    return str(url.removeprefix(emulator.endpoint))


def claim(key_id: str, now: str) -> dict[str, str]:
    """Return the headers of a request that names a key and has an invented signature."""
    scope = f"{key_id}/{now[:8]}/{REGION}/s3/aws4_request"
    signed = f"Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
    return {"Authorization": f"AWS4-HMAC-SHA256 {signed}", "X-Amz-Date": now}


def code_of(body: bytes) -> str:
    """Return an error's code, from JSON or XML."""
    text = body.decode()
    if text.startswith("{"):
        content = json.loads(text)
        return str(content.get("__type") or content.get("message"))
    return text.partition("<Code>")[2].partition("</Code>")[0]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "u1.localhost"])
def test_names_of_this_machine_reach_aws(emulator: Emulator, host: str) -> None:
    """Given a name of this machine, a signed request is served."""
    name = f"{host}:{emulator.port}"

    assert send(emulator, "GET", "/", sign(emulator, emulator.keys, "/", host=name))[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "d1.cloudfront.net"])
def test_other_names_reach_nothing(emulator: Emulator, api: str, host: str) -> None:
    """Given a foreign Host, neither AWS with a valid signature, nor the API, nor the state is served."""
    name = f"{host}:{emulator.port}"
    signed = send(emulator, "GET", "/", sign(emulator, emulator.keys, "/", host=name))
    called = send(emulator, "GET", f"/_aws/execute-api/{api}/live/next", {"Host": name})
    health = send(emulator, "GET", "/_ministack/health", {"Host": name})

    assert {answer[0] for answer in (signed, called, health)} == {403}
    assert "Use localhost" in code_of(signed[2])
    assert all("access-control-allow-origin" not in answer[1] for answer in (signed, called, health))


@pytest.mark.parametrize(
    "page",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_page_reaches_aws(emulator: Emulator, bucket: str, page: dict[str, str], method: str) -> None:
    """Given a request of any web page, also one of this machine with a valid signature, it is refused, and
    the preflight request before it as well.
    """
    headers = sign(emulator, emulator.keys, f"/{bucket}/p/Users/u1", method, more=page)

    status, answered, body = send(emulator, method, f"/{bucket}/p/Users/u1", headers)

    assert status == 403
    assert not [name for name in answered if name.startswith("access-control-")]
    assert ANSWER not in body


def test_pages_of_this_machine_reach_the_api(emulator: Emulator, api: str) -> None:
    """Given the study's page or a development server's, the API is served, with its own CORS headers."""
    for origin in ("http://localhost:3000", "http://127.0.0.1:8000"):
        status, headers, body = send(
            emulator, "GET", f"/_aws/execute-api/{api}/live/next", {"Origin": origin}
        )

        assert (status, body) == (200, b"fine")
        assert headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "page",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_other_pages_do_not_reach_the_api(emulator: Emulator, api: str, page: dict[str, str]) -> None:
    """Given a page from elsewhere, the API is not served, by path or by name."""
    by_name = {"Host": f"{api}.execute-api.localhost:{emulator.port}"}
    for path, headers in ((f"/_aws/execute-api/{api}/live/next", {}), ("/live/next", by_name)):
        status, answered, _ = send(emulator, "GET", path, {**headers, **page})

        assert status == 403
        assert "access-control-allow-origin" not in answered


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("POST", "/_ministack/health"),
        ("GET", "/_ministack/ready"),
        ("GET", "/_ministack/sqs/messages"),
        ("GET", f"/_ministack/lambda-code/{ACCOUNT}/{REGION}/f"),
        ("GET", "/_localstack/health"),
        ("GET", "/_ministack/cfn-response/token"),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_the_emulators_controls_are_off(
    emulator: Emulator, bucket: str, api: str, method: str, path: str, named: bool
) -> None:
    """Given the emulator's own controls, no request reaches them, signed or not, also at an API's name."""
    host = f"{api}.execute-api.localhost:{emulator.port}" if named else f"127.0.0.1:{emulator.port}"

    assert send(emulator, method, path, {"Host": host})[0] == 403
    assert send(emulator, method, path, sign(emulator, emulator.keys, path, method, host=host))[0] == 403
    assert emulator.client("s3").get_object(Bucket=bucket, Key="p/Users/u1")["Body"].read() == ANSWER


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", f"/{BUCKET}/p/Users/u1"),
        ("PUT", f"/{BUCKET}/p/Users/u2"),
        ("GET", "/2015-03-31/functions/"),
        ("POST", "/2015-03-31/functions"),
        ("GET", f"/v20180820/tags/arn%3Aaws%3As3%3A%3A%3A{BUCKET}"),
        ("GET", "/v2/_catalog"),
        ("GET", "/iceberg/v1/config"),
        ("POST", "/Execute"),
        ("GET", "/oauth2/authorize"),
        ("OPTIONS", "/"),
        ("GET", "/_aws/execute-api/00000000/live/next"),
        ("GET", "/_aws/lambda-url/00000000000000000000000000000000/"),
    ],
)
@pytest.mark.parametrize("named", ["127.0.0.1", "answers-of-people.localhost", "0a.cloudfront.localhost"])
def test_unsigned_requests_reach_nothing(
    emulator: Emulator, bucket: str, method: str, path: str, named: str
) -> None:
    """Given no signature, no service is reached, also not as a bucket's or a distribution's name."""
    status, _, body = send(emulator, method, path, {"Host": f"{named}:{emulator.port}"})

    assert status == 403
    assert ANSWER not in body
    listed = emulator.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [entry["Key"] for entry in listed] == ["p/Users/u1"]


def test_reserved_paths_need_a_signature_at_an_apis_name(emulator: Emulator, api: str, bucket: str) -> None:
    """Given the name of an API, paths that the emulator serves before it looks at names need a signature."""
    host = {"Host": f"{api}.execute-api.localhost:{emulator.port}"}
    for path in (f"/v20180820/tags/arn%3Aaws%3As3%3A%3A%3A{bucket}", "/v2/_catalog", "/iceberg/v1/config"):
        assert send(emulator, "GET", path, host)[0] == 403


@pytest.mark.parametrize("key_id", ["test", ACCOUNT, "root's", "AKIAQQQQQQQQQQQQQQQQ"])
def test_invented_signatures_reach_nothing(emulator: Emulator, bucket: str, key_id: str) -> None:
    """Given a signature that was not computed, in a header or a query, by root's own key id or one that the
    emulator once accepted, it is refused.
    """
    name = emulator.keys.id if key_id == "root's" else key_id
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    query = f"X-Amz-Credential={name}%2F{now[:8]}%2F{REGION}%2Fs3%2Faws4_request"
    complete = f"{query}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}"
    complete += f"&X-Amz-Date={now}&X-Amz-Expires=600"
    path = f"/{bucket}/p/Users/u1"
    attempts: list[tuple[str, dict[str, str]]] = [
        (path, claim(name, now)),
        (path, {"Authorization": f"AWS {name}:c2lnbmF0dXJl"}),
        (path, {"Authorization": "Basic dGVzdDp0ZXN0"}),
        (f"{path}?{query}", {}),
        (f"{path}?{complete}", {}),
        (f"{path}?{complete}", {"Authorization": "Bearer x"}),
        (f"{path}?AWSAccessKeyId={name}&Signature=x&Expires=9999999999", {}),
    ]

    answers = [send(emulator, "GET", where, headers) for where, headers in attempts]

    assert {status for status, _, _ in answers} == {403}
    assert all(ANSWER not in body for _, _, body in answers)


@pytest.mark.parametrize("service", ["s3", "lambda", "sts", "iam", "ecs", "cloudformation"])
def test_wrong_secrets_are_refused_by_every_service(emulator: Emulator, service: str) -> None:
    """Given root's key id with another secret, and `test` with its own, calls fail with 403."""
    call = {
        "s3": "list_buckets",
        "lambda": "list_functions",
        "sts": "get_caller_identity",
        "iam": "list_users",
        "ecs": "list_clusters",
        "cloudformation": "list_stacks",
    }[service]
    for key_id in (emulator.keys.id, "test"):
        keys = {"aws_access_key_id": key_id, "aws_secret_access_key": "test"}
        with pytest.raises(ClientError) as caught:
            getattr(emulator.client(service, keys), call)()

        # On AWS, services with JSON bodies answer UnrecognizedClientException with 400.
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
        assert caught.value.response["Error"]["Code"] in (
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        )


def test_a_signature_is_for_one_request(emulator: Emulator, bucket: str) -> None:
    """Given a valid signature, the same one on another path or method is refused."""
    headers = sign(emulator, emulator.keys, f"/{bucket}/p/Users/u1")

    assert send(emulator, "GET", f"/{bucket}/p/Users/u1", headers)[2] == ANSWER
    assert send(emulator, "GET", f"/{bucket}", headers)[0] == 403
    assert send(emulator, "DELETE", f"/{bucket}/p/Users/u1", headers)[0] == 403


def test_presigned_addresses_are_checked(emulator: Emulator, bucket: str) -> None:
    """Given a presigned address, it leads to the object; not one that is signed with another secret, nor the
    same signature on another key.
    """
    path = presign(emulator, emulator.keys, bucket)
    wrong = presign(emulator, AccessKeys(emulator.keys.id, "x" * 40), bucket)

    assert send(emulator, "GET", path, {})[2] == ANSWER
    assert send(emulator, "GET", wrong, {})[0] == 403
    assert send(emulator, "GET", path.replace("u1", "u2"), {})[0] == 403


def test_presigned_calls_of_other_services_are_checked(emulator: Emulator) -> None:
    """Given a call that is signed in its query, as for GetCallerIdentity, only the right secret counts."""
    statuses = []
    for secret in (emulator.keys.secret, "x" * 40):
        url = f"{emulator.endpoint}/?Action=GetCallerIdentity&Version=2011-06-15"
        request = AWSRequest("GET", url, headers={"Host": f"127.0.0.1:{emulator.port}"})
        SigV4QueryAuth(Credentials(emulator.keys.id, secret), "sts", REGION, expires=60).add_auth(request)
        prepared = request.prepare()
        statuses.append(send(emulator, "GET", prepared.url.removeprefix(emulator.endpoint), {})[0])

    assert statuses == [200, 403]


def test_a_signature_of_root_is_checked_by_the_api(emulator: Emulator, api: str) -> None:
    """Given a method that needs a signature, root's own is accepted, and one with its key id alone is not."""
    path = f"/_aws/execute-api/{api}/live/start"
    wrong = AccessKeys(emulator.keys.id, "x" * 40)
    right_headers = sign(emulator, emulator.keys, path, service="execute-api")

    assert send(emulator, "GET", path, right_headers)[0] == 200
    assert send(emulator, "GET", path, sign(emulator, wrong, path, service="execute-api"))[0] == 403
    assert send(emulator, "GET", path, {})[0] == 403


def test_keys_of_a_role_cannot_be_computed(emulator: Emulator) -> None:
    """Given the names of a function and its role, which anyone may know, the role's keys do not follow."""
    source = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
    role = emulator.make_role()
    function = emulator.make_function(source, Role=role)
    given = emulator.invoke(function)
    digest = hashlib.sha256(f"{function}:{role}".encode()).hexdigest()

    assert given["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert given["AWS_ACCESS_KEY_ID"] != f"ASIA{digest[:16].upper()}"
    assert given["AWS_SECRET_ACCESS_KEY"] != hashlib.sha256(f"secret:{digest}".encode()).hexdigest()
    assert emulator.keys.secret not in json.dumps(given)


def test_the_keys_are_not_on_a_command_line(emulator: Emulator) -> None:
    """Given a running emulator, other users, who may list its command, do not see its keys."""
    with open(f"/proc/{emulator.process.pid}/cmdline", "rb") as command:
        assert emulator.keys.secret.encode() not in command.read()
    assert emulator.keys.secret not in emulator.log()


def test_websockets_are_refused(emulator: Emulator, api: str) -> None:
    """Given a WebSocket, which no service of a study speaks, it is refused."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }

    assert send(emulator, "GET", f"/_aws/execute-api/{api}/live", headers)[0] == 403


def test_the_state_is_open_to_programs(emulator: Emulator) -> None:
    """Given a program that waits for the emulator, it needs no keys; a page gets nothing."""
    with urllib.request.urlopen(f"{emulator.endpoint}/_ministack/health") as answer:
        assert answer.status == 200
    request = urllib.request.Request(
        f"{emulator.endpoint}/_ministack/health", headers={"Origin": "http://localhost"}
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)


def test_files_are_private(emulator: Emulator, bucket: str) -> None:
    """Given objects and logs, only their owner may read the files."""
    file = emulator.directory / "data" / ACCOUNT / bucket / "p" / "Users" / "u1"

    assert file.stat().st_mode & 0o777 == 0o600
    assert (emulator.directory / "data" / ACCOUNT).stat().st_mode & 0o777 == 0o700
    assert (emulator.directory / "emulator.log").stat().st_mode & 0o777 == 0o600
