"""The JSON of the doors that belong to no portal."""

from typing import Literal

from pydantic import Field

from chalicelib.schemas.wire import Moment, Out


class HealthOut(Out):
    """The service is up."""

    status: Literal["ok"] = Field(description="Always ok: the service answers.")
    time: Moment
