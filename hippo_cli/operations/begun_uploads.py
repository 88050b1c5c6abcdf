"""Uploads in parts below a participant's trials that were begun and never completed: no objects yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from hippo_cli.aws_errors import is_denied, read_code


@dataclass(frozen=True, slots=True)
class BegunUpload:
    """One of them; there may be several of the same key."""

    key: str
    upload_id: str


class BegunUploads:
    """Those of one folder. S3 forgets them within a week, so who may not abort them is not held up.

    `refused` tells whether these credentials may not see or not abort them.
    """

    def __init__(self, client: Any, bucket: str, folder: str) -> None:
        self._client = client
        self._bucket = bucket
        self._folder = folder
        self.refused = False

    def find(self) -> tuple[BegunUpload, ...]:
        """All that can be aborted."""
        if self.refused:
            return ()
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._bucket, Prefix=self._folder
        )
        try:
            uploads = [entry for page in pages for entry in page.get("Uploads", ())]
        except ClientError as error:
            self._note(error)
            return ()
        return tuple(BegunUpload(str(one["Key"]), str(one["UploadId"])) for one in uploads)

    def abort(self, uploads: Iterable[BegunUpload]) -> None:
        """Each of them; one that is gone already is none."""
        for upload in uploads:
            try:
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=upload.key, UploadId=upload.upload_id
                )
            except ClientError as error:
                if read_code(error) == "NoSuchUpload":
                    continue
                self._note(error)
                return

    def _note(self, error: ClientError) -> None:
        if not is_denied(error):
            raise error
        self.refused = True
