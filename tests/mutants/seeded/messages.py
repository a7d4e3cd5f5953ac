"""Bugs of mails and SMS: sent twice, lost, to the wrong customer, or too long."""

from tests.mutants.seeded.mutant import Mutant

_ONCE = "tests/faults/test_messages_once.py"

MUTANTS = (
    Mutant(
        name="sent-message-forgotten",
        bug="a message that comes twice is sent twice",
        file="chalicelib/domain/access/deliveries.py",
        before="change(place, actions, SentMessage.sent_at.does_not_exist() & is_free)",
        after="change(place, actions, is_free)",
        tests=(f"{_ONCE}::test_a_message_that_comes_twice_is_sent_once",),
    ),
    Mutant(
        name="message-claimed-by-two",
        bug="two workers with one message both send it",
        file="chalicelib/domain/access/deliveries.py",
        before="change(place, actions, SentMessage.sent_at.does_not_exist() & is_free)",
        after="change(place, actions, SentMessage.sent_at.does_not_exist())",
        tests=(f"{_ONCE}::test_of_many_workers_with_one_message_one_sends_it",),
    ),
    Mutant(
        name="claim-for-ever",
        bug="a worker that dies before it sends loses the message",
        file="chalicelib/domain/access/deliveries.py",
        before=" | (SentMessage.claimed_until <= until - CLAIMED_FOR)\n",
        after="\n",
        tests=(f"{_ONCE}::test_a_worker_that_dies_anywhere_loses_no_message",),
    ),
)
