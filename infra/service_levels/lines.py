"""Log lines that are counted: as metrics of dashboards, and with alarms for what must never happen.

The metrics are of the namespace `Gatehouse/lines-<stage>`. A filter reads one log group, so a line that several
functions write has several filters of one metric.
"""

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.events import listings
from chalicelib.domain.gate import projection
from chalicelib.domain.ledger import account_totals
from chalicelib.domain.payouts import paying
from infra.service_levels import alarms
from infra.service_levels.alarms import Area, Bound, Metric, Resource, Subject

NAMESPACE = {"Fn::Sub": "Gatehouse/lines-${Stage}"}


@dataclass(frozen=True, slots=True)
class Counted:
    """A line by its message, and by a field's value where one is given; the log groups that may have it."""

    metric: str
    message: str
    logs: tuple[str, ...]
    also: str = ""
    # What each line adds to the metric: a number, or the field that has it.
    value: str = "1"

    @property
    def pattern(self) -> str:
        """The pattern of its filters."""
        more = f" && {self.also}" if self.also else ""
        return f'{{ $.message = "{self.message}"{more} }}'

    def measured(self) -> Metric:
        """Return its metric."""
        return Metric(NAMESPACE, self.metric, {})


@dataclass(frozen=True, slots=True)
class Never:
    """A line that must never be written, or whose every appearance needs a person: one is an alarm."""

    alarm: str
    subject: Subject
    says: str
    counted: tuple[Counted, ...]


_EVERYWHERE = ("ApiLog", "PaymentsLog", "SweepLog", "JobsLog")
NEVER = (
    Never(
        "LedgerImbalanceAlarm",
        Subject("ledger-imbalance", Area.SALES, pages=True),
        "A stored journal of the ledger does not sum to zero",
        (Counted("LedgerImbalances", account_totals.IMBALANCE, ("StreamLog",)),),
    ),
    Never(
        "DoubleAdmissionAlarm",
        Subject("double-admission", Area.GATES, pages=True),
        "A ticket admitted twice without an exit between",
        (Counted("DoubleAdmissions", projection.DOUBLE, ("StreamLog",)),),
    ),
    Never(
        "AuditLogBrokenAlarm",
        Subject("audit-log-broken", Area.PLATFORM, pages=True),
        "The audit log has lost or changed entries",
        (
            Counted("AuditBreaks", "audit log has lost entries", ("SealAuditLogLog",)),
            Counted("AuditBreaks", "audit log is broken", ("ApiLog", "JobsLog")),
        ),
    ),
    Never(
        "SettlementGivenUpAlarm",
        Subject("settlement-given-up", Area.SALES),
        "A charge could not be recorded and is owed back",
        (Counted("SettlementsGivenUp", "settlement given up", ("ApiLog", "PaymentsLog", "SweepLog")),),
    ),
    Never(
        "WorkGivenUpAlarm",
        Subject("work-given-up", Area.BACK_OFFICE),
        "Due work or a job failed for good and is set aside for staff",
        (Counted("WorkGivenUp", "work given up", ("SweepLog",)),),
    ),
    Never(
        "PayoutBouncedAlarm",
        Subject("payout-bounced", Area.BACK_OFFICE),
        "A payout came back after it was paid",
        (Counted("PayoutsBounced", "payout bounced", ("SweepLog",)),),
    ),
    Never(
        "ProviderDiffersAlarm",
        Subject("provider-differs", Area.BACK_OFFICE),
        "The provider's account and our journal differ",
        (Counted("ProviderDifferences", "provider and journal differ", _EVERYWHERE),),
    ),
)
# The service level that has no budget to burn: a payout that is late is an alarm. The sweep looks once an hour.
PAYOUTS_PAID = "payouts"
NOT_PAID = (
    Counted("PayoutsNotPaid", paying.OVERDUE, ("SweepLog",)),
    Counted("PayoutsNotPaid", paying.SENT, ("SweepLog", "PaymentsLog"), also='$.result = "failed"'),
)
# For dashboards only.
SHOWN = (
    Counted("PayoutsSent", paying.SENT, ("SweepLog", "PaymentsLog"), also='$.result != "failed"'),
    Counted("JobSteps", "job step", ("JobsLog",)),
    Counted("SilentReaders", "readers fell silent", ("WatchDevicesLog",)),
    Counted("SoldOut", "request", ("ApiLog",), also='$.code = "SOLD_OUT"'),
    # No dimension by event: each would be a metric of its own. The line names the event.
    Counted("StockLeft", listings.STOCK_LEFT, ("StreamLog",), value="$.left_percent"),
)


def all_counted() -> list[Counted]:
    """Return all lines that are counted."""
    return [*(each for never in NEVER for each in never.counted), *NOT_PAID, *SHOWN]


def expand() -> dict[str, Resource]:
    """Return the filters and their alarms."""
    made: dict[str, Resource] = {}
    for counted in all_counted():
        for log in counted.logs:
            words = "".join(word.capitalize() for word in counted.message.split())
            made[f"{log.removesuffix('Log')}{words}{counted.metric}"] = _filter(counted, log)
    for never in NEVER:
        bound = Bound(0, period=60)
        made[never.alarm] = alarms.of_metric(never.subject, never.counted[0].measured(), bound, says=never.says)
    # A payout that stays late is seen once an hour, so the alarm lasts two.
    made["PayoutsOverdueAlarm"] = alarms.of_metric(
        Subject("payouts-paid", Area.BACK_OFFICE, pages=True, level=PAYOUTS_PAID),
        NOT_PAID[0].measured(),
        Bound(0, period=3600, of=2),
        says="A payout was not accepted by its provider on its day, or failed",
    )
    return made


def _filter(counted: Counted, log: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": log},
            "FilterPattern": counted.pattern,
            "MetricTransformations": [
                {"MetricNamespace": NAMESPACE, "MetricName": counted.metric, "MetricValue": counted.value},
            ],
        },
    }
