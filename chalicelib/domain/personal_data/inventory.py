"""The inventory: each attribute of an item that holds data of a customer, and what becomes of it in an erasure.

A test holds it against the item classes, so that a new attribute cannot be forgotten.
"""

from collections.abc import Mapping
from enum import StrEnum

from chalicelib.table import items
from chalicelib.table.items import Item


class Fate(StrEnum):
    """What an erasure makes of an attribute.

    `REMOVED`: its item is deleted. `CLEARED`: it is cleared, or holds a word in place of a person. `UNREADABLE`: it is
    sealed under the customer's data key, which is destroyed. `PSEUDONYM`: it holds an id without a person. `EXPIRES`:
    its item ends by its TTL and is no record of a person. `FOLLOWS`: the stream rewrites it when its item is erased.
    `OTHERS`: it holds no data of the customer.
    """

    REMOVED = "removed"
    CLEARED = "cleared"
    UNREADABLE = "unreadable"
    PSEUDONYM = "pseudonym"
    EXPIRES = "expires"
    FOLLOWS = "follows"
    OTHERS = "others"


_R, _C, _U, _P, _E, _O = (
    Fate.REMOVED,
    Fate.CLEARED,
    Fate.UNREADABLE,
    Fate.PSEUDONYM,
    Fate.EXPIRES,
    Fate.OTHERS,
)


def _all(fate: Fate, names: str) -> dict[str, Fate]:
    return dict.fromkeys(names.split(), fate)


INVENTORY: Mapping[type[Item], Mapping[str, Fate]] = {
    # The account and what is only theirs
    items.Login: _all(_R, "account_id"),
    items.Account: {
        **_all(_P, "account_id"),
        **_all(_C, "login name email password_hash mobile_number labels known_devices kept_session_id"),
        # Of staff, ushers, and users of Tix and campus.
        **_all(
            _O,
            "totp_sealed totp_pending roles event_ids organization_id address_proven_at",
        ),
        **_all(_O, "link_hash recovery_key recovery_macs"),
    },
    items.Profile: _all(
        _R, "customer_id email date_of_birth photo_key emergency_contact blood_type bank_account by_email"
    ),
    items.DataKey: {**_all(_P, "owner_id"), **_all(_C, "wrapped")},
    items.Dependent: _all(_R, "customer_id name date_of_birth blood_type emergency_contact card_id card_uid"),
    items.Favorite: _all(_R, "customer_id"),
    items.CustomerTotals: _all(_P, "customer_id by_month by_category"),
    items.Seats: _all(_P, "owned orders"),
    items.Visit: _all(_P, "customer_id tickets"),
    # Log-in
    items.Session: {
        **_all(_P, "session_id account_id event_id phone_id"),
        **_all(_R, "token_hash device address_hint"),
    },
    items.LockOut: _all(_E, "kept_session_id"),
    items.Challenge: _all(_R, "number_mac account_id pending mac tried_by undecided"),
    items.NewestChallenge: _all(_R, "challenge_id"),
    # Hashes of numbers and addresses under a secret, for a day at most.
    items.Throttle: _all(_E, "moments undecided counted_by"),
    # Tickets and orders
    items.Ticket: {
        **_all(_P, "customer_id order_id pledged_to"),
        **_all(_C, "holder_name dependent_id photo_url labels customer_labels card_uid message"),
        **_all(_O, "admission passage history"),
    },
    items.AttendeeWord: {},
    items.Gift: {**_all(_P, "giver_id"), **_all(_C, "name message"), **_all(_O, "number_version")},
    items.RefundRequest: {
        **_all(_P, "customer_id payment_id"),
        **_all(_C, "reason note"),
        **_all(_O, "refund_reference"),
    },
    items.Order: {**_all(_P, "customer_id items payment_id"), **_all(_C, "tickets card_uid card_id")},
    items.Scan: {**_all(_P, "ticket_id card_uid"), **_all(_O, "principal_name first_scan reason")},
    # What an usher noted of the customer; the names are those of ushers.
    items.Leave: {**_all(_P, "ticket_id"), **_all(_C, "reason"), **_all(_O, "left_by_name returned_by_name")},
    # Money
    items.Payment: {
        **_all(_P, "customer_id card_uid card_id granted moves"),
        **_all(_C, "sealed_client_secret sealed_action return_url token_digest"),
        **_all(_O, "failure_reason"),
    },
    items.SavedMethod: _all(_R, "customer_id"),
    items.Dispute: {**_all(_P, "customer_id"), **_all(_O, "words")},
    # Words that all customers share, no means of payment of a person.
    items.SandboxCharge: _all(_O, "token refunds"),
    items.SandboxDispute: _all(_O, "words"),
    items.Journal: _all(_P, "entries references"),
    items.CardBalance: _all(_C, "auto_token auto_customer_id"),
    items.CardEntry: _all(_P, "uid reference"),
    # Cards
    items.Card: {
        **_all(_C, "customer_id tickets admitted admitted_at block_reason"),
        **_all(_P, "uid card_id merchant_id held_by"),
        **_all(_O, "refused_at replacement released"),
    },
    items.CardRequest: {**_all(_P, "customer_id"), **_all(_C, "address reason")},
    items.CardRequestOwner: _all(_P, "customer_id"),
    items.CardClaim: _all(_P, "customer_id"),
    items.Leftover: _all(_P, "customer_id event_ids"),
    items.OpenCardRequest: _all(_R, "request_id"),
    items.Assignment: _all(_P, "customer_id card_uid card_id"),
    items.EarlyCode: _all(_R, "challenge_id"),
    items.OpenAssignment: _all(_R, "assignment_id"),
    # Live updates
    items.LiveTicket: _all(_E, "principal channels"),
    items.LiveConnection: _all(_R, "principal channels listens_to"),
    items.LiveOf: _all(_R, "connection_id session_id"),
    items.LiveSockets: _all(_R, "open"),
    items.Listener: _all(_E, "principal_id"),
    items.LiveNews: _all(_R, "data"),
    items.LiveTold: _all(_R, "messages"),
    # What was asked and done
    items.IdempotencyRecord: _all(_U, "answer"),
    items.Operation: _all(_P, "result_id"),
    items.AuditEntry: _all(_U, "body"),
    items.Job: _all(_P, "owner_id created_by"),
    # A file of a list of staff: for a day, as the list was.
    items.ExportRun: _all(_E, "owner_id created_by parts query"),
    items.JobRequest: _all(_E, "operation_id"),
    items.PersonalExport: _all(_P, "owner_id created_by file_key"),
    # Entries of the list of customers.
    items.ListEntry: _all(Fate.FOLLOWS, "facts"),
    items.ListWord: _all(Fate.FOLLOWS, "facts texts"),
    items.Erasure: {**_all(_P, "owner_id created_by"), **_all(_O, "certificate")},
}

# Classes that hold no data of customers, though names of their attributes look as if they might.
OF_OTHERS: frozenset[type[Item]] = frozenset(
    {
        # Of staff, organizers, shops, ushers and readers.
        items.FirstAdmin,
        items.OrganizerProfile,
        items.MerchantSettings,
        items.EditRequest,
        items.Device,
        items.UsherPhones,
        items.Enrolment,
        items.StaffRevocation,
        items.AuditSeal,
        items.AuditSealHead,
        items.AuditVerification,
        items.StaffOwners,
        items.EventRevocation,
        # Of cards that nobody has.
        items.UnknownCard,
        items.CardBatch,
        items.CardBatchProblems,
        items.CardBatchRows,
        # Of organizations, which have no customers here.
        items.NumberSeries,
        items.TicketBucket,
        items.TicketTally,
        items.Organization,
        items.Member,
        items.NumberedTicket,
        items.NumberRange,
        items.SellerBatch,
        items.PrintRun,
        items.TicketClearing,
        # Of events and their sale.
        items.Event,
        items.Category,
        items.Listing,
        items.ListingEntry,
        items.KnownVenue,
        items.SalesTotals,
        items.Cancellation,
        # Written by ushers and staff about a gate; it belongs to no customer.
        items.Incident,
        # A number of all customers.
        items.PlatformCounts,
        items.NoticeRun,
        # Of the people of a campus, who are no customers (D-CAMPUS-08); their erasure is their own (D-CAMPUS-55).
        items.Campus,
        items.CampusProfile,
        items.CampusLogIn,
        items.CampusCard,
        items.StudentNumberClaim,
        items.CampusEvent,
        items.AttendanceDraft,
        items.AttendanceRecord,
        items.AttendanceVersion,
        items.AttendancePhoto,
        items.PictureBand,
        items.QrScan,
        items.RecentAttendance,
        # Of money of organizers.
        items.Invoice,
        items.Settlement,
        items.Payout,
        items.PayoutHold,
        items.TakenBack,
        items.OrganizerDebt,
    }
)
