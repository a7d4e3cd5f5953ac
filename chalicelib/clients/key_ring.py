"""The content of a secret: a ring of keys by version, and fields with keys of other services.

`key_1`, `key_2` and so on are keys. `versions` holds, for each, when it begins to sign and when it was retired.
`rekeyed_to` is the version that all index items have (numbers only). Everything else is a field. Versions are in the
content, not the stages of Secrets Manager. So a new field, or a new version of the secret, rotates nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib import clock

# The versions of the one secret of earlier releases: its current and its previous value (D-SEC-72).
EARLIER, BEFORE_EARLIER = 0, -1
_KEY, _VERSIONS, _REKEYED = "key_", "versions", "rekeyed_to"
Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RingKey:
    """One key. `signs_from` is None for a first one, `retired_at` unless it leaked."""

    version: int
    value: bytes = field(repr=False)
    signs_from: datetime | None = None
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """A secret as read: its keys, newest first, and its fields."""

    keys: tuple[RingKey, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    rekeyed_to: int = EARLIER

    def signing(self, at: datetime) -> RingKey | None:
        """Return the newest key that signs at a moment."""
        return next((key for key in self._valid() if key.signs_from is None or key.signs_from <= at), None)

    def verifying(self, at: datetime, kept: timedelta | None) -> list[RingKey]:
        """Return the keys that verify at a moment: the signing one, then the others, newest first.

        A replaced key verifies for `kept`, or for ever if that is None.
        """
        signing, replaced_at = self.signing(at), self.replaced_at()
        verifying = [
            key
            for key in self._valid()
            if kept is None or (end := replaced_at.get(key.version)) is None or at < end + kept
        ]
        return sorted(verifying, key=lambda key: key is not signing)

    def replaced_at(self) -> dict[int, datetime]:
        """Return when each replaced key was replaced; an earlier release's key is not in it."""
        pairs = zip(self.keys, self.keys[1:], strict=False)
        return {older.version: newer.signs_from for newer, older in pairs if newer.signs_from is not None}

    def retired(self) -> list[RingKey]:
        """Return the keys that leaked."""
        return [key for key in self.keys if key.retired_at is not None]

    def _valid(self) -> list[RingKey]:
        return [key for key in self.keys if key.retired_at is None]


def parse(content: Mapping[str, Any], earlier: Sequence[str] = ()) -> KeyRing:
    """Return the ring of a secret's content; `earlier` are the values of the one secret of before, newest first."""
    said = content.get(_VERSIONS, {})
    values = dict(zip((EARLIER, BEFORE_EARLIER), earlier, strict=False))
    # The content may have a copy of the earlier key, as version 0.
    values |= {int(name.removeprefix(_KEY)): value for name, value in content.items() if is_key(name)}
    keys = tuple(_key(version, values[version], said) for version in sorted(values, reverse=True))
    fields = {n: v for n, v in content.items() if not is_key(n) and n not in (_VERSIONS, _REKEYED)}
    return KeyRing(keys, fields, int(content.get(_REKEYED, EARLIER)))


def is_key(name: str) -> bool:
    """Whether this name of a content is a key's."""
    return name.startswith(_KEY) and name.removeprefix(_KEY).isdecimal()


def _key(version: int, value: str, said: Mapping[str, Mapping[str, str]]) -> RingKey:
    moments = {name: datetime.fromisoformat(text) for name, text in said.get(str(version), {}).items()}
    return RingKey(version, value.encode(), moments.get("signs_from"), moments.get("retired_at"))


def with_key(content: Content, value: str, *, signs_from: datetime) -> Content:
    """Return the content with one more key, which signs from a moment on."""
    version = max((key.version for key in parse(content).keys), default=EARLIER) + 1
    return _saying({**content, f"{_KEY}{version}": value}, version, "signs_from", signs_from)


def with_retired(content: Content, version: int, *, at: datetime) -> Content:
    """Return the content with a key marked as leaked: it signs and verifies nothing from now on."""
    return _saying(content, version, "retired_at", at)


def with_field(content: Content, name: str, value: str) -> Content:
    """Return the content with a field set. Raises ValueError for a name that is not a field's."""
    if is_key(name) or name in (_VERSIONS, _REKEYED):
        raise ValueError(f"{name} is not the name of a field")
    return {**content, name: value}


def with_index_at(content: Content, version: int) -> Content:
    """Return the content after all index items were re-keyed to a version."""
    return {**content, _REKEYED: version}


def without(content: Content, versions: Sequence[int]) -> Content:
    """Return the content without these keys."""
    gone = {str(version) for version in versions}
    kept = {name: value for name, value in content.items() if name not in {f"{_KEY}{version}" for version in gone}}
    said = {version: moments for version, moments in content.get(_VERSIONS, {}).items() if version not in gone}
    return {**kept, _VERSIONS: said} if _VERSIONS in content else kept


def _saying(content: Content, version: int, name: str, moment: datetime) -> Content:
    said = content.get(_VERSIONS, {})
    mine = {**said.get(str(version), {}), name: clock.to_text(moment)}
    return {**content, _VERSIONS: {**said, str(version): mine}}
