"""The certificate that `ssl` in the config names, fetched for images that carry it.

It is read with the publisher's permissions, and the config may be someone else's. So nothing but PEM gets
into an image, and from the deployment's own buckets only what belongs to all studies or to this one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from hippo.studies.config_keys import CERTIFICATE_FOLDER
from hippo_cli.aws_errors import is_denied, read_code, reading
from hippo_cli.findings import Finding, Severity, warning
from hippo_cli.stack import Stack
from hippo_cli.study_folder import APP_FOLDER, CONFIG_FILE, PLACEHOLDER, StudyFolder

PEM_FILES = {"fullchain": f"{APP_FOLDER}/fullchain.pem", "privkey": f"{APP_FOLDER}/privkey.pem"}
_CERTIFICATE = "X509 CERTIFICATE|TRUSTED CERTIFICATE|CERTIFICATE"
_PRIVATE_KEY = "PRIVATE KEY|RSA PRIVATE KEY|EC PRIVATE KEY"
_BLOCKS = {
    name: re.compile(rf"-----BEGIN ({kind})-----\s[A-Za-z0-9+/=\s]+-----END \1-----".encode())
    for name, kind in {"fullchain": _CERTIFICATE, "privkey": _PRIVATE_KEY}.items()
}
_KINDS = {"fullchain": "certificate", "privkey": "private key without a passphrase"}
_LARGEST = 1024**2  # bytes
_ABSENT = {"NoSuchKey", "NoSuchBucket", "404"}
_MISSING = "the image has no certificate, so browsers cannot connect to game servers"


@dataclass(frozen=True)
class Certificate:
    """The contents by their paths in the study; none if they are missing or refused, which a finding says."""

    files: dict[str, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def fetch_certificate(study: StudyFolder, project_id: str, stack: Stack, bucket: str, s3: Any) -> Certificate:
    """Return the certificate and its key. `bucket` is the project's."""
    names = study.project.get("ssl")
    names = names if isinstance(names, Mapping) else {}
    source = str(names.get("sslBucket") or "")
    keys = {name: str(names.get(name) or "") for name in PEM_FILES}
    if source in ("", PLACEHOLDER) or not all(keys.values()):
        return _refuse(study, "`ssl` in the config does not name a certificate", Severity.WARNING)
    is_own = source in {bucket, *_list_buckets(stack)}
    if is_own and (wrong := [key for key in keys.values() if not _is_allowed(key, project_id)]):
        what = f"s3://{source}/{wrong[0]} is neither in {CERTIFICATE_FOLDER}/ nor in {project_id}/"
        return _refuse(study, what, Severity.ERROR)
    files = {}
    for name, key in keys.items():
        address = f"s3://{source}/{key}"
        try:
            with reading(address):
                found = s3.get_object(Bucket=source, Key=key)
                body = found["Body"].read() if found["ContentLength"] <= _LARGEST else b""
        except ClientError as error:
            if not is_denied(error) and read_code(error) not in _ABSENT:
                raise
            return _refuse(study, f"{address} cannot be read ({read_code(error)})", Severity.WARNING)
        if not (content := _keep_blocks(name, body)):
            return _refuse(study, f"{address} is not a {_KINDS[name]} in PEM", Severity.ERROR)
        files[PEM_FILES[name]] = content
    return Certificate(files, [] if is_own else [_show_source(study, source, keys)])


def _list_buckets(stack: Stack) -> Iterator[str]:
    yield stack.bucket
    yield from (name.strip() for name in stack.get("ExtraBuckets").split(","))


def _is_allowed(key: str, project_id: str) -> bool:
    """Return whether an object of the deployment's buckets may be this study's certificate.

    Some deployments have the certificate in no folder, where studies have nothing of their own.
    """
    folder, _, rest = key.rpartition("/")
    top = key.partition("/")[0]
    return (
        ".." not in key.split("/") and bool(rest) and (not folder or top in (CERTIFICATE_FOLDER, project_id))
    )


def _keep_blocks(name: str, body: bytes) -> bytes:
    """Return the blocks of the right kind; the body as it is if it has nothing else."""
    pattern = _BLOCKS[name]
    blocks = [match[0] for match in pattern.finditer(body)]
    if blocks and not pattern.sub(b"", body).strip():
        return body
    return b"".join(block + b"\n" for block in blocks)


def _refuse(study: StudyFolder, reason: str, severity: Severity) -> Certificate:
    """Return the reason as a finding, unless the study has files of its own to use instead."""
    if all((study.directory / name).is_file() for name in PEM_FILES.values()):
        return Certificate()
    fix = (
        f"Put fullchain.pem and privkey.pem into {APP_FOLDER}/, or ask the operator to set GameCertificate "
        "(docs/howto/certificates.md)."
    )
    line = study.config_file.find_line(("project", "ssl"))
    what = f"{_MISSING}: {reason}"
    return Certificate(
        findings=[Finding(severity, "certificate", CONFIG_FILE, line, "project.ssl", what, fix)]
    )


def _show_source(study: StudyFolder, bucket: str, keys: Mapping[str, str]) -> Finding:
    line = study.config_file.find_line(("project", "ssl"))
    addresses = " and ".join(f"s3://{bucket}/{key}" for key in keys.values())
    what = f"the image will contain {addresses}, which are not in the deployment's buckets"
    fix = "Continue only if that is this study's certificate: all who can pull the image can read its key."
    return warning("certificate", CONFIG_FILE, line, "project.ssl", what, fix)
