"""`python -m infra.local`: the platform on this machine."""

import argparse
import os
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Refusal
from infra.local.console import CannotStart, complain, explained
from infra.local.runner import Options, run

_ENGINES = ("ministack", "dynamodb-local")


def main() -> int:
    """Read the options, run, and explain an error in a sentence."""
    try:
        run(_options())
    except CannotStart as why:
        complain(f"\n{why}")
        return 1
    except Refusal as refused:
        complain(f"\nThe demo data was refused: {refused.text} Look at the settings, or run without it: DEMO=0")
        return 1
    except OSError as error:
        complain(f"\n{explained(error)}")
        return 1
    except (BotoCoreError, ClientError) as error:
        complain(f"\nAn engine refused a request or stopped answering: {error}.")
        complain("Run again. If it happens again, choose another DATA.")
        return 1
    except KeyboardInterrupt:
        complain("\nStopped before it served.")
        return 130
    return 0


def _options() -> Options:
    env = os.environ.get
    parser = argparse.ArgumentParser(
        prog="make run", description="Run the whole platform on this machine. Options may come from the environment."
    )
    parser.add_argument("--port", type=_port, default=env("PORT") or "8000", help="where to serve (PORT, default 8000)")
    parser.add_argument(
        "--data", type=Path, default=env("DATA") or None, help="a folder to keep the data in between runs (DATA)"
    )
    parser.add_argument(
        "--no-demo",
        action="store_true",
        default=env("DEMO", "1") == "0",
        help="start empty but for the first administrator (DEMO=0)",
    )
    parser.add_argument(
        "--engine",
        choices=_ENGINES,
        default=env("ENGINE") or _ENGINES[0],
        help="what holds the table (ENGINE); dynamodb-local is Amazon's own, fetched when first asked for",
    )
    given = parser.parse_args()
    if given.engine not in _ENGINES:
        raise CannotStart(f"ENGINE={given.engine} is not an engine. Choose {' or '.join(_ENGINES)}.")
    return Options(
        port=given.port,
        data=given.data.resolve() if given.data else None,
        demo=not given.no_demo,
        on_dynamodb_local=given.engine == "dynamodb-local",
    )


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port. Choose one from 1 to 65535.")
    return int(text)


if __name__ == "__main__":
    raise SystemExit(main())
