"""Options of a study under the deployed roles: signed links, and a limit on participants."""

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
    """Publish a study with every option; return the operator's view of the account."""
    account = AccountView(running_platform)
    s3, bucket = account.client("s3"), account.outputs["bucket"]
    for name in ("consent.html", "thanks.html"):
        s3.put_object(Bucket=bucket, Key=f"{PROJECT}/{name}", Body=f"<h1>{name}</h1>".encode())
    s3.put_object(Bucket=bucket, Key=name_link_key(PROJECT), Body=KEY)
    function = account.outputs["stackOutputs"]["UpdateFunctionName"]
    answer = account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(CONFIG))
    assert json.loads(answer["Payload"].read())["statusCode"] == 200
    time.sleep(1)  # next_step looks for an unlisted study at most once a second
    return account


def make_query(pid: str) -> dict[str, str]:
    """Return the query of a signed link for a recruiter's participant, without project and user."""
    return {"PID": pid, "signature": sign_link(KEY, PROJECT, derive_user_id(PROJECT, "PID", pid))}


def test_signed_study_for_one_participant(account: AccountView) -> None:
    """Given every option, one participant gets through, a second finds it full, a forged link fails."""
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
    admissions = account.read_json(f"{PROJECT}/_admission.json")
    assert list(admissions.pop("since")) == [user_id]
    assert admissions == {
        "admitted": [user_id],
        "refused": {"full": [derive_user_id(PROJECT, "PID", "8")]},
    }
