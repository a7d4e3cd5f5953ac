"""An operator's command in the process of a test, whose environment stays as it was."""

import os
from collections.abc import Callable, Sequence

from chalicelib.config import config


def run(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Run a command, which aims its process at a stage, and aim back."""
    before = dict(os.environ)
    try:
        return main(arguments)
    finally:
        os.environ.clear()
        os.environ.update(before)
        config.cache_clear()
