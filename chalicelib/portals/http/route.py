"""The declaration of a route: its guard, its schemas, its refusals and its links, in one place.

The handler, the OpenAPI document and the contract's tests all read it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, Never

from msgspec import Struct, field
from typing_extensions import TypeVar

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.access.visitors import Visitor
from chalicelib.errors import Refusal
from chalicelib.identifiers import unkeyed_operation_id
from chalicelib.portals.http import variables
from chalicelib.portals.http.auth import Guard
from chalicelib.portals.http.paths import portal_of

BodyT = TypeVar("BodyT", default=None)
QueryT = TypeVar("QueryT", default=None)
ReplyT = TypeVar("ReplyT", default=None)
OtherT = TypeVar("OtherT", default=Never)

# The default bound on a JSON body, in bytes.
BODY_LIMIT = 64 * 1024


class Call(Struct, Generic[BodyT, QueryT], frozen=True):
    """One request, parsed. `principal` is set on every guarded route; `raw` is the body's bytes.

    `operation_id` identifies the effect of this request: requests with one Idempotency-Key share it, each other request
    has one of its own. `files` are the files of a form, by field. `read` is what the guard read of the caller.
    """

    body: BodyT
    query: QueryT
    path: Mapping[str, str]
    headers: Mapping[str, str]
    address: str
    principal: Principal
    raw: bytes = b""
    operation_id: str = field(default_factory=unkeyed_operation_id)
    files: Mapping[str, bytes] = field(default_factory=dict)
    read: Any = None

    @property
    def visitor(self) -> Visitor:
        """Where the request comes from."""
        return Visitor(self.address, self.headers.get("user-agent"))


class Link(Struct, frozen=True):
    """A next operation: `parameters` and `body` point to values of the answer by JSON pointer."""

    to: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)


class FormBody(Struct, frozen=True):
    """A form (multipart/form-data) that a route accepts besides JSON; `files` are the fields that carry files.

    `beyond` says what to do with more than the limit. A body of type text/csv is the file of the field `of_csv`.
    """

    limit: int
    files: tuple[str, ...]
    beyond: str = ""
    of_csv: str = ""


class Route(Struct, Generic[BodyT, QueryT, ReplyT, OtherT], frozen=True):
    """A route as its portal declares it. `path` has no trailing slash; `guard` is None for public routes.

    `also` are other successful replies by status. `files` are the types of files that it answers with where `format`
    asks for one. `media_type` is the type of an answer without a schema. `headers` names those that its answers may
    have besides the usual ones. `as_png` draws the reply for callers that accept image/png rather than JSON. `refuses`
    lists the refusals that do not follow from the guard and the schemas. `refresh` marks routes that a refresh token
    in the body authorizes. `idempotent` routes accept an Idempotency-Key. `padded` routes hide their duration. Any
    cache may keep an answer for `public_seconds`. A `resumable` file is given in
    parts where a `Range` asks for one. `audited` names the act of staff that the route writes to the audit
    log, such as `venue.change`; its first word is the kind of thing that is changed. `exports` names the act of a list
    whose `format` asks for a file of it.
    """

    method: str
    path: str
    guard: Guard | None
    body: type[BodyT] | None = None
    query: type[QueryT] | None = None
    reply: type[ReplyT] | None = None
    status: int = 200
    also: Mapping[int, type[OtherT]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    media_type: str | None = None
    headers: tuple[str, ...] = ()
    as_png: Callable[[ReplyT], bytes] | None = None
    refuses: tuple[type[Refusal], ...] = ()
    links: tuple[Link, ...] = ()
    limit: int = BODY_LIMIT
    form: FormBody | None = None
    refresh: bool = False
    idempotent: bool = False
    padded: bool = False
    public_seconds: int | None = None
    resumable: bool = False
    audited: str = ""
    exports: str = ""
    # The view's name and the first line of its docstring, unless the declaration gives them.
    operation_id: str = ""
    summary: str = ""

    @property
    def portal(self) -> str:
        """The portal whose page of the contract describes this route; `platform` where none does."""
        return portal_of(self.path)

    @property
    def methods(self) -> list[str]:
        """The methods that its view answers: pages and documents answer HEAD as GET (RFC 9110, section 9.3.2).

        The gateway leaves the body out. All else has no HEAD: a method costs a part of the template's size. Nor has a
        document that may become a job, since each request makes a fresh one.
        """
        is_document = self.media_type is not None and not self.also
        is_page = self.method == "GET" and (self.guard is None or is_document)
        return [self.method, "HEAD"] if is_page else [self.method]

    @property
    def variables(self) -> Mapping[str, variables.Variable]:
        """The type of each variable of the path. Raises KeyError for one without a type."""
        return variables.of_path(self.path)

    @property
    def reads_body(self) -> bool:
        """Whether the body is read; a GET or DELETE may carry one, which is ignored."""
        return self.body is not None or self.method == "POST" or self.idempotent


AnyRoute = Route[Any, Any, Any, Any]
ROUTES: list[AnyRoute] = []
