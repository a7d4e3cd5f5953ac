"""The words of events: their states, edits, drafts and cancellations, and how they are listed."""

from enum import StrEnum


class EventStatus(StrEnum):
    """The state of an event."""

    DRAFT = "draft"
    PUBLISHED = "published"
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


class CatalogueOrder(StrEnum):
    """The order of events in the catalogue."""

    EARLIEST = "starts_at"
    LATEST = "-starts_at"
    PRICE = "price"


class CancellationStatus(StrEnum):
    """The state of an event's cancellation; a preview changes nothing, and one that runs gives money back."""

    PREVIEW = "preview"
    AWAITING_SECOND = "awaiting_second"
    RUNNING = "running"
    COMPLETE = "complete"


class CancellationRefund(StrEnum):
    """Whose money a cancellation gives back."""

    ALL = "all"
    NONE = "none"


class EditRequestStatus(StrEnum):
    """The state of an organizer's request to change an event; staff approve or reject it."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class DraftReview(StrEnum):
    """What became of an organizer's draft: submitted to the staff, or sent back by them."""

    SUBMITTED = "submitted"
    REJECTED = "rejected"
