"""Bugs of phones and of the readiness board: a lost record is not seen, and what is not ready looks ready."""

from tests.mutants.seeded.mutant import Mutant

_SEQUENCES = "chalicelib/domain/gate/sequences.py"
_READINESS = "chalicelib/domain/gate/readiness.py"
_BOARD = "tests/portals/test_readiness_board.py"
_PHONES = "tests/portals/test_phones.py"
_RULE = "tests/domain/gate/test_readiness.py::test_a_device_is_ready_unless_the_table_says_why_not"

MUTANTS = (
    Mutant(
        name="seq-not-checked",
        bug="a gap in the numbers of a device is not seen",
        file=_SEQUENCES,
        before="        if first > highest + 1:\n",
        after="        if first > highest + 1 and not gaps and highest < 0:\n",
        tests=(
            "tests/domain/gate/test_sequences.py::test_gaps_are_what_did_not_arrive_in_any_order_and_however_often",
            f"{_BOARD}::test_a_lost_record_of_an_agent_is_seen_until_it_arrives",
        ),
    ),
    Mutant(
        name="seq-lock-dropped",
        bug="of two uploads at once the later forgets the numbers of the other",
        file=_SEQUENCES,
        before="unchanged = ReceivedNumbers.version == found.version if found",
        after="unchanged = ReceivedNumbers.pk.exists() if found",
        tests=("tests/truth/test_sequences.py",),
    ),
    Mutant(
        name="seq-gaps-dropped",
        bug="beyond the bound of gaps the oldest lost records are forgotten",
        file=_SEQUENCES,
        before="        gaps[at : at + 2] = [(gaps[at][0], gaps[at + 1][1])]\n",
        after="        gaps[at : at + 2] = [gaps[at + 1]]\n",
        tests=(
            "tests/domain/gate/test_sequences.py::test_beyond_the_bound_two_gaps_become_one_and_neither_is_forgotten",
        ),
    ),
    Mutant(
        name="slow-clock-ready",
        bug="a clock that is an hour behind is ready",
        file=_READINESS,
        before="abs(offset) > LARGEST_CLOCK_OFFSET",
        after="offset > LARGEST_CLOCK_OFFSET",
        tests=(_RULE,),
    ),
    Mutant(
        name="empty-gate-ready",
        bug="a gate without a device is ready",
        file=_READINESS,
        before="    if not ready:\n        return (DeviceProblem.NO_DEVICE,)\n",
        after="    if not ready:\n        return ()\n",
        tests=(f"{_BOARD}::test_before_doors_open_an_old_snapshot_and_a_gate_without_a_device_are_red",),
    ),
    Mutant(
        name="any-echo-counts",
        bug="an echo of an earlier test answers this one",
        file="chalicelib/domain/gate/round_trips.py",
        before="if device.test_nonce and device.test_echo == device.test_nonce else None",
        after="if device.test_nonce and device.test_echo else None",
        tests=(f"{_BOARD}::test_a_round_trip_goes_through_two_heartbeats_of_an_agent",),
    ),
    Mutant(
        name="revoked-phone-refreshes",
        bug="a phone that staff revoked goes on with its session",
        file="chalicelib/domain/access/devices.py",
        before="    if device.is_phone and device.usher_id:\n",
        after="    if device.is_phone and not device.usher_id:\n",
        tests=(f"{_PHONES}::test_a_revoked_phone_is_locked_out_and_its_usher_logs_in_elsewhere",),
    ),
    Mutant(
        name="phones-unbounded",
        bug="one usher fills the board with installations",
        file="chalicelib/domain/access/phones.py",
        before="        _remove_oldest(known, usher_id=usher_id, phone_id=phone_id)\n",
        after="",
        tests=(f"{_PHONES}::test_an_usher_has_so_many_phones_and_the_earliest_goes",),
    ),
    Mutant(
        name="conflict-counted-twice",
        bug="a batch of the stream that comes again counts its conflicts again",
        file="chalicelib/domain/gate/conflict_counts.py",
        before="    return conflict.is_open != bool(conflict.counted)\n",
        after="    return conflict.is_open\n",
        tests=("tests/portals/admin/test_incidents.py",),
    ),
)
