"""Every break of the audit log is named by its place: changed, removed, swapped, cut off, in shards and in seals."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.audit import acts, chains, seals
from chalicelib.domain.audit.acts import Act, AuditSubject
from chalicelib.domain.audit.verification import Broken, Progress, Walk
from chalicelib.table import keys, operations
from chalicelib.table.items import AuditEntry, AuditHead, AuditSeal, Device
from chalicelib.table.keys.audit import AUDIT_SHARDS
from tests.support import audit

pytestmark = pytest.mark.usefixtures("moto_cloud")


def act(count: int = 1) -> None:
    """Carry out so many acts of staff."""
    request = Act(action="device.rename", address="192.0.2.1", request_id="r", actor_id="adm_1", role="admin")
    with acts.acting(request):
        for number in range(count):
            write = operations.change(keys.access.device("dev_1"), [Device.name.set(f"name {number}")])
            acts.commit(write, subject=AuditSubject("device", "dev_1", after={"name": f"name {number}"}))


def seal(minute: int) -> seals.Sealed | None:
    with clock.set_to(clock.now() + timedelta(minutes=minute)):
        return seals.seal()


# Entries of each shard: three seals over two more each, and two that are not sealed yet.
SEALED, ENTRIES = (2, 4, 6), 8
SEALS = len(SEALED)


@pytest.fixture
def shard(moto_cloud: None) -> audit.Shard:  # noqa: ARG001  # the cloud comes first
    """One shard of a log."""
    audit.fill(ENTRIES * AUDIT_SHARDS, sealed_every=2 * AUDIT_SHARDS, seals_at_most=SEALS)
    return audit.shards()[3]


def broken(walk: Walk | None = None) -> tuple[str, int, str]:
    with pytest.raises(Broken) as found:
        (walk or Walk(page=3)).run()
    return found.value.where, found.value.number, found.value.problem


def test_a_whole_log_verifies_in_pages_of_any_size(shard: audit.Shard) -> None:
    assert len(shard.entries) == ENTRIES
    for page in (1, 3, 1000):
        walk = Walk(page=page)
        assert walk.run()
        assert (walk.progress.entry_count, walk.progress.seal.number) == (ENTRIES * AUDIT_SHARDS, SEALS)


@pytest.mark.by_day
def test_a_walk_that_runs_out_of_time_is_resumed_from_what_it_stored(shard: audit.Shard) -> None:
    assert shard.head is not None
    progress, rounds = Progress(), 0
    while not (walk := Walk(Progress.restored(json.loads(json.dumps(progress.stored()))), page=3)).run(0):
        assert walk.progress != progress
        progress, rounds = walk.progress, rounds + 1
        if rounds % 5 == 0:
            act()  # staff do not wait for it
            seal(10 + rounds)
    assert rounds > AUDIT_SHARDS
    assert Walk(progress).run()


def test_staff_who_act_meanwhile_break_nothing(shard: audit.Shard) -> None:
    assert shard.head is not None
    walk = Walk(page=2)
    for minute in range(20):
        walk.run(0)
        act(3)
        seal(5 + minute)
    assert walk.run()


@dataclass(frozen=True)
class Tampering:
    """A change behind the platform's back to a shard, and the break that it must be named as."""

    do: Callable[[list[AuditEntry]], None]
    number: Callable[[list[AuditEntry]], int]
    problem: str


def _put(entry: AuditEntry, *, at: int, **changes: Any) -> None:
    values = {"body": entry.body, "digest": entry.digest, **changes}
    operations.put_many([AuditEntry(*keys.audit.audit_entry(entry.shard, at), **values)])


def _one_byte(entries: list[AuditEntry]) -> None:
    _put(entries[2], at=3, body=entries[2].body.replace('"role":"admin"', '"role":"Admin"'))


def _digest(entries: list[AuditEntry]) -> None:
    _put(entries[2], at=3, digest=f"{entries[2].digest[:-1]}{'0' if entries[2].digest[-1] != '0' else '1'}")


def _rewritten(entries: list[AuditEntry]) -> None:
    body = chains.canonical({**entries[2].content, "actor_id": "adm_2"})
    _put(entries[2], at=3, body=body, digest=chains.digest_of(body))


def _garbage(entries: list[AuditEntry]) -> None:
    _put(entries[2], at=3, body="[]", digest=chains.digest_of("[]"))


def _made_again(changes: dict[str, Any]) -> Callable[[list[AuditEntry]], None]:
    """Return the tampering that replaces the third entry by another with a right digest; None leaves a field out."""

    def replace(entries: list[AuditEntry]) -> None:
        body = _changed(entries[2].body, changes)
        _put(entries[2], at=3, body=body, digest=chains.digest_of(body))

    return replace


def _changed(body: str, changes: dict[str, Any]) -> str:
    content = {**json.loads(body), **changes}
    return chains.canonical({name: value for name, value in content.items() if value is not None})


def _removed(entries: list[AuditEntry]) -> None:
    operations.remove_many([entries[2].place])


def _swapped(entries: list[AuditEntry]) -> None:
    _put(entries[2], at=4)
    _put(entries[3], at=3)


def _cut(count: int) -> Callable[[list[AuditEntry]], None]:
    def cut(entries: list[AuditEntry]) -> None:
        operations.remove_many(entry.place for entry in entries[-count:])

    return cut


def _all_cut(entries: list[AuditEntry]) -> None:
    head = keys.audit.audit_head(entries[0].shard)
    operations.remove_many([*(entry.place for entry in entries), head])


def _cut_with_head(entries: list[AuditEntry]) -> None:
    """Cut the tail down to two entries, and move the head back to them."""
    operations.remove_many(entry.place for entry in entries[2:])
    place, last = keys.audit.audit_head(entries[0].shard), entries[1]
    operations.put_many([AuditHead(*place, shard=last.shard, number=2, digest=last.digest)])


def _rewritten_to_the_end(entries: list[AuditEntry]) -> None:
    """Write the chain afresh from the third entry on, with its head: only the seals know."""
    previous = entries[1].digest
    for entry in entries[2:]:
        body = chains.canonical({**entry.content, "actor_id": "adm_2", "previous": previous})
        previous = chains.digest_of(body)
        _put(entry, at=entry.number, body=body, digest=previous)
    place, last = keys.audit.audit_head(entries[0].shard), entries[-1]
    operations.put_many([AuditHead(*place, shard=last.shard, number=last.number, digest=previous)])


TAMPERINGS = {
    "one byte changed": Tampering(_one_byte, lambda _: 3, "was changed"),
    "a digest changed": Tampering(_digest, lambda _: 3, "was changed"),
    "an entry rewritten with its digest": Tampering(_rewritten, lambda _: 4, "does not follow"),
    "an entry replaced by garbage": Tampering(_garbage, lambda _: 3, "cannot be read"),
    "an entry without its shard": Tampering(_made_again({"shard": None}), lambda _: 3, "cannot be read"),
    "a number that is none": Tampering(_made_again({"number": 3.0}), lambda _: 3, "cannot be read"),
    "a shard that is none": Tampering(_made_again({"shard": "x"}), lambda _: 3, "moved here from shard x"),
    "an entry removed": Tampering(_removed, lambda _: 3, "number 4 is in its place"),
    "two entries swapped": Tampering(_swapped, lambda _: 3, "number 4 is in its place"),
    "the last entry cut off": Tampering(_cut(1), len, "the end was cut off"),
    "a sealed tail cut off": Tampering(_cut(4), lambda entries: len(entries) - 3, "the end was cut off"),
    "a tail cut off with its head": Tampering(_cut_with_head, lambda _: 3, "the end was cut off"),
    "a whole shard removed": Tampering(_all_cut, lambda _: 1, "the end was cut off"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_break_of_a_shard_is_named(name: str, shard: audit.Shard) -> None:
    entries, tampering = shard.entries, TAMPERINGS[name]
    tampering.do(entries)
    where, number, problem = broken()
    assert (where, number) == (f"shard {entries[0].shard}", tampering.number(entries))
    assert tampering.problem in problem


def test_a_shard_that_was_rewritten_to_its_end_is_named_by_a_seal(shard: audit.Shard) -> None:
    _rewritten_to_the_end(shard.entries)
    where, number, problem = broken()
    assert where == f"shard {shard.entries[0].shard}"
    assert number == 4
    assert "another one than the seal" in problem


def _seals() -> list[AuditSeal]:
    return [AuditSeal.from_raw_data(raw) for raw in operations.query(keys.audit.audit_seal(1).pk, consistent=True)]


@pytest.mark.usefixtures("shard")
@pytest.mark.parametrize(
    ("tamper", "number", "problem"),
    [
        (lambda seal: operations.remove_many([seal[1].place]), 2, "number 3 is in its place"),
        (lambda seal: operations.remove_many([seal[2].place]), 3, "the end was cut off"),
        (
            lambda seal: operations.put_many(
                [AuditSeal(*seal[1].place, body=seal[1].body.replace(":2,", ": 2,", 1), digest=seal[1].digest)]
            ),
            2,
            "was changed",
        ),
        (
            lambda seal: operations.put_many(
                [AuditSeal(*seal[1].place, body=seal[2].body, digest=seal[2].digest)]
            ),
            2,
            "number 3 is in its place",
        ),
    ],
    ids=["removed", "cut", "changed", "moved"],
)  # fmt: skip
def test_a_break_of_the_seals_is_named(tamper: Callable[[list[AuditSeal]], Any], number: int, problem: str) -> None:
    tamper(_seals())
    found = broken()
    assert found[:2] == ("seals", number)
    assert problem in found[2]


@pytest.mark.usefixtures("shard")
@pytest.mark.parametrize(
    "heads",
    [None, [], "x", {"99": [1, "0"]}, {"x": [1, "0"]}, {"-1": [1, "0"]}, {"3": [1]}, {"3": ["a", "b"]}, {"3": 5}],
)
def test_a_seal_that_names_no_heads_is_a_break(heads: Any) -> None:
    sealed = _seals()[1]
    body = _changed(sealed.body, {"heads": heads})
    operations.put_many([AuditSeal(*sealed.place, body=body, digest=chains.digest_of(body))])
    assert broken() == ("seals", 2, "the seal cannot be read")


@pytest.mark.usefixtures("shard")
def test_seals_that_were_all_written_afresh_are_named_by_the_logged_digest() -> None:
    logged = {2: _seals()[1].digest}
    assert Walk(witnessed=logged).run()
    operations.remove_many([*(one.place for one in _seals()), keys.audit.audit_seal_head()])
    assert Walk().run()  # the table alone knows nothing of them
    assert broken(Walk(witnessed=logged))[:2] == ("seals", 1)
    with clock.set_to(clock.now() + timedelta(hours=1)):
        seals.seal()
    act()
    seal(90)
    assert broken(Walk(witnessed=logged))[:2] == ("seals", 2)


def test_an_idle_minute_writes_no_seal_and_two_runs_at_once_write_one() -> None:
    assert seal(0) is None
    act()
    first = seal(1)
    assert first is not None
    assert (first.number, seal(2)) == (1, None)
    act()
    second = seal(3)
    assert second is not None
    body = json.loads(_seals()[1].body)
    assert (second.number, body["number"], body["previous"]) == (2, 2, first.digest)


def test_a_head_that_moved_backwards_is_not_sealed(shard: audit.Shard) -> None:
    _cut_with_head(shard.entries)
    act(3)
    with pytest.raises(seals.LostEntries, match=f"shards {shard.entries[0].shard} "):
        seal(20)
    assert len(_seals()) == SEALS
