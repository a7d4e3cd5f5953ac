"""The declared lists that the routes answer with."""

from functools import cache

from pydantic import BaseModel

from chalicelib.domain.lists.declaration import AnyList
from chalicelib.domain.lists.declared import LISTS


@cache
def _by_query() -> dict[str, AnyList]:
    """The lists by the names of their queries' schemas (`list_pages.list_query`)."""
    return {"".join(part.capitalize() for part in listed.name.split("_")) + "ListIn": listed for listed in LISTS}


def list_of(query: type[BaseModel] | None) -> AnyList | None:
    """Return the list that a query asks for, also one that extends a list's query; None for any other."""
    bases = query.__mro__ if query is not None else ()
    return next((_by_query()[base.__name__] for base in bases if base.__name__ in _by_query()), None)
