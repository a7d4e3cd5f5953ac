"""Every environment variable, read once, typed."""

import os
from dataclasses import dataclass, fields
from functools import lru_cache
from urllib.parse import urlsplit

LOCAL_ORIGINS = ",".join(f"http://localhost:{port}" for port in (8080, 8081, 8082, 8083, 8084, 5173, 3000))

# The platform's own country, its neighbours in the Gulf, and those with most of its people abroad.
PHONE_COUNTRIES = "PK,AE,BH,KW,OM,QA,SA,CA,DE,GB,US"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is done at once or kept; LIMIT_<NAME> changes one, as tests do."""

    # From one address: codes that anybody can ask for, in an hour; wrong codes by number, in a quarter of an hour;
    # registrations of organizations, in an hour.
    codes_asked_per_address: int = 300
    codes_per_address: int = 30
    registrations_per_address: int = 100
    # How many times its limit each budget of tries allows; more than one in local runs only.
    times: int = 1
    # Open reservations of one customer, and the seconds until they may book the event again after one ran out.
    open_reservations: int = 2
    reservation_pause_seconds: int = 300
    # Numbered tickets that are written or removed before the answer, and tickets in one file of a print run.
    numbers_at_once: int = 1000
    # What one organization may order: in a day, and as background jobs at the same time.
    numbers_a_day: int = 50_000
    print_runs_a_day: int = 20
    open_jobs: int = 5
    print_part: int = 1000
    # Drafts of events that one organizer creates in a day (UTC).
    drafts_a_day: int = 20
    # Seconds of one step of a print run; well within the worker's time-out of 120 s, including the part in progress.
    print_step_seconds: int = 50
    # How long a request verifies the audit log before a job goes on, in milliseconds.
    audit_verify_ms: int = 2000
    # Lines of a settlement that are answered at once, within the 6 MB of an answer (AWS: "Lambda quotas").
    settlement_lines: int = 20_000
    # Attendees of an event that one answer lists; more are written by a job.
    attendee_rows: int = 1_000
    # Customers of an event who are notified in one step of a run.
    notices_at_once: int = 100
    # Rows of the catalogue that one request reads: at a time, and in all.
    catalogue_chunk: int = 100
    catalogue_rows: int = 500
    # Live updates: messages that a follower may have missed, and sent messages that a channel remembers.
    live_missed: int = 1000
    live_marks: int = 100
    # Of one principal: requests in a minute (of a device apart), open sockets, tickets for sockets in a minute.
    requests: int = 600
    device_requests: int = 6000
    sockets: int = 10
    socket_tickets: int = 20
    # How soon an unknown key causes another read of a secret; the longest pause before a retry.
    secret_seconds: int = 30
    retry_pause_ms: int = 1000
    # What a campus report answers at once, within five seconds: rows, and people of a document. More is a job.
    report_rows: int = 500
    report_printed: int = 40
    # How long an answer may take: the table's, another service's, and a follower's socket.
    table_ms: int = 2000
    service_ms: int = 5000
    socket_ms: int = 700


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one deployed stage; the defaults let tests and tools import the app anywhere."""

    stage: str
    table_name: str
    table_stream_arn: str
    event_bus_name: str
    messages_queue_name: str
    alerts_queue_name: str
    secret_name: str
    earlier_secret: str | None
    cors_origins: frozenset[str]
    admin_origin: str
    mail_from: str
    alerts_mail_to: str
    public_url: str
    live_url: str
    files_bucket: str
    data_key_id: str
    payments_queue_name: str
    jobs_queue_name: str
    payment_provider: str
    payout_provider: str
    return_origins: frozenset[str]
    stripe_api_base: str | None
    currency: str
    fee_basis_points: int
    second_person_over: frozenset[tuple[str, int]]
    second_factor_roles: frozenset[str]
    books_close_after_days: int
    card_fee: int
    oldest_agent_version: str
    oldest_phone_version: str
    phone_region: str
    phone_countries: frozenset[str]
    sms_per_country: int
    sms_in_all: int
    answer_pace_seconds: float
    retention_days: frozenset[tuple[str, int]]
    log_level: str
    limits: Limits

    @property
    def base_path(self) -> str:
        """The path before every route's own: empty on a domain of our own, the stage's name at execute-api (AWS)."""
        return urlsplit(self.public_url).path.rstrip("/")


@lru_cache(maxsize=1)
def config() -> Config:
    """Return the settings; tests call `config.cache_clear()` after changing the environment."""
    env = os.environ.get
    return Config(
        stage=env("STAGE", "local"),
        table_name=env("TABLE_NAME", "gatehouse"),
        table_stream_arn=env(
            "TABLE_STREAM_ARN", "arn:aws:dynamodb:us-east-1:000000000000:table/gatehouse/stream/latest"
        ),
        event_bus_name=env("EVENT_BUS_NAME", "gatehouse"),
        messages_queue_name=env("MESSAGES_QUEUE_NAME", "gatehouse-messages"),
        alerts_queue_name=env("ALERTS_QUEUE_NAME", "gatehouse-alerts"),
        # The name of each secret, by its life; and the one secret of earlier releases, if this stage had it.
        secret_name=env("SECRET_NAME", "gatehouse/{life}"),
        earlier_secret=env("EARLIER_SECRET") or None,
        cors_origins=frozenset(o for o in env("CORS_ORIGINS", LOCAL_ORIGINS).split(",") if o),
        admin_origin=env("ADMIN_ORIGIN", "http://localhost:8081"),
        mail_from=env("MAIL_FROM", "gatehouse@example.com"),
        alerts_mail_to=env("ALERTS_MAIL_TO", "admin@example.com"),
        public_url=env("PUBLIC_URL", "http://localhost:8000"),
        # The URL of live updates; the management API of the sockets is on the same host.
        live_url=env("LIVE_URL", "ws://localhost:8000/live"),
        files_bucket=env("FILES_BUCKET", "gatehouse-files"),
        data_key_id=env("DATA_KEY_ID", "alias/gatehouse-data"),
        payments_queue_name=env("PAYMENTS_QUEUE_NAME", "gatehouse-payments"),
        jobs_queue_name=env("JOBS_QUEUE_NAME", "gatehouse-jobs"),
        payment_provider=env("PAYMENT_PROVIDER", "sandbox"),
        payout_provider=env("PAYOUT_PROVIDER", "sandbox"),
        # The origins that a payment's return_url may name; none besides the web app's own.
        return_origins=frozenset(o for o in (env("RETURN_ORIGINS") or env("CORS_ORIGINS", "")).split(",") if o),
        # Another address of the provider's API, for tests; None for its own.
        stripe_api_base=env("STRIPE_API_BASE") or None,
        # The currency of cards' balances and of fees.
        currency=env("CURRENCY", "PKR"),
        fee_basis_points=_number("FEE_BASIS_POINTS", "500"),
        # What one member of staff may pay out, give back or cancel alone: minor units by currency.
        second_person_over=_amounts("SECOND_PERSON_OVER", "PKR:10000000"),
        # The roles of staff that require a second factor, such as `super_admin,admin,finance`.
        second_factor_roles=frozenset(role.strip() for role in env("SECOND_FACTOR_ROLES", "").split(",") if role),
        # How many days after its end a month's books close.
        books_close_after_days=_number("BOOKS_CLOSE_AFTER_DAYS", "10"),
        # The fee of a new NFC card, in minor units of that currency.
        card_fee=_number("CARD_FEE", "50000"),
        # Reader agents and apps that are older are shown as not ready; empty for any version.
        oldest_agent_version=env("OLDEST_AGENT_VERSION", ""),
        oldest_phone_version=env("OLDEST_PHONE_VERSION", ""),
        phone_region=env("PHONE_REGION", "PK"),
        # The countries whose mobile numbers get SMS.
        phone_countries=frozenset(c for c in env("PHONE_COUNTRIES", PHONE_COUNTRIES).split(",") if c),
        # The SMS of an hour: to the numbers of one country, and in all.
        sms_per_country=_number("SMS_PER_COUNTRY", "10000"),
        sms_in_all=_number("SMS_IN_ALL", "20000"),
        # The step to which the duration of log-ins and codes is padded; 0 for none.
        answer_pace_seconds=_number("ANSWER_PACE_MS", "300") / 1000,
        # For how many days after an event each kind of evidence of attendance is kept, unless the event says so itself.
        retention_days=_amounts("CAMPUS_RETENTION_DAYS", "photos:30,signature:365,position:0,device:30"),
        log_level=env("LOG_LEVEL", "INFO"),
        limits=Limits(
            **{
                field.name: _number(name, "")
                for field in fields(Limits)
                if (name := f"LIMIT_{field.name.upper()}") in os.environ
            }
        ),
    )


def _number(name: str, default: str) -> int:
    """Return a whole number. Raises ValueError, which names the variable."""
    text = os.environ.get(name, default)
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{name}={text} is not a whole number") from None


def _amounts(name: str, default: str) -> frozenset[tuple[str, int]]:
    """Return pairs of a currency and an amount from a text such as `PKR:10000000,EUR:50000`."""
    text = os.environ.get(name, default)
    pairs = (pair.partition(":") for pair in text.split(",") if pair)
    try:
        return frozenset((currency.strip(), int(amount)) for currency, _, amount in pairs)
    except ValueError:
        raise ValueError(f"{name}={text} is not a list such as {default}") from None
