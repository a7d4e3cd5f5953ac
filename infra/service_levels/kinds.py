"""The kinds of alarm: each has one page in docs/runbooks, and each alarm of the template is of one kind."""

from collections.abc import Mapping

# The page's name without its ending, and what an alarm of the kind reports.
KINDS: Mapping[str, str] = {
    # Service levels: alarms of a fast and a slow burn of the error budget.
    "scans-answered": "Scans are answered later than in 1 s, or with a fault: the error budget burns",
    "sales-answered": "Bookings and payments are answered later than in 3 s, or with a fault: the error budget burns",
    "log-behind": "Log and totals trail the gates by more than 5 s: the error budget burns",
    "codes-sent": "One-time codes are handed to SES or SNS later than in 30 s: the error budget burns",
    "payouts-paid": "A payout was not paid on its day",
    # What must never happen.
    "ledger-imbalance": "A journal of the ledger does not sum to zero",
    "double-admission": "A ticket let somebody in twice",
    "dead-letters": "A record, fact or message was given up and is a dead letter",
    "audit-log-broken": "The audit log has lost or changed entries",
    "settlement-given-up": "A charge could not be recorded; its money is owed back",
    "work-given-up": "Due work or a job failed for good and is set aside for staff",
    "payout-bounced": "A payout came back after it was paid",
    "provider-differs": "The provider's account and our journal differ",
    # Functions.
    "api-faults": "Callers of the API get 5xx",
    "function-errors": "A function raises or times out",
    "function-duration": "A function's duration is near its time-out",
    "concurrency": "A function, or the account, is near or at its concurrency",
    "schedule-silent": "A schedule's function has not succeeded for 15 minutes",
    "stream-silent": "A reader of the table's stream has not read for 15 minutes",
    "stream-delay": "A reader of the table's stream trails by minutes",
    "canary": "Calls of a release fail; a deployment in progress is rolled back",
    # Queues, rules, table, gateway.
    "queue-age": "The oldest message of a queue waits too long",
    "rule-failed": "EventBridge cannot call the target of a rule or schedule",
    "table-throttles": "The table or one of its indexes is throttled",
    "gateway-throttled": "The gateway's throttles refuse requests",
    # Messages and money.
    "mail-reputation": "Bounces or complaints endanger the account's sending of mail",
    "sms-spend": "The month's spend of SMS nears its limit",
    "sms-capped": "An hourly cap of SMS is reached",
    "sms-dropped": "SMS are dropped",
    "budget": "The month's cost nears its budget",
    # Attacks.
    "wrong-passwords": "Many wrong passwords of a portal",
    "second-factor": "A caller who knows a password of staff guesses at the second factor",
    "unauthenticated": "Many requests have no valid token",
    "token-reused": "Spent refresh tokens come back",
    "forbidden": "Callers try what their role does not allow",
    "foreign-things": "Callers ask for ids that are not theirs",
    "rate-limited": "Limits refuse many requests",
    "wrong-codes": "Many one-time codes are wrong",
    "bad-signatures": "Callbacks of the payment provider have no good signature",
    "staff-log-ins": "Staff log in unusually often",
    # Composite alarms.
    "pages": "A composite alarm pages: one or more alarms of gates, sales, back office or platform",
}


def runbook(kind: str) -> str:
    """Return the path of a kind's runbook in the repository. Raises KeyError if there is no such kind."""
    KINDS[kind]
    return f"docs/runbooks/{kind}.md"
