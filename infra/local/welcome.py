"""What a local run prints when it is ready: its addresses, and the log-ins of the demo data."""

from chalicelib.schemas.examples import demo
from infra import pages
from infra.local.demo import demo_passwords
from infra.local.resources import Cloud
from infra.local.runner import Options

_PAGES = (
    ("gate", "gate", "scan: ushers"),
    ("board", f"board/{demo.EVENT_ID}", "who is inside: a screen at the venue"),
    ("organizer", "organizer", "events, sales, payouts"),
    ("merchant", "merchant", "hand out cards"),
    ("staff", "staff", "the platform's own people"),
    ("tix", "tix", "small organizations"),
    ("campus", "campus", "teachers and students"),
    ("desk", "_local/", "this run: outbox, log-ins, usage"),
)


def tables(options: Options, cloud: Cloud) -> str:
    """Return the addresses and the log-ins, and how to get the code of a log-in."""
    url = f"http://localhost:{options.port}"
    lines = [*_console(url), "", *_aligned(_addresses(options, cloud, url)), "", *_aligned(_log_ins(options))]
    if options.demo:
        number = demo.CUSTOMER_NUMBER.removeprefix("+")
        lines += ["", f"  codes: curl '{url}/_local/outbox/?to={number}' (the newest message is the first)"]
    return "\n".join(lines)


def _console(url: str) -> list[str]:
    if not (pages.BUILT / "pages.json").exists():
        return ["  no console: it needs Node 20 and npm's registry once (make console); the API runs without it"]
    rows = [("shop", f"{url}/", "buy, tickets, cards: customers")]
    rows += [(name, f"{url}/{path}", whom) for name, path, whom in _PAGES]
    return _aligned(list(rows))


def _addresses(options: Options, cloud: Cloud, url: str) -> list[tuple[str, ...]]:
    engine = "DynamoDB Local" if options.on_dynamodb_local else "MiniStack"
    return [
        ("API", f"{url}/api/"),
        ("docs page", f"{url}/api/docs"),
        ("OpenAPI", f"{url}/api/openapi.json"),
        ("live", f"ws://localhost:{options.port}/live", "tickets: POST /api/realtime/ticket/"),
        ("outbox", f"{url}/_local/outbox/", "mail and SMS that were sent"),
        ("usage", f"{url}/_local/usage/", "DynamoDB units per route"),
        ("limits", f"{url}/_local/limits/", "DELETE clears all rate limits"),
        ("status", f"{url}/health/"),
        ("cloud", cloud.url),
        ("table", cloud.table_url, engine),
        ("data", str(options.data) if options.data else "deleted at the end (DATA=folder keeps it)"),
    ]


def _log_ins(options: Options) -> list[tuple[str, ...]]:
    rows = [("super admin", demo.ADMIN_EMAIL, demo_passwords.ADMIN)]
    if not options.demo:
        return list(rows)
    return [
        *rows,
        ("organizer", demo.ORGANIZER_NUMBER, demo_passwords.ORGANIZER, "and a code"),
        ("merchant", demo.MERCHANT_NUMBER, demo_passwords.MERCHANT, "and a code"),
        ("customer", demo.CUSTOMER_NUMBER, demo_passwords.CUSTOMER, "and a code"),
        ("usher", demo.USHER_USERNAME, demo_passwords.USHER, f"at event {demo.EVENT_ID}"),
        ("tix admin", demo.TIX_EMAIL, demo_passwords.TIX),
        ("campus admin", demo.CAMPUS_ADMIN_EMAIL, demo_passwords.CAMPUS),
        ("campus teacher", demo.CAMPUS_TEACHER_EMAIL, demo_passwords.CAMPUS, "role organizer"),
        ("campus student", demo.STUDENT_EMAIL, demo_passwords.CAMPUS, f"and {len(demo.MORE_STUDENTS)} more"),
        ("card", demo.CARD_UID, "", f"a valid VIP ticket for {demo.EVENT_ID}"),
    ]


def demo_facts(*, has_demo: bool) -> dict[str, list[dict[str, str]]]:
    """Return what the local desk offers: log-ins, each with its portal, and cards to tap at a simulated gate."""
    return {"accounts": _accounts(), "cards": _cards()} if has_demo else {"accounts": _accounts()[:1], "cards": []}


def _accounts() -> list[dict[str, str]]:
    rows = [
        ("admin", "admin", demo.ADMIN_EMAIL, demo_passwords.ADMIN),
        ("webapp", "customer", demo.CUSTOMER_NUMBER, demo_passwords.CUSTOMER),
        ("organizer", "organizer", demo.ORGANIZER_NUMBER, demo_passwords.ORGANIZER),
        ("merchant", "merchant", demo.MERCHANT_NUMBER, demo_passwords.MERCHANT),
        ("usher", "usher", demo.USHER_USERNAME, demo_passwords.USHER),
        ("tix", "tix", demo.TIX_EMAIL, demo_passwords.TIX),
        ("campus", "campus_admin", demo.CAMPUS_ADMIN_EMAIL, demo_passwords.CAMPUS),
        ("campus", "campus_teacher", demo.CAMPUS_TEACHER_EMAIL, demo_passwords.CAMPUS),
        ("campus", "campus_student", demo.STUDENT_EMAIL, demo_passwords.CAMPUS),
    ]
    event = {"usher": {"event_id": demo.EVENT_ID}}
    return [
        {"portal": portal, "role": role, "name": name, "password": password, **event.get(portal, {})}
        for portal, role, name, password in rows
    ]


def _cards() -> list[dict[str, str]]:
    return [{"uid": demo.CARD_UID, "of": demo.HOLDER.name}, {"uid": demo.FAMILY_UID, "of": demo.FAMILY[0].name}]


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    columns = max(len(row) for row in rows)
    full = [(*row, *([""] * (columns - len(row)))) for row in rows]
    # A long last cell must not widen the column for all rows.
    widths = [max(len(row[column]) for row in full if any(row[column + 1 :])) for column in range(columns - 1)]
    cells = [[cell.ljust(width) for cell, width in zip(row, widths, strict=False)] + [row[-1]] for row in full]
    return [f"  {'  '.join(row)}".rstrip() for row in cells]
