"""Acts of staff, recorded in the transaction that carries them out (D-AUD-01).

A door says who acts (`acting`, `Act.identify`). A verb of any area commits with `commit` or `record`, and says what
changed. Outside of an act of staff, such as for an organizer or a worker, both only write.
"""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.audit import chains, states
from chalicelib.domain.crypto import encryption
from chalicelib.domain.crypto.encryption import UndecryptableData
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import AuditEntry
from chalicelib.table.operations import ConditionFailed, RawItem, Write
from chalicelib.vocabulary.audit import AuditResult

# The most writes of an act in one transaction: its entry takes a place, and the head of the shard one if there is one.
WRITES_AT_MOST = operations.TRANSACTION_LIMIT - 1
_ATTEMPTS = 20


class Act(Struct):
    """One request that may change something, from an address; `action` names what is done, such as `venue.change`.

    It is an act of staff once `identify` has said who acts. `recorded` counts its entries.
    """

    action: str
    address: str
    request_id: str
    actor_id: str = ""
    role: str = ""
    recorded: int = 0

    @property
    def is_of_staff(self) -> bool:
        """Whether a member of staff acts."""
        return bool(self.actor_id)

    def identify(self, actor_id: str, role: str) -> None:
        """Say which member of staff acts."""
        self.actor_id, self.role = actor_id, role


class AuditSubject(Struct, frozen=True):
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
    """Record what `commit` and `record` write within this block as parts of an act."""
    outer = _act.set(act)
    try:
        yield
    finally:
        _act.reset(outer)


def of_staff() -> Act | None:
    """Return the act of staff that is being carried out, or None."""
    act = _act.get()
    return act if act is not None and act.is_of_staff else None


def commit(*writes: Write, subject: AuditSubject) -> None:
    """Commit at most WRITES_AT_MOST writes in one transaction, with an entry of the audit log if staff act.

    Raises ConditionFailed (with the positions of `writes`) and Unavailable, as operations.commit does.
    """
    act = of_staff()
    if act is None:
        operations.commit(*writes)
        return
    _append(act, writes, subject, result=AuditResult.DONE)


def record(write: Write, *, subject: AuditSubject) -> RawItem:
    """Send one write as `commit` does. Return the new item of an Update, the old item of a Delete, otherwise {}.

    The item is read beside the transaction if staff act, since a transaction returns none. Raises ConditionFailed with
    the item that was found at position 0, and Unavailable.
    """
    act = of_staff()
    if act is None:
        return operations.record(write)
    before = operations.target(write) if write.kind == "Delete" else {}
    _append(act, (write,), subject, result=AuditResult.DONE)
    return operations.target(write) if write.kind == "Update" else before


def refused(act: Act, *, code: str, entity_id: str) -> None:
    """Record an act that was refused with a code."""
    _append(act, (), _of_request(act, entity_id), result=AuditResult.REFUSED, code=code)


def ended(act: Act, *, entity_id: str, reads: bool) -> None:
    """Record an act that ended well without an entry: one that only reads, or one that found nothing to change."""
    if not act.recorded:
        result = AuditResult.DONE if reads else AuditResult.UNCHANGED
        _append(act, (), _of_request(act, entity_id), result=result)


def _of_request(act: Act, entity_id: str) -> AuditSubject:
    return AuditSubject(entity_type=act.action.partition(".")[0], entity_id=entity_id)


def _append(
    act: Act, writes: tuple[Write, ...], subject: AuditSubject, *, result: AuditResult, code: str | None = None
) -> None:
    if len(writes) > WRITES_AT_MOST:
        raise ValueError(f"{act.action}: {len(writes)} writes leave no place for the entry of the audit log")
    content = _content(act, subject, result=result, code=code)
    has_room = len(writes) + 2 <= operations.TRANSACTION_LIMIT
    for _ in retries.attempts(_ATTEMPTS):
        shard = random.randrange(keys.audit.AUDIT_SHARDS)  # noqa: S311 # nosec B311  # spreads load, guards nothing
        entry = chains.next_entry(shard, content)
        appended = [chains.addition(entry), *([chains.head_move(entry)] if has_room else [])]
        try:
            operations.commit(*writes, *appended)
        except ConditionFailed as failure:
            failed = {place: found for place, found in failure.failures.items() if place < len(writes)}
            if failed:
                raise ConditionFailed(failed) from failure
            # Another act appended to this shard. If its head trails the entry, it is moved here.
            taken = failure.found(AuditEntry, len(writes))
            if taken is not None:
                chains.advance(taken)
            continue
        act.recorded += 1
        if not has_room:
            chains.advance(entry)
        return
    raise Unavailable(retry_after=1)


def _content(act: Act, subject: AuditSubject, *, result: AuditResult, code: str | None) -> dict[str, Any]:
    content = {
        "entry_id": new_id("aud"),
        "at": clock.to_text(clock.now()),
        "actor_id": act.actor_id,
        "actor_type": "admin",
        "role": act.role,
        "action": act.action,
        "entity_type": subject.entity_type,
        "entity_id": subject.entity_id,
        "result": result.value,
        "code": code,
        "address": act.address,
        "request_id": act.request_id,
        "personal_to": subject.personal_to,
        **_states(subject),
    }
    return {name: value for name, value in content.items() if value is not None}


def _states(subject: AuditSubject) -> dict[str, str | None]:
    texts = {"before": states.text_of(subject.before), "after": states.text_of(subject.after)}
    if subject.personal_to is None or not any(texts.values()):
        return texts
    try:
        envelope = encryption.envelope(subject.personal_to)
    except UndecryptableData:
        # The customer is erased: what the act says of them is not kept either.
        return dict.fromkeys(texts)
    return {
        name: None if text is None else envelope.seal(states.field_of(name), text).hex() for name, text in texts.items()
    }
