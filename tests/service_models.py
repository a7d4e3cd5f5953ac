"""botocore's descriptions of services, parsed once for the whole run.

A test makes its clients anew, each in a session of its own, and every session would parse megabytes of JSON again:
three quarters of what a client costs. Nobody changes them but botocore, which merges the same extras in each time.
"""

from typing import Any

from botocore.loaders import JSONFileLoader

_parsed: dict[str, Any] = {}
_load_file = JSONFileLoader.load_file


def _load_once(self: Any, file_path: str) -> Any:
    if file_path not in _parsed:
        _parsed[file_path] = _load_file(self, file_path)
    return _parsed[file_path]


def install() -> None:
    """Put the sharing in."""
    JSONFileLoader.load_file = _load_once  # type: ignore[method-assign]
