"""The emulator's CloudFront distribution, reached by its name as browsers reach it on AWS."""

import http.client
import re
from email.message import Message
from urllib.parse import urlsplit

from hippo_local.aws import Aws

_SECONDS = 30
_MEDIA = re.compile(r"/media/[A-Za-z0-9_-]+/[0-9a-f]+\.[a-z0-9]+")
# What CloudFront passes on to the bucket, and what its CORS headers depend on.
_PASSED_ON = ("Range", "If-Range", "If-None-Match", "If-Modified-Since", "Origin")
# Matters of one connection; the web server writes its own.
_OF_THE_CONNECTION = {"connection", "date", "keep-alive", "server", "transfer-encoding"}


class Distribution:
    """One distribution; `endpoint_url` is the emulator's, `domain_name` the one that CloudFront gave."""

    def __init__(self, endpoint_url: str, domain_name: str) -> None:
        address = urlsplit(endpoint_url)
        self._host, self._port = address.hostname or "", address.port
        self.domain_name = domain_name

    def open(self, method: str, path: str, headers: Message) -> http.client.HTTPResponse:
        """Gives the answer to a request, its body not read yet; the caller closes it. Raises OSError."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        passed_on = {name: str(headers[name]) for name in _PASSED_ON if name in headers}
        try:
            connection.request(
                method, path, headers={"Host": self.domain_name, "Connection": "close", **passed_on}
            )
            return connection.getresponse()
        except http.client.HTTPException as error:
            connection.close()
            raise OSError(f"the emulator's answer is not HTTP: {error!r}") from error
        except OSError:
            connection.close()
            raise


def find_distribution(aws: Aws, distribution_id: str) -> Distribution:
    """Gives the distribution of that id."""
    found = aws.make_client("cloudfront").get_distribution(Id=distribution_id)["Distribution"]
    return Distribution(aws.endpoint_url, found["DomainName"])


def is_media(path: str) -> bool:
    """Whether a path (without a query) can be one of a study's media."""
    return _MEDIA.fullmatch(path) is not None


def list_headers(response: http.client.HTTPResponse) -> list[tuple[str, str]]:
    """Gives the headers that belong to the answer and not to the connection that it came by."""
    return [pair for pair in response.getheaders() if pair[0].lower() not in _OF_THE_CONNECTION]
