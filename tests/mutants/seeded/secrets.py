"""Bugs of sealed answers and of secrets by life: a readable answer, and what ends too early or never."""

from tests.mutants.seeded.mutant import Mutant

_SEALED = "tests/security/test_sealed_stays_sealed.py"
_KEPT = "tests/security/test_kept_answers.py"
_LIVES = "tests/security/test_secrets_by_life.py"

MUTANTS = (
    Mutant(
        name="kept-answer-unsealed",
        bug="a child's blood type is readable in the kept answer",
        file="chalicelib/domain/idempotency.py",
        before="    stored = IdempotentAnswer(status=answer.status, sealed=sealed, is_packed=is_long or None)\n",
        after="    stored = IdempotentAnswer(status=answer.status, sealed=content, is_packed=is_long or None)\n",
        tests=(f"{_SEALED}::test_no_sealed_value_is_in_table_stream_queues_facts_files_or_log",),
    ),
    Mutant(
        name="fingerprint-without-key",
        bug="a body is guessed by its hash",
        file="chalicelib/domain/idempotency.py",
        before='    fingerprint = _mac("body", hashlib.sha256(canonical(body)).hexdigest())\n',
        after="    fingerprint = hashlib.sha256(canonical(body)).hexdigest()\n",
        tests=(f"{_KEPT}::test_a_body_cannot_be_guessed_by_its_fingerprint",),
    ),
    Mutant(
        name="code-readable-in-queue",
        bug="who may read dead letters reads one-time codes",
        file="chalicelib/clients/messages.py",
        before="    said = _sealed(message) if message.is_code else to_builtins(message)\n",
        after="    said = to_builtins(message)\n",
        tests=(f"{_SEALED}::test_no_sealed_value_is_in_table_stream_queues_facts_files_or_log",),
    ),
    Mutant(
        name="fresh-key-signs-at-once",
        bug="a container that has not read the fresh key refuses what others sign",
        file="chalicelib/clients/key_ring.py",
        before="for key in self._valid() if key.signs_from is None or key.signs_from <= at), None)\n",
        after="for key in self._valid()), None)\n",
        tests=(f"{_LIVES}::TestRotation::test_a_fresh_key_signs_only_once_every_container_has_read_it",),
    ),
    Mutant(
        name="leaked-key-still-valid",
        bug="a forger with a leaked key is believed",
        file="chalicelib/clients/key_ring.py",
        before="        return [key for key in self.keys if key.retired_at is None]\n",
        after="        return list(self.keys)\n",
        tests=(f"{_LIVES}::TestLeaks::test_what_a_leaked_key_signed_is_refused",),
    ),
    Mutant(
        name="card-goes-back-to-older-keys",
        bug="a message under the keys from before a card's re-keying opens the gate",
        file="chalicelib/domain/gate/readings.py",
        before="    if card is not None and cards.has_newer_keys(card, key_version):\n",
        after="    if card is None:\n",
        tests=(f"{_LIVES}::TestCards::test_a_message_under_the_keys_from_before_its_re_keying_is_a_forgery",),
    ),
    Mutant(
        name="gift-re-keyed-without-its-ticket",
        bug="a gift whose ticket names the old MAC cannot be cancelled",
        file="chalicelib/domain/tickets/gift_index.py",
        before="[Ticket.pledged_to.set(mac)], is_pledged)",
        after="[Ticket.pledged_to.set(ticket.pledged_to)], is_pledged)",
        tests=(f"{_LIVES}::TestNumberIndex::test_killed_at_any_gift_and_run_again_it_ends_with_all_re_keyed",),
    ),
    Mutant(
        name="old-number-not-looked-up",
        bug="gifts that are not re-keyed yet are not found",
        file="chalicelib/domain/access/numbers.py",
        before="version >= oldest and version != present]",
        after="version > present]",
        tests=(f"{_LIVES}::TestNumberIndex::test_while_it_runs_gifts_under_both_keys_are_found",),
    ),
)
