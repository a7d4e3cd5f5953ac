"""What the OpenAPI document says of an operation beyond its schemas: its own refusals, and what follows it.

The refusals that every guarded route or every body shares are derived from the route table, not listed here.
The fuzz test fails where a route answers with a status that its operation does not name.
"""

from dataclasses import dataclass, field

from chalicelib import errors
from chalicelib.errors import Refusal


@dataclass(frozen=True, slots=True)
class Link:
    """What an answer leads to: `parameters` and `body` name values in the answer by JSON pointer."""

    to: str
    parameters: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)


_REFRESHED = (errors.Unauthenticated, errors.TokenExpired, errors.TokenReused, errors.AccountSuspended)
_CODE = (errors.OtpInvalid, errors.OtpExpired, errors.OtpExhausted, errors.RateLimited)

REFUSALS: dict[str, tuple[type[Refusal], ...]] = {
    "usher_login": (
        errors.InvalidCredentials,
        errors.Forbidden,
        errors.NotAssigned,
        errors.AccountSuspended,
        errors.NotFound,
        errors.RateLimited,
    ),
    "usher_refresh": (*_REFRESHED, errors.Forbidden, errors.NotAssigned),
    "usher_event": (errors.NotAssigned, errors.NotFound),
    "usher_event_status": (errors.NotAssigned, errors.NotFound),
    "usher_validate_assignment": (errors.NotFound,),
    "usher_card": (errors.ValidationFailed, errors.NotFound),
    "usher_validate_card": (errors.NotAssigned,),
    "usher_scan": (errors.NotAssigned,),
    "usher_attendee": (errors.ValidationFailed, errors.NotFound),
    "usher_attendee_at_event": (errors.ValidationFailed, errors.NotAssigned, errors.NotFound),
    "usher_search_logs": (errors.NotAssigned,),
    "usher_log": (errors.NotFound,),
    "device_enroll": (errors.InvalidCredentials, errors.RateLimited),
    "device_token": (errors.Unauthenticated,),
    "admin_login": (errors.InvalidCredentials, errors.AccountSuspended, errors.RateLimited),
    "admin_refresh": _REFRESHED,
    "admin_change_password": (errors.InvalidCredentials, errors.AccountSuspended, errors.RateLimited),
    "admin_provision_device": (errors.NotFound,),
    "admin_revoke_device": (errors.NotFound,),
    "public_register": (errors.RateLimited,),
    "public_verify_otp": (*_CODE, errors.AlreadyExists),
    "public_login": (errors.InvalidCredentials, errors.AccountSuspended, errors.RateLimited),
    "public_verify_login_otp": (*_CODE, errors.AccountSuspended),
    "public_resend_otp": (errors.RateLimited,),
    "public_forgot_password": (errors.RateLimited,),
    "public_reset_password": (*_CODE, errors.Conflict),
    "customer_refresh": _REFRESHED,
    "customer_change_password": (errors.InvalidCredentials, errors.AccountSuspended, errors.RateLimited),
    "public_merchant_login": (errors.InvalidCredentials, errors.AccountSuspended, errors.RateLimited),
    "public_merchant_verify_otp": (*_CODE, errors.AccountSuspended),
    "merchant_refresh": _REFRESHED,
    "merchant_change_password": (errors.InvalidCredentials, errors.AccountSuspended, errors.RateLimited),
    "merchant_change_mobile": (errors.InvalidCredentials, errors.AccountSuspended, errors.RateLimited),
    "merchant_verify_mobile_change": (*_CODE, errors.AccountSuspended, errors.AlreadyExists, errors.Conflict),
    "public_organizer_login": (errors.InvalidCredentials, errors.AccountSuspended, errors.RateLimited),
    "public_organizer_verify_otp": (*_CODE, errors.AccountSuspended),
    "public_organizer_forgot_password": (errors.RateLimited,),
    "public_organizer_reset_password": (*_CODE, errors.Conflict),
    "organizer_refresh": _REFRESHED,
    "organizer_event": (errors.NotFound,),
    "organizer_request_edit": (errors.NotFound, errors.InvalidState, errors.Conflict),
    "organizer_payout": (errors.NotFound,),
    "organizer_payout_invoice": (errors.NotFound,),
    "organizer_change_profile": (errors.Conflict,),
    "organizer_change_password": (errors.InvalidCredentials, errors.AccountSuspended, errors.RateLimited),
    "public_tix_register": (errors.AlreadyExists, errors.OrganizationFull, errors.RateLimited),
    "public_tix_login": (errors.InvalidCredentials, errors.AccountSuspended, errors.RateLimited),
    "tix_me": (errors.NotFound,),
    "tix_print_tickets": (errors.NotFound, errors.InvalidState),
    "tix_print_run": (errors.NotFound,),
    "tix_void_tickets": (errors.NotFound, errors.InvalidState),
    "tix_settings": (errors.NotFound,),
    "tix_change_settings": (errors.NotFound, errors.InvalidState, errors.Conflict),
    "realtime_ticket": (errors.NotFound,),
    "public_event": (errors.NotFound,),
    "customer_book": (errors.NotFound, errors.SoldOut, errors.InvalidState, errors.Conflict),
    "customer_process_payment": (errors.NotFound, errors.InvalidState, errors.InsufficientBalance),
    "customer_confirm_payment": (errors.NotFound, errors.InvalidState, errors.InsufficientBalance),
    "public_payment_webhook": (errors.BadSignature,),
    "customer_add_dependent": (errors.Conflict, errors.NotFound),
    "customer_replace_dependent": (errors.NotFound,),
    "customer_remove_dependent": (errors.NotFound,),
    "customer_add_favorite": (errors.NotFound,),
    "customer_invoice": (errors.NotFound, errors.InvalidState),
    "customer_ticket": (errors.NotFound,),
    "customer_ticket_qr_code": (errors.NotFound, errors.InvalidState),
    "customer_transfer_ticket": (errors.NotFound, errors.Conflict, errors.InvalidState, errors.RateLimited),
    "customer_gift_ticket": (errors.NotFound, errors.Conflict, errors.InvalidState, errors.RateLimited),
    "customer_request_refund": (errors.NotFound, errors.Conflict, errors.InvalidState),
    "customer_request_card": (errors.Conflict,),
    "customer_reload_card": (errors.NotFound, errors.InvalidState),
    "customer_card_transactions": (errors.NotFound,),
    "customer_auto_reload": (errors.NotFound, errors.InvalidState),
    "customer_block_card": (errors.NotFound,),
    "merchant_verify_customer": (errors.ValidationFailed, errors.RateLimited),
    "merchant_assign_card": (errors.NotFound, errors.Conflict, errors.RateLimited),
    "merchant_send_customer_otp": (errors.NotFound, errors.InvalidState, errors.RateLimited),
    "merchant_verify_customer_otp": (*_CODE, errors.NotFound, errors.InvalidState),
    "tix_clear_tickets": (errors.ValidationFailed,),
    "tix_ticket": (errors.NotFound,),
    "tix_tickets": (errors.NotFound,),
    "tix_delete_ticket": (errors.NotFound,),
    "tix_scan_ticket": (errors.NotFound, errors.AlreadyScanned, errors.TicketVoided),
}

_OWN_EVENT = {"event_id": "/event/id"}
_FIRST_EVENT = {"event_id": "/results/0/id"}
_AFTER_LOG = (Link("usher_log", {"log_id": "/results/0/id"}), Link("usher_card", {"card_id": "/results/0/card_id"}))

_OF_A_TICKET = (
    "customer_ticket",
    "customer_ticket_qr_code",
    "customer_transfer_ticket",
    "customer_gift_ticket",
    "customer_request_refund",
)

_FIRST_NUMBERED = {"ticket_id": "/tickets/0/id"}

LINKS: dict[str, tuple[Link, ...]] = {
    "tix_tickets": tuple(
        Link(name, _FIRST_NUMBERED) for name in ("tix_ticket", "tix_scan_ticket", "tix_delete_ticket")
    ),
    "usher_login": (
        Link("usher_event", _OWN_EVENT),
        Link("usher_event_status", _OWN_EVENT),
        Link("usher_validate_assignment", _OWN_EVENT),
        Link("usher_refresh", body={"refresh": "/refresh"}),
    ),
    "tix_print_tickets": (Link("tix_print_run", {"job_id": "/job_id"}),),
    "usher_refresh": (Link("usher_refresh", body={"refresh": "/refresh"}),),
    "usher_events": (Link("usher_event", _FIRST_EVENT), Link("usher_event_status", _FIRST_EVENT)),
    "usher_card": (
        Link("usher_attendee", {"card_id": "/id"}),
        Link("usher_validate_card", {"card_id": "/id"}),
        Link("usher_verify_card", body={"card_id": "/id"}),
    ),
    "usher_attendee": (Link("usher_card", {"card_id": "/card_id"}),),
    "usher_scan": (Link("usher_log", {"log_id": "/log_id"}),),
    "usher_logs": (*_AFTER_LOG, Link("usher_logs", {"cursor": "/next"})),
    "usher_search_logs": (*_AFTER_LOG, Link("usher_search_logs", {"cursor": "/next"})),
    "device_enroll": (Link("device_token", body={"device_id": "/device_id"}),),
    "public_verify_otp": (Link("customer_refresh", body={"refresh": "/refresh"}),),
    "public_verify_login_otp": (Link("customer_refresh", body={"refresh": "/refresh"}),),
    "customer_refresh": (Link("customer_refresh", body={"refresh": "/refresh"}),),
    **{
        name: (Link(f"{portal}_refresh", body={"refresh": "/refresh"}),)
        for portal in ("merchant", "organizer")
        for name in (f"public_{portal}_verify_otp", f"{portal}_refresh")
    },
    "merchant_change_mobile": (Link("merchant_verify_mobile_change", body={"challenge_id": "/challenge_id"}),),
    "organizer_events_list": (
        Link("organizer_event", {"event_id": "/results/0/id"}),
        Link("organizer_request_edit", {"event_id": "/results/0/id"}),
        Link("organizer_events_list", {"cursor": "/next"}),
    ),
    "organizer_event": (Link("organizer_request_edit", {"event_id": "/id"}),),
    "organizer_payouts": (
        Link("organizer_payout", {"payout_id": "/results/0/id"}),
        Link("organizer_payout_invoice", {"payout_id": "/results/0/id"}),
        Link("organizer_payouts", {"cursor": "/next"}),
    ),
    "public_events": (
        Link("public_event", {"event_id": "/results/0/id"}),
        Link("public_events", {"cursor": "/next"}),
    ),
    "public_featured_events": (
        Link("public_event", {"event_id": "/results/0/id"}),
        Link("public_featured_events", {"cursor": "/next"}),
    ),
    "customer_book": (Link("customer_process_payment", body={"booking_id": "/id"}),),
    "customer_process_payment": (Link("customer_confirm_payment", body={"payment_id": "/id"}),),
    "customer_tickets": (
        *(Link(name, {"ticket_id": "/results/0/id"}) for name in _OF_A_TICKET),
        Link("customer_tickets", {"cursor": "/next"}),
    ),
    "customer_payments": (
        Link("customer_invoice", {"payment_id": "/results/0/id"}),
        Link("customer_payments", {"cursor": "/next"}),
    ),
    "customer_dependents": (
        Link("customer_replace_dependent", {"dependent_id": "/results/0/id"}),
        Link("customer_remove_dependent", {"dependent_id": "/results/0/id"}),
    ),
    "customer_favorites": (
        Link("public_event", {"event_id": "/results/0/event_id"}),
        Link("customer_remove_favorite", {"event_id": "/results/0/event_id"}),
    ),
    "customer_cards": (
        Link("customer_reload_card", {"card_id": "/results/0/id"}),
        Link("customer_block_card", {"card_id": "/results/0/id"}),
        Link("customer_card_transactions", {"card_id": "/results/0/id"}),
        Link("customer_auto_reload", {"card_id": "/results/0/id"}),
        Link("customer_cards", {"cursor": "/next"}),
    ),
    "customer_card_transactions": (Link("customer_card_transactions", {"cursor": "/next"}),),
    "customer_me": (Link("merchant_verify_customer", {"mobile": "/mobile_number"}),),
    "merchant_verify_customer": (Link("merchant_assign_card", body={"customer_id": "/customer/id"}),),
    "merchant_assign_card": (
        Link("merchant_send_customer_otp", body={"assignment_id": "/assignment_id"}),
        Link("merchant_verify_customer_otp", body={"assignment_id": "/assignment_id"}),
    ),
    "merchant_cards": (
        Link("merchant_assign_card", body={"card_id": "/results/0/id"}),
        Link("merchant_cards", {"cursor": "/next"}),
    ),
    "admin_login": (Link("admin_refresh", body={"refresh": "/refresh"}),),
    "admin_refresh": (Link("admin_refresh", body={"refresh": "/refresh"}),),
    "admin_devices": (
        Link("admin_revoke_device", {"device_id": "/results/0/id"}),
        Link("admin_devices", {"cursor": "/next"}),
    ),
    "admin_provision_device": (
        Link("device_enroll", body={"code": "/enrollment_code"}),
        Link("admin_revoke_device", {"device_id": "/device_id"}),
    ),
}

# The routes that answer with something other than the JSON of a schema.
MEDIA_TYPES = {
    "openapi_document": "application/json",
    "docs_page": "text/html",
    "customer_invoice": "application/pdf",
    "organizer_payout_invoice": "application/pdf",
}

# The fields that are files where a route takes a form.
FILES = {"organizer_change_profile": ("image",)}

PATH_VARIABLES = {
    "job_id": "The id that a job was answered with.",
    "event_id": "The event's id.",
    "card_id": "The card's id, or its UID in hex, with or without colons, in either case.",
    "log_id": "The check-in log entry's id.",
    "device_id": "The reader device's id.",
    "ticket_id": "The ticket's id.",
    "dependent_id": "The dependent's id.",
    "payment_id": "The payment's id.",
    "payout_id": "The payout's id.",
    "mobile": "The customer's number, in national or international form; its + may be written %2B.",
}

PORTALS = {
    "webapp": "The customers' web app.",
    "merchant": "The shops that hand out NFC cards.",
    "organizer": "Event organizers.",
    "usher": "The gate: ushers' web and mobile apps, one event per log-in.",
    "device": "The gate: reader agents, enrolled once with their own key.",
    "admin": "The platform's own staff.",
    "tix": "Small organizations that number and scan their own tickets.",
    "platform": "Live updates, liveness, and this document.",
}

DESCRIPTION = """\
Every attendee goes in once.

- **Paths** are written with a trailing slash (Tix: without); both spellings of every path answer the same.
- **Tokens**: `Authorization: Bearer <access>`. An access token lives 15 minutes (Tix: 12 hours) and is worth nothing
  in another portal.
- **Scans** are idempotent by `scan_id`: the same one again gets the same answer again.
- **Times** are RFC 3339 in UTC. **Lists** answer `results`, `next` (a cursor bound to caller and query) and `count`.
- **Refusals** are `{"error": {"code", "message", "details"?, "request_id"}}` (Tix: `error` is the message, the others
  stand beside it). Unknown request fields are ignored.
"""
