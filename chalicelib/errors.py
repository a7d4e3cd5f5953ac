"""Every way a request is refused.

    Refusal
    ├── MalformedJson, ValidationFailed, InvalidCursor               400
    ├── OtpInvalid, OtpExpired, OtpExhausted, BadSignature           400
    ├── AlreadyScanned, TicketVoided                                 400
    ├── Unauthenticated, TokenExpired, TokenReused, InvalidCredentials 401
    ├── Forbidden, NotAssigned, AccountSuspended                     403
    ├── NotFound 404 · MethodNotAllowed 405 · UnsupportedMediaType 415
    ├── Conflict, AlreadyExists, InvalidState, SoldOut               409
    │   └── InsufficientBalance, IdempotencyInProgress, OrganizationFull
    ├── TooLarge 413 · IdempotencyMismatch 422 · RateLimited 429
    └── Unavailable                                                  503

A denial at the gate is not here: it is a right answer, a value with status 200.
"""

from typing import Any

from chalice.app import ChaliceUnhandledError


class Refusal(ChaliceUnhandledError):
    """A question that cannot be taken; `code` and `status` are its answer on the wire.

    It extends Chalice's one base class that reaches middleware as an exception.
    """

    status = 400
    code = "VALIDATION_ERROR"
    message = "The request cannot be taken."

    def __init__(
        self,
        message: str | None = None,
        *,
        details: list[dict[str, str]] | None = None,
        retry_after: int | None = None,
        beside: dict[str, Any] | None = None,
    ) -> None:
        """`details` names fields: `[{"field", "message"}]`; `retry_after` is in seconds; `beside` is shown with it."""
        super().__init__(message or self.message)
        self.text = message or self.message
        self.details = details
        self.retry_after = retry_after
        self.beside = beside or {}
        self.replayed = False

    @property
    def is_final(self) -> bool:
        """Whether the same request would be refused for good, so that its Idempotency-Key may remember it."""
        return self.status < 500 and self.status not in (401, 429) and self.retry_after is None

    @property
    def told(self) -> dict[str, Any]:
        """What the caller was told, to be told again."""
        return {"code": self.code, "message": self.text, "details": self.details, "beside": self.beside}

    @classmethod
    def replay(cls, status: int, told: dict[str, Any]) -> "Refusal":
        """Return a refusal as it was first given."""
        refusal = cls(told["message"], details=told["details"], beside=told.get("beside"))
        refusal.status, refusal.code, refusal.replayed = status, told["code"], True
        return refusal


class ValidationFailed(Refusal):
    """A field is missing or out of its range."""

    message = "Some fields are missing or wrong; see details."


class MalformedJson(Refusal):
    """The body is not a JSON object."""

    code = "MALFORMED_JSON"
    message = "The body must be one JSON object in UTF-8."


class InvalidCursor(Refusal):
    """A cursor of another list, principal or maker."""

    code = "INVALID_CURSOR"
    message = "This cursor does not belong to this list. Start again without it."


class OtpInvalid(Refusal):
    """A code that is not the one that was sent, or belongs to nothing."""

    code = "OTP_INVALID"
    message = "The code is wrong."


class OtpExpired(Refusal):
    """The right code, too late."""

    code = "OTP_EXPIRED"
    message = "The code has expired. Ask for a new one."


class OtpExhausted(Refusal):
    """A code that was guessed at too often: it is dead."""

    code = "OTP_EXHAUSTED"
    message = "This code was tried too often and is dead. Ask for a new one."


class BadSignature(Refusal):
    """A callback that its sender did not sign."""

    code = "VALIDATION_ERROR"
    message = "The signature does not fit this body."


class AlreadyScanned(Refusal):
    """A numbered ticket that was let in before; it stands beside the refusal."""

    code = "ALREADY_SCANNED"
    message = "Ticket already scanned"


class TicketVoided(Refusal):
    """A numbered ticket that its organization took back; it stands beside the refusal."""

    code = "TICKET_VOIDED"
    message = "Ticket was voided"


class Unauthenticated(Refusal):
    """No token, or one that proves nothing here."""

    status = 401
    code = "UNAUTHENTICATED"
    message = "Log in: no valid access token came with the request."


class TokenExpired(Unauthenticated):
    """A token whose time is over."""

    code = "TOKEN_EXPIRED"
    message = "The token has expired. Refresh it."


class TokenReused(Unauthenticated):
    """A spent refresh token: the whole session is ended, since two parties hold it."""

    code = "TOKEN_REUSED"
    message = "This refresh token was used before; the session is ended. Log in again."


class InvalidCredentials(Unauthenticated):
    """A wrong log-in, whichever part of it was wrong."""

    code = "INVALID_CREDENTIALS"
    message = "The log-in or the password is wrong."


class Forbidden(Refusal):
    """The right portal, the wrong role."""

    status = 403
    code = "FORBIDDEN"
    message = "Your role does not allow this."


class NotAssigned(Forbidden):
    """An usher at an event that is not theirs."""

    code = "NOT_ASSIGNED"
    message = "You are not assigned to this event."


class AccountSuspended(Forbidden):
    """An account that staff has suspended or deactivated."""

    code = "ACCOUNT_SUSPENDED"
    message = "This account is suspended. Ask the platform's staff."


class NotFound(Refusal):
    """No such thing, or not the caller's to see."""

    status = 404
    code = "NOT_FOUND"
    message = "There is no such thing here."


class MethodNotAllowed(Refusal):
    """A path that exists, with a method that it does not know."""

    status = 405
    code = "METHOD_NOT_ALLOWED"
    message = "This path does not take that method."


class Conflict(Refusal):
    """The state does not allow it; nothing changed."""

    status = 409
    code = "CONFLICT"
    message = "The present state does not allow this; nothing was changed."


class AlreadyExists(Conflict):
    """A name that must be unique is taken."""

    code = "ALREADY_EXISTS"
    message = "That name is taken."


class InvalidState(Conflict):
    """A step that the thing's state machine does not know."""

    code = "INVALID_STATE"


class OrganizationFull(Conflict):
    """An organization has as many users as it may have."""

    code = "ORGANIZATION_FULL"
    message = "This organization has as many users as it may have. Ask its admin to raise the limit."


class SoldOut(Conflict):
    """Less is left of a category than was asked for."""

    code = "SOLD_OUT"
    message = "Not enough tickets are left."


class InsufficientBalance(Conflict):
    """A card holds less than it should pay."""

    code = "INSUFFICIENT_BALANCE"
    message = "The card's balance is too low."


class IdempotencyInProgress(Conflict):
    """The first request with this key is still being answered."""

    code = "IDEMPOTENCY_IN_PROGRESS"
    message = "The first request with this key is still running. Try again."


class TooLarge(Refusal):
    """A body over the route's limit."""

    status = 413
    code = "TOO_LARGE"
    message = "The body is larger than this route takes."


class UnsupportedMediaType(Refusal):
    """A body in a format that the route does not read."""

    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"
    message = "Send application/json."


class IdempotencyMismatch(Refusal):
    """An operation id that was used with another body."""

    status = 422
    code = "IDEMPOTENCY_MISMATCH"
    message = "This key was used before with another body. Use a new one."


class RateLimited(Refusal):
    """Too many tries; `retry_after` says when the next is taken."""

    status = 429
    code = "RATE_LIMITED"
    message = "Too many tries. Wait and try again."


class Unavailable(Refusal):
    """A fault of ours that a retry may mend."""

    status = 503
    code = "UNAVAILABLE"
    message = "The service is busy. Try again."
