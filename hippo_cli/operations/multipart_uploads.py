"""Incomplete multipart uploads below a participant's trials, which are not objects yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from hippo_cli.aws_errors import is_denied, read_code


@dataclass(frozen=True, slots=True)
class MultipartUpload:
    """One incomplete upload. Several may have the same key."""

    key: str
    upload_id: str


class MultipartUploads:
    """The incomplete uploads below one folder.

    A lifecycle rule removes them within a week, so missing permissions are not an error. `denied` is true if
    these credentials may not list or abort them.
    """

    def __init__(self, client: Any, bucket: str, folder: str) -> None:
        self._client = client
        self._bucket = bucket
        self._folder = folder
        self.denied = False

    def find(self) -> tuple[MultipartUpload, ...]:
        """Return all uploads that can be aborted."""
        if self.denied:
            return ()
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._bucket, Prefix=self._folder
        )
        try:
            uploads = [entry for page in pages for entry in page.get("Uploads", ())]
        except ClientError as error:
            self._note_denial(error)
            return ()
        return tuple(MultipartUpload(str(upload["Key"]), str(upload["UploadId"])) for upload in uploads)

    def abort(self, uploads: Iterable[MultipartUpload]) -> None:
        """Abort the uploads. An upload that no longer exists is not an error."""
        for upload in uploads:
            try:
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=upload.key, UploadId=upload.upload_id
                )
            except ClientError as error:
                if read_code(error) == "NoSuchUpload":
                    continue
                self._note_denial(error)
                return

    def _note_denial(self, error: ClientError) -> None:
        if not is_denied(error):
            raise error
        self.denied = True
