"""The seeded bugs: what each is, where it goes, and which tests answer for it."""

from dataclasses import dataclass

_CHECK_IN = ("tests/domain/test_scan_answers.py",)
_TOTALS = ("tests/domain/test_counting.py",)
_IDENTITY = ("tests/domain/test_lockout.py",)
_DEVICES = ("tests/domain/test_enrolment.py",)
_RULE = ("tests/domain/test_admission.py",)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One bug: in `file`, `before`, which stands there once, becomes `after`."""

    name: str
    bug: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


MUTANTS = (
    # The check-in
    Mutant(
        name="admission-condition-dropped",
        bug="a ticket that is in is admitted again",
        file="chalicelib/domain/checkin.py",
        before="_is_ticket_fit(look) & Ticket.admission.does_not_exist() & Ticket.contested.does_not_exist(),",
        after="_is_ticket_fit(look) & Ticket.contested.does_not_exist(),",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="contested-condition-dropped",
        bug="a refused scan, sent again after the ticket turned good, is answered anew",
        file="chalicelib/domain/checkin.py",
        before=" & Ticket.contested.does_not_exist(),",
        after=",",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="refusal-leaves-no-mark",
        bug="a refusal does not make its ticket contested",
        file="chalicelib/domain/checkin.py",
        before="if ticket is not None and may_turn and not ticket.contested:",
        after="if ticket is not None and may_turn and ticket.contested:",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="scan-record-overwritten",
        bug="a refusal's record replaces the first answer's",
        file="chalicelib/domain/checkin.py",
        before="operations.record(operations.put(record, Scan.pk.does_not_exist()))",
        after="operations.record(operations.put(record))",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="entry-record-overwritten",
        bug="a contested entry does not ask whether this scan was answered before",
        file="chalicelib/domain/checkin.py",
        before="            operations.put(record, Scan.pk.does_not_exist()),\n        )",
        after="            operations.put(record),\n        )",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="credential-condition-dropped",
        bug="an old code of a transferred ticket is admitted",
        file="chalicelib/domain/checkin.py",
        before="        fit = fit & (Ticket.credential == look.presented.credential)\n",
        after="        fit = fit & (Ticket.credential >= look.presented.credential)\n",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="status-condition-dropped",
        bug="a cancelled ticket is admitted",
        file="chalicelib/domain/checkin.py",
        before="(Ticket.event_id == look.caller.event_id) & (Ticket.status == TicketStatus.VALID.value)",
        after="(Ticket.event_id == look.caller.event_id) & Ticket.status.exists()",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="event-condition-dropped",
        bug="a ticket of another event is admitted",
        file="chalicelib/domain/checkin.py",
        before="(Ticket.event_id == look.caller.event_id) & (Ticket.status == TicketStatus.VALID.value)",
        after="Ticket.event_id.exists() & (Ticket.status == TicketStatus.VALID.value)",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="replay-ignores-caller",
        bug="another usher's scan with the same scan_id is taken for a repeat",
        file="chalicelib/domain/checkin.py",
        before="            and passage.caller_id == look.caller.id\n",
        after="",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="replay-not-recognized",
        bug="a scan whose answer was lost is told that it was scanned already",
        file="chalicelib/domain/checkin.py",
        before="            and passage.scan_id == look.reading.scan_id\n",
        after="            and passage.scan_id != look.reading.scan_id\n",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="movement-condition-dropped",
        bug="two exits at once both count",
        file="chalicelib/domain/checkin.py",
        before="Ticket.admission.does_not_exist() if first_entry else Ticket.presence == ticket.presence",
        after="Ticket.admission.does_not_exist() if first_entry else Ticket.presence.exists()",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="clock-ahead-trusted",
        bug="a reader whose clock runs ahead opens the gate early",
        file="chalicelib/domain/readings.py",
        before="return min(self.reading.scanned_at or self.now, self.now)",
        after="return self.reading.scanned_at or self.now",
        tests=_CHECK_IN,
    ),
    # The rule
    Mutant(
        name="questions-in-wrong-order",
        bug="a revoked ticket that is in is reported as a mere duplicate",
        file="chalicelib/domain/admission.py",
        before="    _ticket,\n    _window,\n    _presence,\n)",
        after="    _presence,\n    _ticket,\n    _window,\n)",
        tests=_RULE,
    ),
    Mutant(
        name="closing-time-included",
        bug="a gate admits at the moment it closes",
        file="chalicelib/domain/admission.py",
        before="case.at >= event.closes_at",
        after="case.at > event.closes_at",
        tests=_RULE,
    ),
    Mutant(
        name="plain-uid-of-secure-card-accepted",
        bug="a copied UID of a secure card is admitted",
        file="chalicelib/domain/admission.py",
        before="        unproven = secure and shown.signature is not Signature.GOOD\n",
        after="        unproven = False\n",
        tests=_RULE,
    ),
    # Log and totals
    Mutant(
        name="counted-mark-dropped",
        bug="a recorded scan is counted once a delivery",
        file="chalicelib/domain/totals.py",
        before="Scan.pk.exists() & Scan.counted.does_not_exist(),",
        after="Scan.pk.exists(),",
        tests=_TOTALS,
    ),
    Mutant(
        name="new-record-unconditional",
        bug="an admission is counted once a delivery",
        file="chalicelib/domain/totals.py",
        before="return operations.put(scan, Scan.pk.does_not_exist())",
        after="return operations.put(scan)",
        tests=_TOTALS,
    ),
    Mutant(
        name="counted-without-transaction",
        bug="a worker killed between totals and mark counts twice",
        file="chalicelib/domain/totals.py",
        before="            operations.commit(*writes)\n",
        after="            for write in reversed(writes):\n                operations.record(write)\n",
        tests=_TOTALS,
    ),
    Mutant(
        name="last-scan-moves-back",
        bug="an old batch, delivered late, sets the time of the last scan back",
        file="chalicelib/domain/totals.py",
        before="                Counters.last_scan_at.does_not_exist() | (Counters.last_scan_at < self.last_scan_at)\n",
        after="                Counters.pk.exists() | (Counters.last_scan_at < self.last_scan_at)\n",
        tests=_TOTALS,
    ),
    Mutant(
        name="failed-record-acknowledged",
        bug="a stream record that could not be taken is reported as done",
        file="chalicelib/workers/stream.py",
        before="            return failures_from([change.position])\n",
        after="            continue\n",
        tests=_TOTALS,
    ),
    # Tokens and sessions
    Mutant(
        name="signature-skipped",
        bug="anybody makes an access token",
        file="chalicelib/domain/tokens.py",
        before='                "verify_aud": False,\n',
        after='                "verify_signature": False,\n                "verify_aud": False,\n',
        tests=_IDENTITY,
    ),
    Mutant(
        name="audience-ignored",
        bug="a device's token opens the usher's doors",
        file="chalicelib/domain/tokens.py",
        before="    if principal.portal is not portal:\n        raise Unauthenticated\n",
        after="",
        tests=_IDENTITY,
    ),
    Mutant(
        name="expiry-ignored",
        bug="an access token lives for ever",
        file="chalicelib/domain/tokens.py",
        before="    if clock.now().timestamp() >= expires:\n        raise TokenExpired\n",
        after="",
        tests=_IDENTITY,
    ),
    Mutant(
        name="revocation-ignored",
        bug="a locked-out principal goes on scanning",
        file="chalicelib/domain/gate.py",
        before="if locked_out_at is not None and principal.issued_at <= locked_out_at:",
        after="if locked_out_at is not None and principal.issued_at > locked_out_at:",
        tests=_IDENTITY,
    ),
    Mutant(
        name="refresh-reuse-not-detected",
        bug="a stolen refresh token works beside its owner's",
        file="chalicelib/domain/sessions.py",
        before="    if session.ended_at is None and is_last_spent and now - session.rotated_at <= GRACE:\n",
        after="    if session.ended_at is None:\n",
        tests=_IDENTITY,
    ),
    Mutant(
        name="reuse-leaves-session-open",
        bug="a session whose refresh token was used twice goes on",
        file="chalicelib/domain/sessions.py",
        before='        end(session_id, ended_because="refresh token reused")\n',
        after="",
        tests=_IDENTITY,
    ),
    Mutant(
        name="assignment-not-checked",
        bug="an usher logs in at an event of others",
        file="chalicelib/domain/accounts.py",
        before="    if event_id not in (account.event_ids or []):\n        raise NotAssigned\n",
        after="",
        tests=_IDENTITY,
    ),
    # Devices and cards
    Mutant(
        name="enrolment-code-reusable",
        bug="a one-time code makes a second device of another key",
        file="chalicelib/domain/devices.py",
        before=(
            "                Enrolment.used_by_key.does_not_exist(),\n            ),\n"
            '            operations.change(Device, device_key, actions, Device.status == "provisioned"),\n'
        ),
        after=(
            "                Enrolment.pk.exists(),\n            ),\n"
            "            operations.change(Device, device_key, actions, Device.pk.exists()),\n"
        ),
        tests=_DEVICES,
    ),
    Mutant(
        name="assertion-of-anybody",
        bug="a device's assertion is not checked against its own key",
        file="chalicelib/domain/devices.py",
        before='            options={"require": ["exp", "iat", "sub"], "verify_exp": False, "verify_iat": False},\n',
        after='            options={"verify_exp": False, "verify_iat": False, "verify_signature": False},\n',
        tests=_DEVICES,
    ),
    Mutant(
        name="sun-counter-may-repeat",
        bug="a recorded SUN message is admitted a second time",
        file="chalicelib/domain/cards.py",
        before="Card.pk.exists() & (Card.sun_counter < counter),",
        after="Card.pk.exists() & (Card.sun_counter <= counter),",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="sun-mac-ignored",
        bug="PICC data without its MAC is believed",
        file="chalicelib/domain/sun.py",
        before="return len(given) == _MAC_BYTES and hmac.compare_digest(given, expected)",
        after="return len(given) == _MAC_BYTES == len(expected)",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="code-signature-skipped",
        bug="anybody prints a ticket",
        file="chalicelib/domain/credentials.py",
        before="        key.verify(signature, _LABEL + body)\n",
        after="        key.public_bytes_raw()\n",
        tests=_CHECK_IN,
    ),
    Mutant(
        name="cursor-unbound",
        bug="a cursor made for one usher opens another's page",
        file="chalicelib/domain/paging.py",
        before='bound_to.encode() + b"\\x00" + payload',
        after='b"\\x00" + payload',
        tests=_IDENTITY,
    ),
)
