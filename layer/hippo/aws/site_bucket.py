"""S3 as the origin that CloudFront serves: the files of the page, and studies' media."""

from collections.abc import Iterator
from typing import Any

from hippo.aws.failures import translate
from hippo.aws.s3 import ListedObject, list_keys


class SiteBucket:
    """The bucket of the site."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def list_tree(self, prefix: str) -> Iterator[ListedObject]:
        """Yield all objects below a prefix."""
        return list_keys(self._client, self.bucket, prefix)

    def put(self, key: str, body: bytes, content_type: str, cache_control: str) -> None:
        """Write an object unconditionally."""
        with translate(f"s3:PutObject of {key}"):
            self._client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                CacheControl=cache_control,
            )

    def copy(
        self, bucket: str, source: ListedObject, key: str, content_type: str, cache_control: str
    ) -> None:
        """Copy an object of another bucket as it was when listed, without downloading it.

        Raises AwsError, also if the source has changed or gone since. S3 copies up to 5 GB at once
        (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html).
        """
        with translate(f"s3:CopyObject of {source.key}"):
            self._client.copy_object(
                Bucket=self.bucket,
                Key=key,
                CopySource={"Bucket": bucket, "Key": source.key},
                CopySourceIfMatch=source.etag,
                ContentType=content_type,
                CacheControl=cache_control,
                MetadataDirective="REPLACE",
                # Copying tags would need extra permissions.
                TaggingDirective="REPLACE",
            )

    def delete(self, key: str) -> None:
        """Delete an object if it exists."""
        with translate(f"s3:DeleteObject of {key}"):
            self._client.delete_object(Bucket=self.bucket, Key=key)
