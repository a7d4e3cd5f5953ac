"""What a rotation does to a secret and to what its keys made. Each act reads the secret and writes it once.

A fresh key signs only after `NOTICE`: by then every container has read it. Where a key leaked, its successor signs at
once, and the leaked one verifies nothing from the moment that a container reads the secret again.
"""

import json
import secrets as randomness
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.clients import key_ring, secrets
from chalicelib.clients.key_ring import Content
from chalicelib.domain.access import otp
from chalicelib.vocabulary.access import SecretLife

# Longer than a container keeps a secret that it has read.
NOTICE = timedelta(seconds=secrets.LIFETIME_SECONDS) + timedelta(minutes=5)
# After the last item under an older MAC was written: how long a one-time code's pointer lives.
_POINTERS_LIVE = otp.RENEWABLE + timedelta(minutes=5)
_KEY_LENGTH = 64
_ALPHABET = string.ascii_letters + string.digits
_EARLIER_KEY = "master"


class CannotRotate(Exception):
    """A wish that the rules of a secret forbid; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret of a stage, in Secrets Manager. `earlier_id` is the one secret of earlier releases."""

    client: Any
    secret_id: str
    life: SecretLife
    earlier_id: str

    def read(self) -> Content:
        """Return its content. Raises botocore's ClientError."""
        content: Content = json.loads(self.client.get_secret_value(SecretId=self.secret_id)["SecretString"])
        return content

    def write(self, content: Content) -> None:
        """Store a new version with this content. Raises botocore's ClientError."""
        self.client.put_secret_value(SecretId=self.secret_id, SecretString=json.dumps(content))

    def earlier_key(self) -> str | None:
        """Return the key of earlier releases, or None for a stage that never had it."""
        try:
            answer = self.client.get_secret_value(SecretId=self.earlier_id)
        except self.client.exceptions.ResourceNotFoundException:
            return None
        return str(json.loads(answer["SecretString"])[_EARLIER_KEY])


def rotate(secret: Secret, *, leaked: int | None = None) -> str:
    """Add a key; or retire one that `leaked`, whose successor signs at once. Raises CannotRotate."""
    content, now = _with_earlier(secret), clock.now()
    if leaked is not None:
        return _retire(secret, content, leaked, now)
    content = key_ring.with_key(content, _fresh_key(), signs_from=now + NOTICE)
    secret.write(_without_outlived(secret.life, content, now))
    return f"Version {max(_versions(content))} signs from {clock.to_text(now + NOTICE)}."


def _retire(secret: Secret, content: Content, leaked: int, now: datetime) -> str:
    if secret.life is SecretLife.NUMBERS:
        raise CannotRotate("A key of the number index cannot be retired. Rotate, then re-key: its MACs are gone then.")
    if leaked not in _versions(content) and leaked not in (key_ring.EARLIER, key_ring.BEFORE_EARLIER):
        raise CannotRotate(f"There is no version {leaked}. There are {_listed(content)}.")
    content = key_ring.with_retired(content, leaked, at=now)
    if key_ring.parse(content).signing(now) is None or leaked == max(_versions(content)):
        content = key_ring.with_key(content, _fresh_key(), signs_from=now)
    secret.write(content)
    return f"Version {leaked} is retired. It is refused within {secrets.LIFETIME_SECONDS // 60} minutes."


def shown(secret: Secret) -> str:
    """Return the versions of a secret, when each signs, and whether it is retired; no key."""
    ring, now = key_ring.parse(secret.read()), clock.now()
    signing = ring.signing(now)
    lines = [
        f"version {key.version}"
        + (f", from {clock.to_text(key.signs_from)}" if key.signs_from else "")
        + (f", retired {clock.to_text(key.retired_at)}" if key.retired_at else "")
        + (", signs now" if key is signing else "")
        for key in ring.keys
    ]
    return "\n".join([*lines, f"fields: {', '.join(sorted(ring.fields)) or 'none'}"])


def set_field(secret: Secret, name: str, value: str) -> str:
    """Set a field of the secret; nothing is rotated. Raises CannotRotate."""
    if not value:
        raise CannotRotate(f"Nothing was typed, so {name} stays as it is.")
    try:
        secret.write(key_ring.with_field(secret.read(), name, value))
    except ValueError as error:
        raise CannotRotate(str(error)) from error
    return f"{name} is set. Containers read it within {secrets.LIFETIME_SECONDS // 60} minutes."


def rekey(secret: Secret, work: Callable[[], int]) -> str:
    """Re-key the index of numbers; may be killed and run again. `work` re-keys what is left and counts it.

    The older MACs are looked up until a run finds nothing left, after the newest key has signed for a while.
    Raises CannotRotate.
    """
    if secret.life is not SecretLife.NUMBERS:
        raise CannotRotate("Only the index of numbers is re-keyed: NAME=numbers")
    content, now = _with_earlier(secret), clock.now()
    ring = key_ring.parse(content)
    newest = ring.keys[0]
    if newest.signs_from is not None and now < newest.signs_from:
        raise CannotRotate(f"The new key signs from {clock.to_text(newest.signs_from)}. Run this again then.")
    count = work()
    done_from = newest.signs_from + _POINTERS_LIVE if newest.signs_from is not None else now
    if count or now < done_from:
        return f"{count} gifts re-keyed. Run this again after {clock.to_text(done_from)}, to end it."
    secret.write(key_ring.with_index_at(content, newest.version))
    return f"Nothing is left to re-key. Only MACs of version {newest.version} are looked up from now on."


def prune(secret: Secret, last_used: Callable[[datetime], str | None]) -> str:
    """Remove replaced keys of ticket codes that no event needs any more.

    `last_used` returns an event that is not over and was made before a moment. Raises CannotRotate.
    """
    if secret.life is not SecretLife.TICKETS:
        raise CannotRotate("Only keys of ticket codes are removed by their events.")
    content = secret.read()
    gone, said = [], []
    for version, replaced_at in sorted(key_ring.parse(content).replaced_at().items()):
        event_id = last_used(replaced_at)
        if event_id is None:
            gone.append(version)
        else:
            said.append(f"Version {version} is kept for {event_id}.")
    if gone:
        secret.write(key_ring.without(content, gone))
    return " ".join([f"Removed: {', '.join(map(str, gone)) or 'none'}.", *said])


def _with_earlier(secret: Secret) -> Content:
    """Return the content; the number index keeps a copy of the earlier key, the first layer of its MACs."""
    content = secret.read()
    if secret.life is SecretLife.NUMBERS and "key_0" not in content and (key := secret.earlier_key()):
        return {"key_0": key, **content}
    return content


def _without_outlived(life: SecretLife, content: Content, now: datetime) -> Content:
    kept = {keys.life: keys.kept for keys in secrets.ALL}[life]
    if kept is None:
        return content
    replaced_at = key_ring.parse(content).replaced_at()
    return key_ring.without(content, [version for version, at in replaced_at.items() if at + kept < now])


def _fresh_key() -> str:
    return "".join(randomness.choice(_ALPHABET) for _ in range(_KEY_LENGTH))


def _versions(content: Content) -> list[int]:
    return [key.version for key in key_ring.parse(content).keys]


def _listed(content: Content) -> str:
    return ", ".join(str(version) for version in sorted(_versions(content)))
