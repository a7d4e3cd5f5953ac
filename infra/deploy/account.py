"""The AWS account and region that a command works on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from infra.local.console import CannotStart

Client = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Account:
    """The caller's account: `client` makes a client of a service, `number` has 12 digits."""

    client: Client
    number: str
    region: str


def current() -> Account:
    """Return the account of this machine's credentials. Raises CannotStart where there are none."""
    session: Any = get_session()
    region = session.get_config_variable("region")
    if not region:
        raise CannotStart("No AWS region is set. Set AWS_REGION, or the region of your profile: aws configure")
    waiting = Config(connect_timeout=10, read_timeout=60, retries={"total_max_attempts": 5, "mode": "standard"})

    def client(service: str) -> Any:
        return session.create_client(service, region_name=region, config=waiting)

    try:
        number = client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise CannotStart(f"AWS does not accept this machine's credentials ({error}). Log in: aws sso login") from error
    return Account(client, number, region)
