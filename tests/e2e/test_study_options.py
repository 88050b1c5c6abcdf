"""What a study can switch on, under the deployed roles: the key of signed links, the count of places."""

import json
import time

import pytest

from hippo.studies.links import derive_user_id, name_link_key, sign_link
from tests.e2e.account_view import AccountView
from tests.e2e.participant import Participant
from tests.e2e.running_platform import RunningPlatform

pytestmark = pytest.mark.e2e

PROJECT, KEY = "options", b"0123456789abcdef0123456789abcdef"
CONFIG = {
    "id": PROJECT,
    "name": "Options",
    "live": True,
    "ecsTask": PROJECT,
    "steps": {"1": "consent.html", "finalStep": "thanks.html"},
    "events": {"startServerStep": None, "stopServerStep": None},
    "maxRuntime": 5,
    "consentStep": 1,
    "completion": {"code": "C1", "url": "https://recruiter.example/?cc={code}&pid={PID}"},
    "onePer": "PID",
    "signedLinks": True,
    "maxParticipants": 1,
}


@pytest.fixture(scope="module")
def account(running_platform: RunningPlatform) -> AccountView:
    """The account, with a study that has every option and is published."""
    account = AccountView(running_platform)
    s3, bucket = account.client("s3"), account.outputs["bucket"]
    for name in ("consent.html", "thanks.html"):
        s3.put_object(Bucket=bucket, Key=f"{PROJECT}/{name}", Body=f"<h1>{name}</h1>".encode())
    s3.put_object(Bucket=bucket, Key=name_link_key(PROJECT), Body=KEY)
    function = account.outputs["stackOutputs"]["UpdateFunctionName"]
    answer = account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(CONFIG))
    assert json.loads(answer["Payload"].read())["statusCode"] == 200
    time.sleep(1)  # a study that is not in next_step's list is looked for once a second at most
    return account


def make_query(pid: str) -> dict[str, str]:
    """What the signed link of a recruiter's participant holds besides project and user."""
    return {"PID": pid, "signature": sign_link(KEY, PROJECT, derive_user_id(PROJECT, "PID", pid))}


def test_signed_study_with_one_place(account: AccountView) -> None:
    """Given every option at once, then the first goes through, the second finds it full, a forged link
    nothing, and what is stored is what the documents say."""
    first = Participant(account.outputs, "first-browser", PROJECT).get(**make_query("7"))
    second = Participant(account.outputs, "second-browser", PROJECT).get(**make_query("8"))
    forged_query = {**make_query("7"), "signature": make_query("8")["signature"]}
    forged = Participant(account.outputs, "third-browser", PROJECT).get(**forged_query)
    final = Participant(account.outputs, first["userId"], PROJECT).post({"agree": "yes"}, **make_query("7"))

    user_id = derive_user_id(PROJECT, "PID", "7")
    record = account.read_participant(user_id, PROJECT)
    assert (first["userId"], first["step"], first["title"]) == (user_id, 1, "Options")
    assert (second["reason"], forged["reason"]) == ("full", "linkInvalid")
    assert final["completion"] == {"code": "C1", "url": "https://recruiter.example/?cc=C1&pid=7"}
    assert record["parameters"] == {"PID": "7"}
    assert len(record["requests"][1]["consent"]["sha256"]) == 64
    assert account.read_json(f"{PROJECT}/_admission.json") == {
        "admitted": [user_id],
        "refused": {"full": [derive_user_id(PROJECT, "PID", "8")]},
    }
