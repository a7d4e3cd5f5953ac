"""Bodies of a caller's own sessions."""

from pydantic import Field

from chalicelib.schemas.wire import Moment, Out


class SessionOut(Out):
    """One session of the caller."""

    id: str
    created_at: Moment
    last_used_at: Moment = Field(description="When it was last refreshed, or logged in.")
    device: str | None = Field(description="The family of client and system, such as `Chrome on Android`.")
    address_hint: str | None = Field(
        description="The network that it was last refreshed from, never the whole address."
    )
    current: bool = Field(description="Whether this request uses it.")
