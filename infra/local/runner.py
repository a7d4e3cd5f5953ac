"""A local run from start to end: port, folder, engines and resources, then the platform on them."""

import errno
import fcntl
import os
import socket
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.local import currencies, engines, resources
from infra.local.console import CannotStart, is_full, require_space, step
from infra.local.ending import Ending
from infra.local.engines import Engine
from infra.local.invocation import REGION
from infra.local.resources import Cloud

_HOST = "127.0.0.1"
_WAITING_CONNECTIONS = 2048
_LOCK = ".in-use"
# How many times a deployed stage's limits of tries; LIMIT_TIMES=1 makes a local run as strict.
_LIMIT_TIMES = 10


@dataclass(frozen=True, slots=True)
class Options:
    """What the person at the terminal chose."""

    port: int
    data: Path | None
    demo: bool
    on_dynamodb_local: bool


def run(options: Options) -> None:
    """Start everything, serve until a stop is requested, and stop everything."""
    ending = Ending()
    with ExitStack() as undo:
        undo.callback(ending.restore_signals)
        listener = listen(options.port)
        undo.callback(listener.close)
        amounts = currencies.environment(os.environ)
        currencies.require_settings()
        home = _data_folder(options.data, undo)
        if options.data is not None:
            currencies.keep(options.data, amounts["CURRENCY"])
        _forget_cloud_settings()
        started: list[Engine] = []
        undo.callback(_stop_engines, started)
        try:
            cloud, stream_arn = _start_cloud(options, started)
        except (BotoCoreError, ClientError):
            if is_full(home):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(home)) from None
            raise
        os.environ.update({**_environment(options, cloud, stream_arn), **amounts})
        # Only now: this imports the app, which reads the environment.
        from infra.local import serving

        serving.serve(serving.Run(options, cloud, stream_arn), listener, ending, started)


def listen(port: int) -> socket.socket:
    """Bind the port before anything else starts, so that a port in use is reported at once."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        # Holds the port against a second run; connections are answered once the server is up.
        listener.listen(_WAITING_CONNECTIONS)
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"Port {port} is in use or not allowed ({error.strerror}). "
            f"Stop the program that uses it, or choose another: PORT={port + 1 if port < 65535 else 8000} make run"
        ) from error
    return listener


def _data_folder(data: Path | None, undo: ExitStack) -> Path:
    """Return the folder of the engines' data, locked for this run, with space enough."""
    if data is None:
        home = Path(tempfile.gettempdir())
        require_space(home)
        return home
    try:
        data.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise CannotStart(f"DATA={data} is not a folder. Name one that exists or can be created.") from None
    require_space(data)
    lock = undo.enter_context((data / _LOCK).open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CannotStart(f"Another run uses DATA={data}. Stop it, or name another folder.") from None
    return data


def _start_cloud(options: Options, started: list[Engine]) -> tuple[Cloud, str]:
    """Start the engines and create the resources; return where they are, and the stream's ARN."""
    if options.on_dynamodb_local:
        step("starting DynamoDB Local for the table")
        started.append(engines.launch_dynamodb_local(options.data / "table" if options.data else None))
    step("starting MiniStack, the embedded cloud")
    started.append(engines.launch_ministack(options.data / "cloud" if options.data else None))
    url = started[-1].wait().url
    step("creating the resources of infra/resources")
    resources.create_stack(Cloud(url, url))
    cloud = Cloud(url, started[0].wait().url)
    return cloud, resources.create_table(cloud)


def _stop_engines(started: list[Engine]) -> None:
    with ExitStack() as all_of_them:
        for engine in started:
            all_of_them.callback(engine.stop)


def _forget_cloud_settings() -> None:
    """Hide this machine's settings for AWS: a local run must never reach the real cloud."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Loopback is never behind a proxy.
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1", "localhost"])),
    }


def _environment(options: Options, cloud: Cloud, stream_arn: str) -> dict[str, str]:
    """Return what the app reads."""
    return {
        "STAGE": "local",
        "TABLE_STREAM_ARN": stream_arn,
        "LIVE_URL": f"ws://localhost:{options.port}/live",
        "PUBLIC_URL": os.environ.get("PUBLIC_URL", f"http://localhost:{options.port}"),
        # One caller of a load test represents many.
        "LIMIT_REQUESTS": os.environ.get("LIMIT_REQUESTS", "60000"),
        "LIMIT_DEVICE_REQUESTS": os.environ.get("LIMIT_DEVICE_REQUESTS", "60000"),
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ENDPOINT_URL_DYNAMODB": cloud.table_url,
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": cloud.table_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        # The key that MiniStack knows: it checks the signatures of links to files, and no others.
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # Metrics are lines of JSON on the standard output, for CloudWatch alone.
        "POWERTOOLS_METRICS_DISABLED": "false" if os.environ.get("LOG") == "json" else "true",
        # One person tries everything here, from one address.
        "LIMIT_TIMES": os.environ.get("LIMIT_TIMES", str(_LIMIT_TIMES)),
        # Endpoints that carry an account id exist on the real cloud only.
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    }
