"""The part of the language of CloudWatch Logs Insights that the files use: fields, filter, stats, sort and limit.

Source: AWS, "CloudWatch Logs Insights language query syntax". What is not known here is refused, so that a file never
means one thing on AWS and another in a local run.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

# A line of the log: the fields of its JSON, and those that Logs Insights adds, which begin with @.
Line = Mapping[str, Any]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"\n]*"|'[^'\n]*')|(?P<regex>/(?:\\/|[^/\n])+/)|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    |(?P<period>\d+[smhd]\b)|(?P<name>[@A-Za-z_][\w@]*)|(?P<sign><=|>=|!=|=|<|>|\(|\)|\[|\]|,|\*))""",
    re.VERBOSE,
)
# The longest retention of a log group (infra/resources/logs.yaml).
_LONGEST_SECONDS = 3653 * 86400
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
AGGREGATES = ("count", "count_distinct", "sum", "avg", "min", "max", "pct", "latest")


class NotAQuery(ValueError):  # named for its message at the terminal
    """The text is no query, or uses a part of the language that the local log cannot answer."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field sign value`; for `in` the value is a list, for `like` a text or a compiled expression."""

    field: str
    sign: str
    value: Any


@dataclass(frozen=True, slots=True)
class Present:
    """`ispresent(field)`."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """`not condition`."""

    condition: Any


@dataclass(frozen=True, slots=True)
class Both:
    """Conditions joined by one word: `and` or `or`."""

    word: str
    conditions: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`function(field) as name`; `share` is the percentage of `pct`."""

    function: str
    field: str | None
    name: str
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Group:
    """What `stats` groups by: a field, or the time in steps of so many seconds."""

    field: str
    bin_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Fields:
    """`fields a, b`."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """`filter condition`."""

    condition: Any


@dataclass(frozen=True, slots=True)
class Stats:
    """`stats aggregates by groups`."""

    aggregates: tuple[Aggregate, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """`sort field asc|desc`."""

    fields: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """`limit count`."""

    count: int


Command = Fields | Filter | Stats | Sort | Limit


def parse(text: str) -> list[Command]:
    """Return the commands of a query. Raises NotAQuery."""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    commands = [_Reader(part).command() for part in _parts(code)]
    if not commands:
        raise NotAQuery("the query is empty")
    return commands


def seconds_of(period: str) -> int:
    """Return the seconds of a period such as 15m, 1h or 7d. Raises NotAQuery."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", period)
    if not found or not int(found[1]):
        raise NotAQuery(f"{period!r} is no period. Write a number and s, m, h or d, such as 15m")
    seconds = int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]
    if seconds > _LONGEST_SECONDS:
        raise NotAQuery(f"{period!r} is longer than any log is kept: ten years at most")
    return seconds


def _parts(code: str) -> list[str]:
    """Split at each | that is in no text and in no expression."""
    parts = [""]
    for piece in re.findall(r"""\"[^"\n]*"|'[^'\n]*'|/(?:\\/|[^/\n])+/|\||[^|"'/]+|.""", code):
        if piece == "|":
            parts.append("")
        else:
            parts[-1] += piece
    return [part for part in parts if part.strip()]


class _Reader:
    """Reads one command, token by token."""

    def __init__(self, text: str) -> None:
        self._text = text.strip()
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(self._text):
            found = _TOKEN.match(self._text, at)
            if not found or not found.lastgroup:
                raise NotAQuery(f"not understood: {self._text[at : at + 20]!r}")
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
            if not self._text[at:].strip():
                break
        self._at = 0

    def command(self) -> Command:
        word = self._name()
        readers: dict[str, Callable[[], Command]] = {
            "fields": self._fields,
            "filter": lambda: Filter(self._either()),
            "stats": self._stats,
            "sort": self._sort,
            "limit": lambda: Limit(int(self._take("number"))),
        }
        if word not in readers:
            raise NotAQuery(f"{word!r} is no command that a local run knows. There are {', '.join(readers)}")
        read = readers[word]()
        if self._at < len(self._tokens):
            self._fail()
        return read

    def _fields(self) -> Fields:
        names = [self._name()]
        while self._skip(","):
            names.append(self._name())
        return Fields(tuple(names))

    def _sort(self) -> Sort:
        fields = [self._order()]
        while self._skip(","):
            fields.append(self._order())
        return Sort(tuple(fields))

    def _order(self) -> tuple[str, bool]:
        name = self._name()
        if self._skip("asc"):
            return name, False
        self._skip("desc")  # the language's own default
        return name, True

    def _stats(self) -> Stats:
        aggregates = [self._aggregate()]
        while self._skip(","):
            aggregates.append(self._aggregate())
        groups: list[Group] = []
        if self._skip("by"):
            groups.append(self._group())
            while self._skip(","):
                groups.append(self._group())
        return Stats(tuple(aggregates), tuple(groups))

    def _aggregate(self) -> Aggregate:
        function = self._name()
        if function not in AGGREGATES:
            raise NotAQuery(f"{function!r} is no aggregate that a local run knows. There are {', '.join(AGGREGATES)}")
        self._expect("(")
        field = None if self._skip("*") else self._name()
        share = 0.0
        if function == "pct":
            self._expect(",")
            share = float(self._take("number"))
        self._expect(")")
        if (field is None and function != "count") or (field or "").startswith("@t"):
            raise NotAQuery(f"{function}({field or '*'}) is no aggregate that a local run knows")
        if not self._skip("as"):
            raise NotAQuery(f"{function}(...) needs a name: `as name`")
        return Aggregate(function, field, self._name(), share)

    def _group(self) -> Group:
        name = self._name()
        if name == "bin" and self._skip("("):
            period = self._take("period")
            self._expect(")")
            return Group(f"bin({period})", seconds_of(period))
        return Group(name)

    def _either(self) -> Any:
        found = [self._all()]
        while self._skip("or"):
            found.append(self._all())
        return found[0] if len(found) == 1 else Both("or", tuple(found))

    def _all(self) -> Any:
        found = [self._one()]
        while self._skip("and"):
            found.append(self._one())
        return found[0] if len(found) == 1 else Both("and", tuple(found))

    def _one(self) -> Any:
        if self._skip("not"):
            return Not(self._one())
        if self._skip("("):
            inside = self._either()
            self._expect(")")
            return inside
        name = self._name()
        if name == "ispresent" and self._skip("("):
            field = self._name()
            self._expect(")")
            return Present(field)
        if self._skip("like"):
            return Comparison(name, "like", self._pattern())
        if self._skip("in"):
            return Comparison(name, "in", self._list())
        for sign in COMPARISONS:
            if self._skip(sign):
                return Comparison(name, sign, self._value())
        return self._fail()

    def _pattern(self) -> Any:
        kind, word = self._next()
        if kind == "text":
            return word[1:-1]
        if kind == "regex":
            return re.compile(word[1:-1].replace("\\/", "/"))
        return self._fail()

    def _list(self) -> tuple[Any, ...]:
        self._expect("[")
        values = [self._value()]
        while self._skip(","):
            values.append(self._value())
        self._expect("]")
        return tuple(values)

    def _value(self) -> Any:
        kind, word = self._next()
        if kind == "text":
            return word[1:-1]
        if kind == "number":
            return float(word)
        return self._fail()

    def _name(self) -> str:
        return self._take("name")

    def _take(self, kind: str) -> str:
        found, word = self._next()
        return word if found == kind else self._fail()

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            self._fail()
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][1] == word:
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            self._fail()

    def _fail(self) -> NoReturn:
        raise NotAQuery(f"not understood in {self._text!r}, at word {self._at + 1}")
