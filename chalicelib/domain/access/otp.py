"""One-time codes: sent to a number, five tries, single use (contract, "OTP").

A code is stored only as a MAC over the challenge's id and the code. The key is derived from the sessions' secret. A try
is counted before the comparison, so that parallel guesses cannot exceed the limits. Tries by challenge and by number
count apart, those by number for each address. A code is spent in the transaction of its effect. Only the newest code
of a number and purpose is valid; of a registration, the newest of its number and password; of a shop, the newest that
it sent to the number. Responses do not disclose accounts: such requests send a text without a code, or nothing, after
the same work.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from chalicelib import clock, phone_numbers
from chalicelib.clients import messages
from chalicelib.clients.messages import Channel, Message
from chalicelib.clients.secrets import SESSIONS
from chalicelib.domain.access import (
    code_macs,
    code_texts,
    code_tries,
    limits,
    numbers,
    passwords,
    security_log,
    sms,
    throttle,
)
from chalicelib.domain.access.code_tries import CodeTry
from chalicelib.domain.access.sms import CountedSms
from chalicelib.domain.access.throttle import LimitedTry, Streak
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.errors import OtpExhausted, OtpExpired, OtpInvalid, RateLimited
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Challenge, NewestChallenge
from chalicelib.table.operations import ConditionFailed, Write
from chalicelib.table.places import Place
from chalicelib.vocabulary.access import Factor, OtpPurpose, Portal

LIFETIME = timedelta(minutes=5)
# Lifetime of a challenge: how long codes can be resent and a registration stays pending.
RENEWABLE = timedelta(minutes=30)
_REGISTRATION = "registration"
# Purposes that allow `resend`; all others start a fresh challenge.
_RENEWED = frozenset((OtpPurpose.REGISTER, OtpPurpose.LOGIN, OtpPurpose.RESET))
# Purposes requested by number alone: without an account nothing is sent, after the same work.
_FORGOTTEN = frozenset((OtpPurpose.RESET, OtpPurpose.ORGANIZER_RESET, OtpPurpose.TIX_RESET, OtpPurpose.CAMPUS_RESET))
# Purposes of the codes that an account receives at its number, by its portal. Those of shops are compared with the
# customer's present number where they are spent.
_OF_PORTAL = {Portal.WEBAPP: (OtpPurpose.LOGIN, OtpPurpose.RESET)}
# Recipient of decoy messages, as long as a real number.
_NOBODY = "+000000000000"


class SentCode(Struct, frozen=True):
    """The response to a request for a code, identical if none was sent. `expires_in` is in seconds."""

    challenge_id: str
    expires_in: int = int(LIFETIME.total_seconds())
    otp_required: bool = True


class VerifiedCode(Struct, frozen=True):
    """A verified code, unspent until `commit`. `used_by` is unique to this verification."""

    challenge: Challenge
    used_by: str
    wrong_codes: Streak

    def commit(self, *effects: Write, subject: AuditSubject | None = None) -> None:
        """Spend the code in one transaction with its effects. Idempotent for SDK retries.

        With a `subject` it is an act of staff.

        Raises OtpInvalid if the code was spent or voided, ConditionFailed with positions relative to `effects`.
        """
        challenge = self.challenge
        spend = operations.change(
            keys.access.challenge(challenge.challenge_id),
            [Challenge.used_at.set(clock.now()), Challenge.used_by.set(self.used_by), Challenge.pending.remove()],
            Challenge.used_at.does_not_exist() & (Challenge.mac == challenge.mac),
        )
        newest = operations.check(
            _pointer(challenge),
            NewestChallenge.challenge_id == challenge.challenge_id,
        )
        before = (spend, newest, self.wrong_codes.forgetting())
        try:
            if subject is None:
                operations.commit(*before, *effects)
            else:
                acts.commit(*before, *effects, subject=subject)
        except ConditionFailed as failure:
            if 0 in failure.failures:
                found = failure.found(Challenge)
                if found is not None and found.used_by == self.used_by:
                    return  # an earlier try of this call succeeded
            if failure.failures.keys() & {0, 1}:
                raise OtpInvalid from failure
            raise ConditionFailed({n - len(before): item for n, item in failure.failures.items()}) from failure


class CountedCode(Struct, frozen=True):
    """A code as it was counted before it is sent: for its number, and as an SMS unless it goes out by e-mail."""

    of_number: list[LimitedTry]
    of_country: CountedSms | None

    def undo(self) -> None:
        """Undo the count, where no code is sent after all. The request stays counted for its address."""
        for each in self.of_number:
            throttle.give_back(each)
        if self.of_country is not None:
            self.of_country.undo()


def take_send(purpose: OtpPurpose, mobile_number: str, *, address: str | None) -> CountedCode:
    """Count one code to this number and, for an anonymous request, from its address. Raises RateLimited, uncounted."""
    of_number = limits.take_send(purpose, numbers.number_mac(mobile_number), address=address)
    # Some codes go out by e-mail.
    if code_texts.subject(purpose) is not None:
        return CountedCode(of_number, None)
    return _with_sms(of_number, purpose, phone_numbers.country(mobile_number))


def _with_sms(of_number: list[LimitedTry], purpose: OtpPurpose, country: str | None) -> CountedCode:
    """Count the SMS of a code that is counted for its number. Raises RateLimited; then neither is counted."""
    try:
        return CountedCode(of_number, sms.take_code(purpose, country))
    except RateLimited:
        CountedCode(of_number, None).undo()
        raise


def send(
    purpose: OtpPurpose,
    mobile_number: str,
    *,
    account: Account | None,
    pending: dict[str, Any] | None = None,
    challenge_id: str | None = None,
    together_with: Sequence[Write] = (),
) -> SentCode:
    """Send a code, which voids the previous one. `account` is the owner of the number, if any.

    `pending` is what the code does: a registration, a number, or the `shop`, `card` and `fee` of a handover, which its
    text names. With a `shop_id` it voids that shop's codes alone. `together_with` are writes for the same transaction,
    such as one that stores `challenge_id`. Call `take_send` before. Raises ConditionFailed, with positions from 0, if
    one of these fails; then no code is sent.
    """
    now = clock.now()
    challenge_id = challenge_id or new_id("chl")
    code, mac = code_macs.make(purpose, challenge_id, opens=_opens(purpose, account))
    challenge = Challenge(
        *keys.access.challenge(challenge_id),
        challenge_id=challenge_id,
        purpose=purpose,
        mac=mac,
        number_mac=numbers.number_mac(mobile_number),
        country=phone_numbers.country(mobile_number) if code_texts.subject(purpose) is None else None,
        tries=0,
        started_at=now,
        expires_at=now + LIFETIME,
        account_id=account.account_id if account else None,
        pending=pending,
        ttl=int((now + RENEWABLE).timestamp()),
    )
    older = ((pending or {}).get("found_by") or numbers.number_macs(mobile_number))[1:]
    operations.commit(*together_with, operations.put(challenge), *_newest(challenge, older))
    messages.enqueue(_message(challenge, mobile_number, code, account))
    code_tries.log("code sent", challenge)
    return SentCode(challenge_id)


def waits(purpose: OtpPurpose, challenge_id: str, mobile_number: str, *, shop_id: str | None = None) -> bool:
    """Whether a code sent to a number can still be entered: it is the newest, neither spent, exhausted nor expired."""
    pointers = [keys.access.newest_challenge(purpose, mac, shop_id) for mac in numbers.number_macs(mobile_number)]
    found = operations.get_many([keys.access.challenge(challenge_id), *pointers])
    challenge = found.get(keys.access.challenge(challenge_id))
    newest = next((found[place] for place in pointers if place in found), None)
    if not isinstance(challenge, Challenge) or not isinstance(newest, NewestChallenge):
        return False
    is_unspent = challenge.used_at is None and challenge.tries < code_tries.TRIES and clock.now() < challenge.expires_at
    return is_unspent and newest.challenge_id == challenge_id


def resend(challenge_id: str, *, address: str | None) -> SentCode:
    """Send a new code for an open challenge. Raises RateLimited.

    The response is the same for an unknown challenge.
    """
    challenge = operations.get(keys.access.challenge(challenge_id))
    if challenge is not None and challenge.purpose not in _RENEWED:
        challenge = None
    # An unknown challenge counts as one of a registration, for itself.
    known = (challenge.purpose, challenge.number_mac) if challenge else (OtpPurpose.REGISTER, challenge_id)
    of_number = limits.take_send(*known, address=address)
    now = clock.now()
    if challenge is None or challenge.used_at is not None or now >= challenge.started_at + RENEWABLE:
        return SentCode(challenge_id)
    purpose = challenge.purpose
    account = _account(challenge)
    if account is not None and _is_outdated(challenge, account):
        return SentCode(challenge_id)
    number = _number(challenge, account)
    # Counted also where there is no account, so that the requests do not tell.
    counted = _with_sms(of_number, purpose, challenge.country)
    code, mac = code_macs.make(purpose, challenge_id, opens=_opens(purpose, account))
    renew = operations.change(
        keys.access.challenge(challenge_id),
        [
            Challenge.mac.set(mac),
            Challenge.tries.set(0),
            Challenge.undecided.remove(),
            Challenge.expires_at.set(now + LIFETIME),
        ],
        Challenge.pk.exists() & Challenge.used_at.does_not_exist(),
    )
    try:
        operations.commit(renew, *_newest(challenge, []))
    except ConditionFailed:
        counted.undo()
        return SentCode(challenge_id)  # used concurrently
    messages.enqueue(_message(challenge, number, code, account))
    code_tries.log("code sent again", challenge)
    return SentCode(challenge_id)


def verify(
    purpose: OtpPurpose,
    code: str,
    *,
    challenge_id: str | None,
    mobile_number: str | None,
    address: str,
    account_id: str | None = None,
) -> VerifiedCode:
    """Verify a code, by its challenge or else by the number it was sent to.

    With `account_id`, only a code sent for that account is valid. Raises OtpInvalid, OtpExpired, OtpExhausted, and
    RateLimited after too many wrong codes for this number, or by number from this address.
    """
    if challenge_id is not None:
        return _verify(code_tries.take(purpose, challenge_id, account_id), code, by_number=False)
    newest = _newest_of(purpose, mobile_number or "", address)
    try:
        return _verify(code_tries.take_by_number(purpose, newest, address), code, by_number=True)
    except (OtpInvalid, OtpExpired, OtpExhausted):
        # Counted also where no code was sent, so that the limit does not disclose challenges. A repeat of the code that
        # was used guesses at nothing.
        if not code_macs.was_used(newest, code):
            limits.count_wrong_code(purpose, address)
        raise


def _verify(tried: CodeTry, code: str, *, by_number: bool) -> VerifiedCode:
    """Compare a code whose try is counted. Raises OtpInvalid, OtpExpired, RateLimited."""
    try:
        return _compared(tried.challenge, code, by_number=by_number)
    except (OtpInvalid, OtpExpired, RateLimited):
        tried.failed()
        raise


def _compared(challenge: Challenge, code: str, *, by_number: bool) -> VerifiedCode:
    if clock.now() >= challenge.expires_at:
        raise OtpExpired
    wrong_codes = limits.wrong_codes(challenge.purpose, challenge.number_mac, by_number=by_number)
    wrong_codes.take()
    if not code_macs.is_right(challenge, code):
        code_tries.log("wrong code", challenge)
        raise OtpInvalid
    # A log-in's code was sent after its right password.
    security_log.note_factors(*((Factor.PASSWORD,) if challenge.purpose in limits.LOG_INS else ()), Factor.OTP)
    return VerifiedCode(challenge, used_by=new_id("use"), wrong_codes=wrong_codes)


def registration_macs(mobile_number: str, password: str) -> list[str]:
    """Return the MACs under which a registration is found: of the number and the password that began it.

    The password is stretched first, so that a leaked key does not make it cheap to guess.
    """
    stretched = passwords.stretched(password, salt=hashlib.sha256(mobile_number.encode()).digest())
    keyed = mobile_number.encode() + stretched
    return [hmac.new(key, keyed, hashlib.sha256).hexdigest()[:32] for key in SESSIONS.candidates(_REGISTRATION)[:2]]


def registration_of(mobile_number: str, password: str) -> str:
    """Return the challenge of the registration that was begun with this number and password, or a placeholder."""
    return _first_of(OtpPurpose.REGISTER, registration_macs(mobile_number, password))


def voiding(portal: Portal, mobile_number: str) -> list[Write]:
    """Return the writes that void the codes that were sent to a number for an account of this portal.

    A registration has no account, so its code is not among them. Nor are those of shops: `handover` refuses them.
    """
    return [
        operations.remove(keys.access.newest_challenge(purpose, mac))
        for purpose in _OF_PORTAL.get(portal, ())
        for mac in numbers.number_macs(mobile_number)
    ]


def was_sent_to(challenge: Challenge, mobile_number: str | None) -> bool:
    """Whether a challenge's code was sent to this number."""
    return mobile_number is not None and challenge.number_mac in numbers.number_macs(mobile_number)


def _newest_of(purpose: OtpPurpose, mobile_number: str, address: str) -> str:
    """Return the id of a number's newest challenge, or a placeholder, so that the same reads follow.

    Raises RateLimited after too many wrong codes by number from this address.
    """
    limits.require_codes_left(purpose, address)
    return _first_of(purpose, numbers.number_macs(mobile_number))


def _first_of(purpose: OtpPurpose, macs: Sequence[str]) -> str:
    places = [keys.access.newest_challenge(purpose, mac) for mac in macs]
    found = operations.get_many(places)
    return next((found[place].challenge_id for place in places if place in found), f"none_{places[0].pk}")


def _newest(challenge: Challenge, older_macs: list[str]) -> list[Write]:
    """Return the writes that make a challenge the newest, and remove pointers under older MACs."""
    gone_at = int((clock.now() + RENEWABLE).timestamp())
    pointer = NewestChallenge(*_pointer(challenge), challenge_id=challenge.challenge_id, ttl=gone_at)
    older = [keys.access.newest_challenge(challenge.purpose, mac, _shop_id(challenge)) for mac in older_macs]
    return [operations.put(pointer), *(operations.remove(place) for place in older)]


def _pointer(challenge: Challenge) -> Place[NewestChallenge]:
    """Return where the newest challenge is named: of the number, or of a registration's number and password."""
    macs = (challenge.pending or {}).get("found_by") or [challenge.number_mac]
    return keys.access.newest_challenge(challenge.purpose, macs[0], _shop_id(challenge))


def _shop_id(challenge: Challenge) -> str | None:
    return (challenge.pending or {}).get("shop_id")


def _opens(purpose: OtpPurpose, account: Account | None) -> bool:
    """Whether the code is real: registration requires that no account exists, all else that one does."""
    return (account is None) == (purpose is OtpPurpose.REGISTER)


def _account(challenge: Challenge) -> Account | None:
    """Return the current account of a challenge's number, with the same reads if there is none."""
    if challenge.pending is not None:
        return numbers.find_by_number(challenge.pending["mobile_number"])
    return operations.get(keys.access.account(challenge.account_id or f"none_{challenge.challenge_id}"))


def _is_outdated(challenge: Challenge, account: Account) -> bool:
    """Whether no code is accepted any more: the account has another number, or the log-in an earlier password."""
    ended_at = account.sessions_end_before if challenge.purpose in limits.LOG_INS else None
    is_earlier = ended_at is not None and challenge.started_at <= ended_at
    return is_earlier or not was_sent_to(challenge, account.mobile_number)


def _number(challenge: Challenge, account: Account | None) -> str:
    number = challenge.pending["mobile_number"] if challenge.pending else account and account.mobile_number
    return str(number or _NOBODY)


def _message(challenge: Challenge, mobile_number: str, code: str, account: Account | None) -> Message:
    purpose = challenge.purpose
    is_decoy = purpose in _FORGOTTEN and account is None
    subject = code_texts.subject(purpose)
    return Message(
        message_id=new_id("msg"),
        channel=Channel.EMAIL if subject else Channel.SMS,
        to=_NOBODY if is_decoy else mobile_number,
        body=code_texts.of_challenge(challenge, code, account),
        subject=subject,
        decoy=is_decoy,
        is_code=True,
    )
