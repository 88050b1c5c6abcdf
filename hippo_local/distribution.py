"""The emulator's CloudFront distribution, addressed by its domain name, here below localhost."""

import http.client
import re
from email.message import Message
from urllib.parse import urlsplit

from hippo_local.aws import Aws

_SECONDS = 30
_MEDIA = re.compile(r"/media/[A-Za-z0-9_-]+/[0-9a-f]+\.[a-z0-9]+")
# The headers that CloudFront forwards to the bucket, and the one that its CORS headers depend on.
_FORWARDED = ("Range", "If-Range", "If-None-Match", "If-Modified-Since", "Origin")
# Headers that belong to one connection; the web server writes its own.
_HOP_BY_HOP = {"connection", "date", "keep-alive", "server", "transfer-encoding"}


class Distribution:
    """A distribution; `endpoint_url` is the emulator's, `domain_name` its name there."""

    def __init__(self, endpoint_url: str, domain_name: str) -> None:
        address = urlsplit(endpoint_url)
        self._host, self._port = address.hostname or "", address.port
        self.domain_name = domain_name

    def open(self, method: str, path: str, headers: Message) -> http.client.HTTPResponse:
        """Return the response to a request, its body unread; the caller closes it. Raises OSError."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        forwarded = {name: str(headers[name]) for name in _FORWARDED if name in headers}
        try:
            connection.request(
                method, path, headers={"Host": self.domain_name, "Connection": "close", **forwarded}
            )
            return connection.getresponse()
        except http.client.HTTPException as error:
            connection.close()
            raise OSError(f"the emulator's response is not HTTP: {error!r}") from error
        except OSError:
            connection.close()
            raise


def find_distribution(aws: Aws, distribution_id: str) -> Distribution:
    """Return the distribution with this id."""
    found = aws.make_client("cloudfront").get_distribution(Id=distribution_id)["Distribution"]
    # The emulator refuses names that are not this machine's, and knows a distribution by this one as well.
    return Distribution(
        aws.endpoint_url, found["DomainName"].replace(".cloudfront.net", ".cloudfront.localhost")
    )


def is_media(path: str) -> bool:
    """Return whether a path (without a query) can be one of a study's media."""
    return _MEDIA.fullmatch(path) is not None


def list_headers(response: http.client.HTTPResponse) -> list[tuple[str, str]]:
    """Return the headers that belong to the response itself, not to its connection."""
    return [pair for pair in response.getheaders() if pair[0].lower() not in _HOP_BY_HOP]
