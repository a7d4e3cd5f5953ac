"""Acts of staff, recorded in the transaction that carries them out (D-AUD-01).

A door says who acts (`acting`); a verb of any area commits with `commit`, and says what changed. Outside of `acting`,
such as for an organizer or a worker, `commit` only commits.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from chalicelib import clock
from chalicelib.domain import encryption
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import AuditEntry, AuditHead
from chalicelib.table.operations import ConditionFailed, Write

# The digest before the first entry of a shard.
GENESIS = "0" * 64
_ATTEMPTS = 20


@dataclass(slots=True)
class Act:
    """One request by a member of staff; `action` names it, such as `venue.change`. `recorded` counts its entries."""

    action: str
    actor_id: str
    role: str
    address: str
    request_id: str
    recorded: int = 0


@dataclass(frozen=True, slots=True)
class AuditSubject:
    """What an act changed: `before` and `after` hold the changed fields only, None for what did not or does not exist.

    Where they hold data of a customer, `personal_to` names the customer: they are sealed under the customer's data key
    and can be erased with it, while the chain still verifies.
    """

    entity_type: str
    entity_id: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    personal_to: str | None = None


_act: ContextVar[Act | None] = ContextVar("act", default=None)


@contextmanager
def acting(act: Act) -> Iterator[None]:
    """Record what `commit` commits within this block as parts of an act."""
    outer = _act.set(act)
    try:
        yield
    finally:
        _act.reset(outer)


def commit(*writes: Write, subject: AuditSubject) -> None:
    """Commit writes in one transaction, with an entry of the audit log if a member of staff acts.

    Raises ConditionFailed (with the positions of `writes`) and Unavailable, as operations.commit does.
    """
    act = _act.get()
    if act is None:
        operations.commit(*writes)
        return
    _commit_with_entry(act, writes, subject, result="done", code=None)


def refused(act: Act, *, code: str, entity_id: str | None) -> None:
    """Record an act that was refused, and so changed nothing."""
    subject = AuditSubject(entity_type=act.action.partition(".")[0], entity_id=entity_id or "")
    _commit_with_entry(act, (), subject, result="refused", code=code)


def _commit_with_entry(
    act: Act, writes: tuple[Write, ...], subject: AuditSubject, *, result: str, code: str | None
) -> None:
    content = {
        "entry_id": new_id("aud"),
        "at": clock.to_text(clock.now()),
        "actor_id": act.actor_id,
        "actor_type": "admin",
        "role": act.role,
        "action": act.action,
        "entity_type": subject.entity_type,
        "entity_id": subject.entity_id,
        "result": result,
        "code": code,
        "address": act.address,
        "request_id": act.request_id,
        "personal_to": subject.personal_to,
        **_states(subject),
    }
    for _ in retries.attempts(_ATTEMPTS):
        shard = random.randrange(keys.audit.AUDIT_SHARDS)  # noqa: S311  # spreads load, guards nothing
        try:
            operations.commit(*writes, *_appended(shard, content))
        except ConditionFailed as failure:
            failed = {place: found for place, found in failure.failures.items() if place < len(writes)}
            if failed:
                raise ConditionFailed(failed) from failure
            continue  # another act moved this shard's head
        act.recorded += 1
        return


def _states(subject: AuditSubject) -> dict[str, str | None]:
    texts = {
        name: None if state is None else json.dumps(state, ensure_ascii=False, sort_keys=True, default=str)
        for name, state in (("before", subject.before), ("after", subject.after))
    }
    if subject.personal_to is None or not any(texts.values()):
        return texts
    envelope = encryption.envelope(subject.personal_to)
    return {name: None if text is None else envelope.seal(f"audit_{name}", text).hex() for name, text in texts.items()}


def _appended(shard: int, content: Mapping[str, Any]) -> list[Write]:
    """Return the writes that append an entry to a shard's chain, on the condition that its head is as read."""
    place = keys.audit.audit_head(shard)
    head = operations.get(place)
    number = head.number + 1 if head else 1
    body = json.dumps({**content, "number": number, "previous": head.digest if head else GENESIS}, sort_keys=True)
    digest = hashlib.sha256(body.encode()).hexdigest()
    entry = AuditEntry(
        *keys.audit.audit_entry(shard, number),
        entry_id=content["entry_id"],
        shard=shard,
        number=number,
        body=body,
        digest=digest,
    )
    new_head = AuditHead(*place, shard=shard, number=number, digest=digest)
    as_read = AuditHead.number == head.number if head else AuditHead.pk.does_not_exist()
    return [operations.put(entry, AuditEntry.pk.does_not_exist()), operations.put(new_head, as_read)]
