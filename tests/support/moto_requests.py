"""The way of a DynamoDB request to moto's handler, without a web framework in between: a third of what it costs.

moto builds a werkzeug request of each one, matches its URL against the patterns of all services, and reads the body
as a form, as a query and as JSON. A request to DynamoDB names its operation in one header, and its body is JSON.
botocore describes the machine in the header `User-Agent` of each request; here it is written once. moto also answers
the library `requests`, with 1,288 patterns for each cloud; nothing here asks AWS by it.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSPreparedRequest
from botocore.useragent import UserAgentString
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.model_instances import reset_model_data
from moto.core.models import MockAWS, botocore_stubber
from moto.dynamodb.responses import DynamoHandler
from moto.iam.models import mark_account_as_visited

from tests.support import moto_direct, moto_turns

_TARGET = "X-Amz-Target"
_process_request = BotocoreStubber.process_request
_CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/")


def _process(self: BotocoreStubber, request: AWSPreparedRequest) -> Any:
    """Answer a request to DynamoDB here, and leave all others to moto."""
    target = _text(request.headers.get(_TARGET))
    if not target.startswith("DynamoDB_"):
        return _process_request(self, request)
    handler = _handler(request)
    moto_direct.repeat_outcome(handler, target.rpartition(".")[2])
    with moto_turns.turn():
        return handler.call_action()


def _handler(request: AWSPreparedRequest) -> DynamoHandler:
    """Return moto's handler as `setup_class` leaves it."""
    headers = {name: _text(value) for name, value in request.headers.items()}
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    access_key, region = _signer(headers["Authorization"])
    handler = DynamoHandler()
    handler.is_werkzeug_request = False
    handler.headers, handler.querystring, handler.uri_match = headers, {}, {}
    handler.raw_body = handler.body = body.decode()
    handler.method, handler.path, handler.uri = "POST", "/", request.url
    handler.region, handler.partition = region, "aws"
    handler.response_headers = {"server": "amazon.com", "date": format_datetime(datetime.now(UTC), usegmt=True)}
    seen: Any = SimpleNamespace(
        method="POST", values={}, headers=headers, data=body, path="/", content_type=headers.get("Content-Type")
    )
    handler.parse_parameters(seen)
    handler.access_key = access_key
    handler.current_account = handler.get_current_account()
    mark_account_as_visited(
        account_id=handler.current_account, access_key=access_key, service="dynamodb", region=region
    )
    return handler


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")


@lru_cache(maxsize=4096)
def _signer(authorization: str) -> tuple[str, str]:
    """Return the access key and the region that a request was signed for."""
    found = _CREDENTIAL.search(authorization)
    assert found is not None, authorization
    return found[1], found[2]


def _short(_agent: UserAgentString) -> str:
    return "gatehouse-tests"


def _enable(_mock: MockAWS, *, reset: bool = True) -> None:
    botocore_stubber.enabled = True
    if reset:
        BackendDict.reset()


def _disable(_mock: MockAWS, remove_data: bool) -> None:
    botocore_stubber.enabled = False
    if remove_data:
        BackendDict.reset()
        reset_model_data()


def install() -> None:
    """Install the shortcuts; before a client is made."""
    MockAWS._enable_patching = _enable  # type: ignore[method-assign,assignment]
    MockAWS._disable_patching = _disable  # type: ignore[method-assign,assignment]
    BotocoreStubber.process_request = _process  # type: ignore[method-assign]
    UserAgentString.to_string = _short  # type: ignore[method-assign,assignment]
