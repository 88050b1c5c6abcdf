"""Tests of the detection of secrets in one file: each kind, what is not a secret, and large files."""

import io
import json
import sys

import pytest

from hippo_cli.checks import secret_detection
from hippo_cli.checks.secret_detection import Search, Secret, search_stream
from hippo_cli.errors import MachineError
from tests.support.paths import EXAMPLE, ROOT

# In parts, so that no scanner of this repository takes them for secrets.
KEY_ID, SECRET_KEY = "AKIA" + "QX7RLB2MZN4TWK9D", "q8Zr/kW3xVb7Tn1yLs" + "Pd0Hf6Jm9Gc2Ae5Uo4Ri"
GITHUB = "ghp_" + "x7Kq2Mn9Zr4Tw8Lb1Vc6Sd3Fg5Hj0PyQeRuT"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NSJ9." + "c2lnbmF0dXJlLW9mLXRva2Vu"
PEM = "-----BEGIN {}PRIVATE KEY" + "-----"


def search(name: str, content: str | bytes) -> Search:
    """Search a file with this content."""
    return search_stream(name, io.BytesIO(content.encode() if isinstance(content, str) else content))


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("image.env", "AWS_SECRET_ACCESS_KEY=x", "AWS_SECRET_ACCESS_KEY"),
        ("image.env", "export AWS_PROFILE = 'me'", "AWS_PROFILE"),
        ("image.env", "AWS_SHARED_CREDENTIALS_FILE=/app/keys", "AWS_SHARED_CREDENTIALS_FILE"),
        ("image.env", "DB_PASSWORD=kq7ab!zzy", "Secret Keyword"),
        ("Dockerfile", f"ENV AWS_SECRET_ACCESS_KEY {SECRET_KEY}", "AWS_SECRET_ACCESS_KEY"),
        ("Dockerfile", "ARG AWS_SESSION_TOKEN=x", "AWS_SESSION_TOKEN"),
        ("Dockerfile", "ENV LEVEL=1 AWS_ACCESS_KEY_ID=x", "AWS_ACCESS_KEY_ID"),
        ("App/Dockerfile", "ENV LEVEL=1 \\", None),
        ("App/Dockerfile", "    AWS_ACCESS_KEY_ID=x", "AWS_ACCESS_KEY_ID"),
        ("Dockerfile", "ENV API_KEY kq7ab!zzy", "Secret Keyword"),
        ("App/run.sh", f"export AWS_SECRET_ACCESS_KEY={SECRET_KEY}", "AWS_SECRET_ACCESS_KEY"),
        ("App/.aws/credentials", f"aws_secret_access_key = {SECRET_KEY}", "AWS_SECRET_ACCESS_KEY"),
        ("App/s3.py", f'client("s3", aws_secret_access_key="{SECRET_KEY}")', "AWS_SECRET_ACCESS_KEY"),
        ("App/s3.py", f"environ['AWS_SESSION_TOKEN'] = '{SECRET_KEY}'", "AWS_SESSION_TOKEN"),
        ("App/s3.json", json.dumps({"aws_access_key_id": KEY_ID}), "AWS_ACCESS_KEY_ID"),
        ("StepFiles/consent.html", f"<!-- {KEY_ID} -->", "AWS access key"),
        ("App/key", PEM.format(""), "private key"),
        ("App/key.pem", PEM.format("RSA "), "private key"),
        ("App/key.pem", PEM.format("ENCRYPTED "), "private key"),
        ("App/id_ed25519", PEM.format("OPENSSH "), "private key"),
        ("App/key.py", f'KEY = "{PEM.format("EC ")}\\n"', "private key"),
        ("App/key.ppk", "PuTTY-User-Key-File-" + "3: ssh-ed25519", "private key"),
        ("App/a.py", f'token = "{GITHUB}"', "GitHub Token"),
        ("App/a.py", f'x = "{JWT}"', "JSON Web Token"),
        ("App/a.py", 'PASSWORD = "kq7ab!zzy"', "Secret Keyword"),
        ("config.yml", "  password: kq7ab!zzy", "Secret Keyword"),
        ("App/packages.txt", "--index-url https://ada:kq7ab_zzy" + "@x.org/simple", "Basic Auth Credentials"),
    ],
)  # fmt: skip
def test_a_secret(name: str, text: str, kind: str | None) -> None:
    """Given a secret in the third line of a file, its line and kind are found."""
    found = search(name, f"first\r\nsecond\n{text}\nlast\n")

    assert found.secrets == ((Secret(3, kind),) if kind else ())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("image.env", "AWS_REGION=ca-central-1\nAWS_DEFAULT_REGION=ca-central-1\nLEVEL=1\n"),
        ("image.env", "AWS_SECRET_ACCESS_KEY=\nAWS_ACCESS_KEY_ID=$KEY\nPASSWORD=${PASSWORD}\n"),
        ("Dockerfile", "ARG AWS_SECRET_ACCESS_KEY\nRUN echo AWS_SECRET_ACCESS_KEY\n"),
        ("App/s3.py", 'client("s3", aws_secret_access_key=key, region_name="us-east-1")\n'),
        ("App/s3.py", "key = os.environ['AWS_SECRET_ACCESS_KEY']\npassword = getpass('Password: ')\n"),
        ("config.yml", "  ssl:\n    privkey: SSL/privkey.pem\n  signedLinks: true\n"),
        ("App/server.py", "FROM = '192.0.2.1'\naddress = '203.0.113.9'\n"),
        ("StepFiles/quiz.html", '<label>Password <input type="password" name="password"></label>\n'),
        ("App/requirements.txt", f"boto3==1.0 \\\n    --hash=sha256:{'0a1b2c3d4e5f6789' * 4}\n"),
        ("App/notes.ipynb", json.dumps({"image/png": "iVBORw0KGgo" + "Zk3Q9xYv7LmTn2Pw" * 4000})),
    ],
)
def test_no_secret(name: str, text: str) -> None:
    """Given references to secrets, regions, hashes, pictures and names of files, there is no finding."""
    assert search(name, text) == Search((), complete=True)


def test_the_example_has_none() -> None:
    """Given the example, the layer and the library of game servers, no file holds a secret."""
    folders = (EXAMPLE, ROOT / "hippo_game", ROOT / "layer", ROOT / "web")
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]

    found = {str(path): search(path.name, path.read_bytes()).secrets for path in paths}

    assert len(found) > 50
    assert {name: secrets for name, secrets in found.items() if secrets} == {}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_encodings(encoding: str) -> None:
    """Given a text as Windows's programs save it, the secret is found; the rest may be unreadable."""
    found = search("image.env", f"NAME=Zoë\nAWS_SECRET_ACCESS_KEY={SECRET_KEY}\n".encode(encoding))

    assert found.secrets == (Secret(2, "AWS_SECRET_ACCESS_KEY"),)


def test_a_file_that_is_not_a_text() -> None:
    """Given a binary file with a private key in it, the file is named, without a line."""
    found = search("App/model.bin", b"\0\1" * 5000 + PEM.format("").encode() + b"\0")

    assert found == Search((Secret(0, "private key"),), complete=True)


def test_a_secret_in_a_long_line() -> None:
    """Given a line of many characters, a secret anywhere in it is found, also where parts meet."""
    for before in (10, 1790, 1990, 3590, 100_000):
        found = search("App/data.js", f'x="{"_" * before}";t="{GITHUB}";{"y" * 5000}')

        assert found.secrets == (Secret(1, "GitHub Token"),), before


def test_a_large_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a text that is too large, keys are found everywhere, and it counts as not searched completely."""
    monkeypatch.setattr(secret_detection, "_LARGEST_TEXT", 1000)

    found = search("App/data.csv", "1,2,3\n" * 1000 + KEY_ID + f'\npassword = "{SECRET_KEY}"\n')

    assert found == Search((Secret(1001, "AWS access key"),), complete=False)


def test_a_huge_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a file of any size, no more than a bounded part of it is read."""
    monkeypatch.setattr(secret_detection, "_LARGEST", 4096)
    stream = io.BytesIO(b"x" * 1_000_000)

    assert search_stream("App/model.txt", stream) == Search((), complete=False)
    assert stream.tell() == 4097


def test_a_detector_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given no detect-secrets, the search fails with advice, instead of finding nothing."""
    secret_detection._list_detectors.cache_clear()
    monkeypatch.setitem(sys.modules, "detect_secrets.core.plugins.util", None)

    with pytest.raises(MachineError, match="detect_secrets") as failed:
        search("App/a.py", "x")

    assert failed.value.advice == "Reinstall the tool."
