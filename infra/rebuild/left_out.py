"""Items that the code cannot take, such as one that is damaged: they are named and left out, and all others are taken.

A stream sets such a record aside as a dead letter; one item must not keep a whole table from being rebuilt either.
"""

import sys
import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Unavailable
from chalicelib.legible import legible
from infra.local.console import CannotStart

# More are a fault of the code and not of items.
_MOST = 100


class LeftOut:
    """What a command has left out so far; `earlier` is what it had before it was killed."""

    def __init__(self, earlier: list[str] | None = None) -> None:
        """Nothing else is left out yet."""
        self.items = list(earlier or ())
        # Pages come in several threads.
        self._lock = threading.Lock()

    def give(self, page: list[dict[str, Any]], take: Callable[[list[dict[str, Any]]], None]) -> None:
        """Pass a page on; where that fails, its items one by one. `take` may see an item twice.

        Raises what AWS says of all, and CannotStart where too many items fail.
        """
        try:
            take(page)
        except Exception as error:  # any fault: the items are passed on one by one
            if _is_of_aws(error):
                raise
        else:
            return
        for raw in page:
            try:
                take([raw])
            except Exception as error:  # any fault of this item
                if _is_of_aws(error):
                    raise
                self._note(raw, error)

    def said(self) -> str:
        """Return what the operator must know at the end, as a line; nothing where all items were taken."""
        if not self.items:
            return ""
        some = "1 item was" if len(self.items) == 1 else f"{len(self.items)} items were"
        return f"{some} left out: {', '.join(self.items)}. Mend the item or the code, and run this again.\n"

    def _note(self, raw: dict[str, Any], error: Exception) -> None:
        name = legible(" ".join(raw[each].get("S", "?") for each in ("kind", "pk", "sk") if each in raw))
        with self._lock:
            if name in self.items:
                return
            self.items.append(name)
            is_too_many = len(self.items) > _MOST
        sys.stderr.write(f"left out {name}: {type(error).__name__}: {legible(str(error))}\n")
        if is_too_many:
            raise CannotStart(
                f"Over {_MOST} items cannot be taken. Mend the code that the lines above name, run again."
            )


def _is_of_aws(error: Exception) -> bool:
    """Whether a fault is of the table or the account, and not of one item."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] != "ValidationException"
    return isinstance(error, BotoCoreError | Unavailable | CannotStart | OSError)
