"""Every refusal of a request.

    Refusal
    ├── MalformedJson, ValidationFailed, InvalidCursor               400
    ├── OtpInvalid, OtpExpired, OtpExhausted, BadSignature           400
    ├── AlreadyScanned, TicketVoided                                 400
    ├── QrTokenRequired, InvalidQrCode, OutsideAttendancePeriod      400
    ├── AlreadySubmitted                                             400
    ├── Unauthenticated, TokenExpired, TokenReused, InvalidCredentials 401
    ├── Forbidden, NotAssigned, AccountSuspended, AccountUnverified  403
    │   └── SecondPersonNeeded
    ├── NotFound 404 · MethodNotAllowed 405 · UnsupportedMediaType 415
    ├── Conflict, AlreadyExists, InvalidState, SoldOut               409
    │   └── InsufficientBalance, IdempotencyInProgress, OrganizationFull,
    │       BeingWritten
    ├── TooLarge 413 · RangeNotSatisfiable 416 · IdempotencyMismatch 422 · RateLimited 429
    └── Unavailable                                                  503

A denial at the gate is not an error: it is a value, answered with status 200.
"""

from typing import Any

from chalice.app import ChaliceUnhandledError


class Refusal(ChaliceUnhandledError):
    """A request that cannot be processed; `code` and `status` are its answer on the wire.

    It extends the one base class of Chalice that reaches middleware as an exception.
    """

    status = 400
    code = "VALIDATION_ERROR"
    message = "The request cannot be processed."
    # The code in the security log where it says more than the one on the wire (domain/access/security_log.py).
    traced_as: str | None = None

    def __init__(
        self,
        message: str | None = None,
        *,
        details: list[dict[str, str]] | None = None,
        retry_after: int | None = None,
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """`details` names fields: `[{"field", "message"}]`; `retry_after` is in seconds; `extra` joins the body
        and `headers` the answer's headers."""
        super().__init__(message or self.message)
        self.text = message or self.message
        self.details = details
        self.retry_after = retry_after
        self.extra = extra or {}
        self.headers = headers or {}
        self.replayed = False

    @property
    def is_final(self) -> bool:
        """Whether the same request is always refused, so that its Idempotency-Key may store the refusal."""
        return self.status < 500 and self.status not in (401, 429) and self.retry_after is None

    @property
    def stored(self) -> dict[str, Any]:
        """The refusal as an Idempotency-Key stores it."""
        return {"code": self.code, "message": self.text, "details": self.details, "extra": self.extra}

    @classmethod
    def replay(cls, status: int, stored: dict[str, Any]) -> "Refusal":
        """Return a stored refusal."""
        refusal = cls(stored["message"], details=stored["details"], extra=stored["extra"])
        refusal.status, refusal.code, refusal.replayed = status, stored["code"], True
        return refusal


class ValidationFailed(Refusal):
    """A field is missing or out of its range."""

    message = "Some fields are missing or invalid. See `details`."


class MalformedJson(Refusal):
    """The body is not a JSON object."""

    code = "MALFORMED_JSON"
    message = "The body must be one JSON object in UTF-8."


class InvalidCursor(Refusal):
    """A cursor of another list, another caller or another platform."""

    code = "INVALID_CURSOR"
    message = "This cursor does not belong to this list. Start again without a cursor."


class OtpInvalid(Refusal):
    """A code other than the one that was sent, one that was used, or one without a challenge."""

    code = "OTP_INVALID"
    message = "The code is wrong, or was used already. Check it and try again."


class OtpExpired(Refusal):
    """The right code, after its time."""

    code = "OTP_EXPIRED"
    message = "The code has expired. Request a new one."


class OtpExhausted(Refusal):
    """A code with too many failed attempts: it is no longer valid."""

    code = "OTP_EXHAUSTED"
    message = "This code had too many failed attempts. Request a new one."


class BadSignature(Refusal):
    """A callback without its sender's signature."""

    code = "VALIDATION_ERROR"
    message = "The signature does not match this body."
    traced_as = "BAD_SIGNATURE"


class AlreadyScanned(Refusal):
    """A numbered ticket that was admitted before; the body also carries the ticket."""

    code = "ALREADY_SCANNED"
    message = "Ticket already scanned"


class TicketVoided(Refusal):
    """A numbered ticket that its organization voided; the body also carries the ticket."""

    code = "TICKET_VOIDED"
    message = "Ticket was voided"


class QrTokenRequired(Refusal):
    """A submission without a code that was verified within the last minutes."""

    code = "QR_REQUIRED"
    message = "QR token required"


class InvalidQrCode(Refusal):
    """A rotating code that is not, or no longer, the event's; `details` says what to do."""

    code = "INVALID_QR"
    message = "Invalid QR code"


class OutsideAttendancePeriod(Refusal):
    """A code or a submission outside the time window of its event; the body's `timing` says when the window is."""

    code = "OUTSIDE_PERIOD"
    message = "Event attendance period has ended"


class AlreadySubmitted(Refusal):
    """A second submission of one person at one event; the first one counts."""

    code = "ALREADY_SUBMITTED"
    message = "Attendance already submitted for this event"


class Unauthenticated(Refusal):
    """No token, or one that is not valid here."""

    status = 401
    code = "UNAUTHENTICATED"
    message = "The request has no valid access token. Log in."


class TokenExpired(Unauthenticated):
    """A token after its expiry."""

    code = "TOKEN_EXPIRED"
    message = "The token has expired. Refresh it."


class TokenReused(Unauthenticated):
    """A refresh token that was used before: two parties hold it, so the session ends."""

    code = "TOKEN_REUSED"
    message = "This refresh token was used before, so the session has ended. Log in again."


class InvalidCredentials(Unauthenticated):
    """A wrong log-in name, password or second factor."""

    code = "INVALID_CREDENTIALS"
    message = "The log-in or the password is wrong."


class Forbidden(Refusal):
    """The right portal, the wrong role."""

    status = 403
    code = "FORBIDDEN"
    message = "Your role does not allow this."


class NotAssigned(Forbidden):
    """An usher at an event that they are not assigned to."""

    code = "NOT_ASSIGNED"
    message = "You are not assigned to this event."


class AccountSuspended(Forbidden):
    """An account that the staff suspended or deactivated."""

    code = "ACCOUNT_SUSPENDED"
    message = "This account is suspended. Contact support."


class AccountUnverified(Forbidden):
    """The caller's e-mail address is not proven yet."""

    code = "ACCOUNT_UNVERIFIED"
    message = "Prove your email address first: enter the code that was mailed to you. Another log-in sends a new one."


class SecondPersonNeeded(Forbidden):
    """An approval by the member of staff who asked for it."""

    code = "SECOND_PERSON_NEEDED"
    message = "You asked for this yourself, so another member of staff must approve it."


class NotFound(Refusal):
    """It does not exist, or the caller may not see it."""

    status = 404
    code = "NOT_FOUND"
    message = "Not found. Check the id."


class MethodNotAllowed(Refusal):
    """A path that exists, with a method that it does not support."""

    status = 405
    code = "METHOD_NOT_ALLOWED"
    message = "This path does not support this method. See the Allow header."


class Conflict(Refusal):
    """The current state does not allow the request; nothing changed."""

    status = 409
    code = "CONFLICT"
    message = "The current state does not allow this. Nothing was changed."

    @classmethod
    def stale(cls, what: str, present: dict[str, Any]) -> "Conflict":
        """Return the refusal of a version that is not the newest; the body has the present state as `present`."""
        version = present["version"]
        return cls(
            f"{what} was changed meanwhile: its version is {version}. Read it again.",
            details=[{"field": "version", "message": f"is {version} now"}],
            extra={"present": present},
        )


class AlreadyExists(Conflict):
    """A unique name that is already taken."""

    code = "ALREADY_EXISTS"
    message = "This name is already taken. Choose another one."


class InvalidState(Conflict):
    """A transition that the state machine does not have."""

    code = "INVALID_STATE"


class OrganizationFull(Conflict):
    """An organization whose number of users is at its limit."""

    code = "ORGANIZATION_FULL"
    message = "This organization is at its limit of users. Ask its admin to raise the limit."


class BeingWritten(Conflict):
    """A numbered ticket that was given out and is not written yet."""

    code = "BEING_WRITTEN"
    message = "This ticket is still being written. Try again in a few seconds."


class SoldOut(Conflict):
    """Fewer tickets of a category are available than requested."""

    code = "SOLD_OUT"
    message = "Not enough tickets are available. Choose fewer, or another category."


class InsufficientBalance(Conflict):
    """A card whose balance is below the amount."""

    code = "INSUFFICIENT_BALANCE"
    message = "The card's balance is too low. Reload it, or pay in another way."


class IdempotencyInProgress(Conflict):
    """The first request with this key is still in progress."""

    code = "IDEMPOTENCY_IN_PROGRESS"
    message = "The first request with this key is still in progress. Try again shortly."


class TooLarge(Refusal):
    """A body above the route's limit."""

    status = 413
    code = "TOO_LARGE"
    message = "The body is larger than this route accepts. Send less."


class RangeNotSatisfiable(Refusal):
    """A part that begins after the end of the file."""

    status = 416
    code = "RANGE_NOT_SATISFIABLE"
    message = "The file ends before this range. Ask for the whole file."


class UnsupportedMediaType(Refusal):
    """A body in a format that the route does not accept."""

    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"
    message = "Send application/json."


class IdempotencyMismatch(Refusal):
    """An Idempotency-Key that was used with another body."""

    status = 422
    code = "IDEMPOTENCY_MISMATCH"
    message = "This Idempotency-Key was used with another body. Use a new key."


class RateLimited(Refusal):
    """Too many requests; `retry_after` is the time until the next is accepted."""

    status = 429
    code = "RATE_LIMITED"
    message = "Too many attempts. Wait and try again."


class Unavailable(Refusal):
    """A fault of the platform that a retry may resolve."""

    status = 503
    code = "UNAVAILABLE"
    message = "The service is busy. Try again."
