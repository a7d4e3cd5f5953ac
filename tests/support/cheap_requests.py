"""Requests of botocore and moto without the work whose result no test reads: about a tenth of a request to moto.

No engine checks a signature: it reads the access key and the region of the `Authorization` header. moto lists all
methods of its service class for each request. Signed links and forms keep their signature.
"""

from functools import lru_cache
from typing import Any

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.compat import get_current_datetime
from botocore.exceptions import NoCredentialsError
from moto.core import responses

_sign = SigV4Auth.add_auth


def _name_only(self: SigV4Auth, request: Any) -> None:
    if type(self) is not SigV4Auth:
        _sign(self, request)
        return
    if self.credentials is None:
        raise NoCredentialsError
    request.context["timestamp"] = get_current_datetime().strftime(SIGV4_TIMESTAMP)
    self._modify_request_before_signing(request)  # type: ignore[attr-defined]
    scope = self.scope(request)
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    )


def install() -> None:
    """Install both shortcuts; before moto serves its first request."""
    SigV4Auth.add_auth = _name_only  # type: ignore[method-assign]
    responses.method_names_from_class = lru_cache(maxsize=None)(responses.method_names_from_class)  # type: ignore[attr-defined]
