"""Other settings for a while, as a stage with another environment has them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.config import config


@contextmanager
def configured(**environment: object) -> Iterator[None]:
    """Set variables of the environment inside the block: `configured(LIMIT_PRINT_PART=8)`."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update({name: str(value) for name, value in environment.items()})
    config.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        config.cache_clear()
