"""Requests of botocore and moto without the work whose result no test reads: about a tenth of a request to moto.

No engine checks a signature: it reads the access key and the region of the `Authorization` header. Signed links and
forms keep their signature. moto lists all methods of its service class for each request, spells the names of a queue's
attributes in its own way for each queue, and reads the regions of a service for each account: each is the same again.
"""

from functools import cache
from typing import Any

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.compat import get_current_datetime
from botocore.exceptions import NoCredentialsError
from moto.core import responses
from moto.core.base_backend import AccountSpecificBackend
from moto.sqs import models as sqs

_sign = SigV4Auth.add_auth
_generate_regions = AccountSpecificBackend._generate_regions.__wrapped__


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


@cache
def _regions(service_name: str) -> list[str]:
    return _generate_regions(AccountSpecificBackend, service_name)


def install() -> None:
    """Install the shortcuts; before moto serves its first request."""
    SigV4Auth.add_auth = _name_only  # type: ignore[method-assign]
    responses.method_names_from_class = cache(responses.method_names_from_class)  # type: ignore[attr-defined]
    sqs.camelcase_to_underscores = cache(sqs.camelcase_to_underscores)  # type: ignore[attr-defined]
    AccountSpecificBackend._generate_regions = lambda _, service_name: _regions(service_name)  # type: ignore[method-assign,assignment]
