"""What each class of items is to a rebuild: what cannot be made again, and what is made of what.

A class that has no row here fails a test. The operators' commands read this table (infra/rebuild); no function does.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from chalicelib.table import items
from chalicelib.table.items import Item


class Family(StrEnum):
    """What a rebuild does with a class of items."""

    # Written by requests and jobs. It is what a backup is for.
    BASE = "base"
    # Made of other items by the stream, in whole. A rebuild deletes it and makes it again.
    PROJECTION = "projection"
    # Kept by the stream, with a history that its sources no longer have. A rebuild only brings it up to date.
    KEPT = "kept"
    # Of a moment: it ends by its time, and a restored one is of no use.
    PASSING = "passing"


class Row(Struct, frozen=True):
    """One class. `of` are its sources.

    `projected` are attributes that the stream keeps on an item whose others are base: marks and totals. A name that
    ends with "*" is the beginning of several. `volatile` names those that two right rebuilds may differ in.
    """

    family: Family
    of: tuple[type[Item], ...] = ()
    projected: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    why: str = ""


def _made(*of: type[Item], volatile: tuple[str, ...] = (), why: str = "") -> Row:
    return Row(Family.PROJECTION, of, volatile=volatile, why=why)


def _kept(*of: type[Item], why: str) -> Row:
    return Row(Family.KEPT, of, why=why)


def _base(*projected: str, of: tuple[type[Item], ...] = (), volatile: tuple[str, ...] = ()) -> Row:
    return Row(Family.BASE, of, projected, volatile)


_SPECIAL: Mapping[type[Item], Row] = {
    # Projections.
    items.AccountTotal: _made(items.Journal),
    items.AttendanceTotals: _made(
        *(items.CountedAttendance, items.CountedCampusEvent, items.CountedListing),
        volatile=("moved", "gsi2pk", "gsi2sk"),
    ),
    items.AttendeeWord: _made(items.Ticket),
    items.CategoryCount: _made(items.Event),
    items.CheckinDay: _made(items.Scan),
    items.ClearedMoney: _made(items.Journal),
    items.CompanyDay: _made(items.Journal),
    items.EventAttendanceTotals: _made(items.CountedAttendance, items.CountedCampusEvent),
    items.EventLine: _made(items.Journal),
    items.EventsOfRule: _made(items.CountedCampusEvent),
    items.ListEntry: _made(Item, why="of every class that a list declares"),
    items.ListWord: _made(Item, why="of every class that a list declares"),
    items.Listing: _made(items.Event, items.Category, items.Stock, volatile=("version", "due_tries", "due_failed_at")),
    items.ListingEntry: _made(items.Event, items.Category),
    items.LogPage: _made(items.Scan, why="which rows share a page depends on the batch"),
    items.OpenConflicts: _made(items.ConflictAddress),
    items.OrganizerDay: _made(items.Order, items.RefundRequest),
    items.PlatformSales: _made(items.Order, items.RefundRequest, items.Event),
    items.RecentAct: _made(items.AuditEntry),
    items.SalesTotals: _made(items.Order, items.RefundRequest),
    items.StudentCount: _made(items.CampusProfile),
    items.Visit: _made(items.Ticket, volatile=("gsi1sk",), why="the index has the event's end when it was written"),
    # Base items that carry marks or totals of the stream.
    items.CampusProfile: _base("counted_in"),
    items.Card: _base("counted_for", "counted_as"),
    items.ConflictAddress: _base("counted", "gsi1pk", "gsi1sk"),
    items.Counters: _base(
        *("sold_online", "admitted", "inside", "on_leave", "counted_sum", "scans", "result_*", "last_scan_at", "day"),
        *(f"h{hour:02}" for hour in range(24)),
        "gate_*",
        of=(items.Scan, items.Stock),
    ),
    items.CustomerTotals: _base(
        *("tickets_bought", "spent", "events_attended", "by_month", "by_category"),
        of=(items.Order, items.Payment, items.Visit),
        volatile=("version",),
    ),
    items.Event: _base("counted_for", "counted_as_shown"),
    items.Journal: _base("counted"),
    items.MerchantTotals: _base("stock", "held", "active", "blocked", "lost", "replaced", of=(items.Card,)),
    items.Order: _base("counted", "refund_counted", "sales_counted"),
    items.OrganizerTotals: _base(
        *("events", "shown", "tickets", "revenue", "refunded_tickets", "refunded"),
        of=(items.Event, items.Order, items.RefundRequest),
    ),
    # A day of the past is due at the moment at which it is scheduled.
    items.Reconciliation: _base(of=(items.Journal,), volatile=("gsi2pk", "gsi2sk")),
    items.RefundRequest: _base("sales_counted"),
    # Its row in the log is in the index or on a page.
    items.Scan: _base("counted", "projected", of=(items.Ticket,), volatile=("gsi1pk", "gsi1sk")),
    items.Ticket: _base("customer_labels", of=(items.Account,)),
    # What began in a period, such as registrations, is history: an account that is closed no longer says it.
    items.PlatformCounts: _base("check_ins", of=(items.Scan,)),
    # What began here cannot be computed from tickets that are gone: bits of deleted ones stay (D-TIX-02).
    items.BucketGroup: _base("scanned", of=(items.NumberedTicket,)),
    items.TicketBucket: _base(of=(items.NumberedTicket,)),
    items.TicketDay: _base("scanned", of=(items.NumberedTicket,)),
    items.TicketTally: _base("scanned", of=(items.NumberedTicket,)),
    # Kept by the stream, with more than their sources say.
    items.CountedAttendance: _kept(items.AttendanceRecord, why="an erased person's record no longer says what it was"),
    items.CountedCampusEvent: _kept(items.CampusEvent, why="as CountedAttendance"),
    items.CountedListing: _kept(items.RosterEntry, items.CampusEvent, why="totals are removed with their marks alone"),
    items.Dispute: _kept(items.Payment, why="it has the answers of staff"),
    items.FiguresOfAll: Row(Family.KEPT, (items.AttendanceTotals,), volatile=("version",), why="a version alone"),
    items.FlaggedAttendance: _kept(items.AttendanceRecord, why="written with the mark of its record"),
    items.LastPlace: _kept(items.AttendanceRecord, why="the place of an event, as it was then"),
    items.Leave: _kept(items.Ticket, why="it has what the usher noted"),
    items.Leftover: _kept(items.CardBalance, items.Payment, why="the day of the last movement, and who asked"),
    items.OfflineChanges: _kept(items.Ticket, items.Card, why="the order of changes; `make restore` ends all cursors"),
    items.OfflineFeed: _kept(items.Ticket, items.Card, why="as OfflineChanges"),
    items.OrganizerDebt: _kept(items.TakenBack, why="moved with its journal"),
    items.PayoutHold: _kept(items.Payment, why="staff may have released it"),
    items.ReceivedNumbers: _kept(items.Scan, why="it has numbers of records that were refused"),
    items.RecentAttendance: _kept(items.AttendanceRecord, why="gone after a day"),
    items.TakenBack: _kept(items.Payment, why="what was charged of it"),
}
_PASSING: tuple[type[Item], ...] = (
    items.AttendanceDraft,
    items.CancellationPreview,
    items.Challenge,
    items.EarlyCode,
    items.Enrolment,
    items.EventRevocation,
    items.IdempotencyRecord,
    items.JobRequest,
    items.Listener,
    items.LiveConnection,
    items.LiveCounters,
    items.LiveHead,
    items.LiveNews,
    items.LiveOf,
    items.LiveSockets,
    items.LiveTicket,
    items.LiveTold,
    items.LockOut,
    items.NewestChallenge,
    items.OpenAssignment,
    items.ScanReceipt,
    items.SentMessage,
    items.Session,
    items.StaffRevocation,
    items.Throttle,
    items.UsedAssertion,
)
_BASE: tuple[type[Item], ...] = (
    items.Account,
    items.Assignment,
    items.AttendanceAppeal,
    items.AttendancePhoto,
    items.AttendancePosition,
    items.AttendanceRecord,
    items.AttendanceRecount,
    items.AttendanceSignature,
    items.AttendanceVersion,
    items.AuditEntry,
    items.AuditHead,
    items.AuditSeal,
    items.AuditSealHead,
    items.AuditVerification,
    items.BatchLock,
    items.BatchPlace,
    items.BooksDue,
    items.Campus,
    items.CampusCard,
    items.CampusErasure,
    items.CampusEvent,
    items.CampusExport,
    items.CampusLogIn,
    items.CampusReport,
    items.CampusReportRun,
    items.Cancellation,
    items.CancellationRun,
    items.CardBalance,
    items.CardBatch,
    items.CardBatchProblems,
    items.CardBatchRows,
    items.CardClaim,
    items.CardEntry,
    items.CardPayBack,
    items.CardRequest,
    items.CardRequestOwner,
    items.Category,
    items.DataKey,
    items.Dependent,
    items.Deposit,
    items.Device,
    items.Difference,
    items.EditRequest,
    items.Erasure,
    items.EvidenceErasure,
    items.EvidenceTrace,
    items.Expense,
    items.ExportRun,
    items.Favorite,
    items.FirstAdmin,
    items.Gift,
    items.Incident,
    items.Invoice,
    items.InvoiceSeries,
    items.Job,
    items.KnownVenue,
    items.Login,
    items.Member,
    items.MerchantDay,
    items.MerchantSettings,
    items.NewestCardClaim,
    items.NoticeRun,
    items.NumberRange,
    items.NumberSeries,
    items.NumberedTicket,
    items.OfflineBase,
    items.OfflineBuild,
    items.OfflineEvent,
    items.OpenCardRequest,
    items.OpenPayment,
    items.Operation,
    items.Organization,
    items.OrganizerProfile,
    items.PartnerAccount,
    items.Payment,
    items.Payout,
    items.PendingEdits,
    items.PersonalExport,
    items.PhotoCheck,
    items.PictureBand,
    items.PictureKeeper,
    items.PrintRun,
    items.Profile,
    items.ProfitShares,
    items.ProviderEvent,
    items.QrScan,
    items.RangePlace,
    items.RefundAddress,
    items.RosterEntry,
    items.SandboxBank,
    items.SandboxCharge,
    items.SandboxDispute,
    items.SandboxFunds,
    items.SandboxPayout,
    items.SandboxRefund,
    items.SavedMethod,
    items.Seats,
    items.SeenMoney,
    items.SellerBatch,
    items.Settlement,
    items.SettlementFile,
    items.StaffOwners,
    items.Stock,
    items.StudentNumberClaim,
    items.SweepMark,
    items.Ticket,
    items.TicketClearing,
    items.UnknownCard,
    items.UsherPhones,
    items.Withdrawal,
)

FAMILIES: Mapping[type[Item], Row] = {
    **dict.fromkeys(_BASE, Row(Family.BASE)),
    **dict.fromkeys(_PASSING, Row(Family.PASSING)),
    **_SPECIAL,
}


def kind_of(cls: type[Item]) -> str:
    """Return the kind of a class of items, as the table stores it."""
    return str(cls.kind.get_discriminator(cls))


OF_KIND: Mapping[str, type[Item]] = {kind_of(cls): cls for cls in FAMILIES}
