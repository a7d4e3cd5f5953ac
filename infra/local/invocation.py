"""A call of a function as Lambda makes it: the context object that handlers are given."""

import time
import uuid
from dataclasses import dataclass, field

ACCOUNT = "000000000000"
REGION = "us-east-1"
MEMORY_MB = 1024


@dataclass(slots=True)
class FunctionContext:
    """The second argument of a handler, with the attributes that AWS documents for Python."""

    function_name: str
    timeout_seconds: float
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = MEMORY_MB
    identity: None = None
    client_context: None = None
    _deadline: float = field(init=False)

    def __post_init__(self) -> None:
        """Start the clock of the call."""
        self._deadline = time.monotonic() + self.timeout_seconds

    @property
    def invoked_function_arn(self) -> str:
        """The name that AWS would give the function."""
        return function_arn(self.function_name)

    @property
    def log_group_name(self) -> str:
        """Where the function's log would go."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """The part of the log that would be this container's."""
        return "local"

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the call may still take."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def function_arn(name: str) -> str:
    """Return the name that AWS would give a function of this run."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:gatehouse-local-{name}"
