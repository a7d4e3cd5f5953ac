"""Every setting of the agent, from the environment (`GATEHOUSE_READER_…`) or the command line."""

import difflib
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from reader_agent.failures import BadSetup
from reader_agent.local_gate import ExpiredPolicy, SecurePolicy
from reader_agent.sound import SoundName

DEFAULT_SERVER = "http://127.0.0.1:8000"
_PREFIX = "GATEHOUSE_READER_"
# What commands read by themselves.
_READ_ELSEWHERE = frozenset({"SERVER", "CODE", "ENROLL_ADMIN"})


def default_state_dir() -> Path:
    """Return the default folder of the identity and the outbox."""
    by_systemd = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if by_systemd:
        return Path(by_systemd)
    by_xdg = os.environ.get("XDG_STATE_HOME", "")
    return (Path(by_xdg) if by_xdg else Path.home() / ".local" / "state") / "gatehouse-reader"


def read_settings(**given: Any) -> "Settings":
    """Return the settings; an option that is given (not None) wins over the environment. Raises BadSetup."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        # A pattern tells an operator nothing.
        why = "give it as HOST:PORT, such as 192.0.2.10:8443" if name == "hub_announce" else first["msg"]
        raise BadSetup(f"{name} (GATEHOUSE_READER_{name.upper()} or its option) is not usable: {why}") from None


def unknown() -> list[str]:
    """Return a sentence for each variable of the agent that the environment has and no setting reads."""
    known = {name.upper() for name in Settings.model_fields} | _READ_ELSEWHERE
    sentences = []
    for name in sorted(name for name in os.environ if name.upper().startswith(_PREFIX)):
        ending = name.upper().removeprefix(_PREFIX)
        if ending not in known:
            near = difflib.get_close_matches(ending, known, n=1)
            meant = f"; is it to be {_PREFIX}{near[0]}?" if near else ""
            sentences.append(f"{name} is no setting, and changes nothing{meant}")
    return sentences


# A name, an IPv4 address or an IPv6 one in brackets, and a port.
_ADDRESS = r"^([0-9A-Za-z.\-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}$"


class Settings(BaseSettings):
    """How one agent runs. The server, the gate and the key are in the identity that `enroll` stores."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True)

    state_dir: Path = Field(default_factory=default_state_dir)
    reader: str = "usb"
    direction: Literal["entry", "exit"] | None = None
    # What a tap at this gate is: an ordinary scan, or people who leave for a while or come back.
    kind: Literal["scan", "leave", "return"] = "scan"
    # These two come from the server's configuration of the device unless they are set here.
    # A person waits at the gate: after this time the tap is kept and shown amber.
    online_seconds: Annotated[float, Field(gt=0, le=10)] | None = None
    debounce_seconds: Annotated[float, Field(ge=0, le=30)] | None = None
    # The timeout of requests in the background.
    sync_seconds: Annotated[float, Field(gt=0, le=120)] = 30.0
    # How often the changes since the last snapshot are fetched.
    snapshot_seconds: Annotated[float, Field(ge=1, le=86_400)] = 300.0
    # A snapshot is good for 24 hours: after that nobody is admitted by it, or with a warning, or as before.
    expired_policy: ExpiredPolicy = "refuse"
    # Offline nobody can check a secure card's message: it waits for the platform, or is admitted with a warning.
    secure_offline: SecurePolicy = "refuse"
    # One agent of an event decides for the others on their own network.
    hub: bool = False
    hub_listen: str = "0.0.0.0:8443"  # who is no peer is not read
    # Where the others reach it; without it, the address on the way to the platform.
    hub_announce: Annotated[str, Field(pattern=_ADDRESS)] | None = None
    # `[DEVICE_ID@]HOST:PORT` of the hub that this gate asks; without it, the first that a snapshot named.
    hub_address: str | None = None
    # How long the simulated air (reader path `udp:…`) waits for a card; a busy machine needs longer than RF.
    air_seconds: Annotated[float, Field(gt=0, le=5)] = 0.25
    # /healthz, /readyz and /metrics on loopback; 0 disables them.
    health_port: Annotated[int, Field(ge=0, le=65535)] = 0
    # The verdicts' sounds: the terminal's bell, ALSA's player, or none.
    sound: SoundName = "bell"
    # Lines of a GPIO chip: `gpiochip0:17`, or `gpiochip0:17:low` where low is on. An exit has no relay.
    relay: str | None = None
    # How long the relay's normally-open contact is closed for an admission.
    relay_ms: Annotated[int, Field(ge=300, le=500)] = 400
    beeper: str | None = None
    lamp_green: str | None = None
    lamp_red: str | None = None
    lamp_amber: str | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
