"""The terminal of the commands: an old encoding or a hostile name breaks no line."""

import io
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from reader_agent.legible import legible

_LONGEST_LINE = 2000

State = Annotated[
    Path | None, typer.Option("--state", help="Folder of the identity and the outbox.", show_default="the user's own")
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]


class Screen(Console):
    """A console whose lost reader is an error as any other: rich would end the program."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that is being handled."""
        raise  # rich calls this while it handles the error


def console(*, to_errors: bool = False) -> Console:
    """Return the console of standard output or of standard error, which shows any text in any encoding."""
    stream = sys.stderr if to_errors else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        # Else a name outside an ASCII terminal's letters would raise instead of being shown.
        stream.reconfigure(errors="backslashreplace")
    return Screen(stderr=to_errors, highlight=False, soft_wrap=False)


def say(line: str, *, style: str = "", to_errors: bool = False, soft_wrap: bool = False) -> None:
    """Write a line; characters that draw are shown as such."""
    console(to_errors=to_errors).print(Text(legible(line, _LONGEST_LINE), style=style), soft_wrap=soft_wrap)


def write_json(value: Any) -> None:
    """Write JSON in ASCII."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
