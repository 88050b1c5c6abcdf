"""moto 5.2 without the work that it repeats for each call and each test, for as long as a test runs."""

from collections.abc import Callable
from typing import Any

import moto.core.models
import moto.s3.urls
import pytest
from moto.core.base_backend import BaseBackend
from moto.s3.models import S3Backend

# Computed from a module of URLs that only environment variables change, which no test sets.
_compute_urls: Callable[[BaseBackend], dict[str, Any]] = BaseBackend.urls.fget  # type: ignore[attr-defined]
_urls: dict[type[BaseBackend], dict[str, Any]] = {}


def make_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute each service's URLs once, and leave the `requests` library, which no code uses, as it is."""
    monkeypatch.setattr(moto.core.models, "RESPONSES_METHODS", ())
    monkeypatch.setattr(S3Backend, "_url_module", moto.s3.urls)
    monkeypatch.setattr(BaseBackend, "urls", property(_find_urls))


def _find_urls(backend: BaseBackend) -> dict[str, Any]:
    kind = type(backend)
    if kind not in _urls:
        _urls[kind] = _compute_urls(backend)
    return _urls[kind]
