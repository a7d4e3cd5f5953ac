"""What the demo data of a local run is made of. The examples show it, and infra/local/demo loads it."""

from msgspec import Struct

CURRENCY = "PKR"
TIMEZONE = "Asia/Karachi"

# Log-ins
ADMIN_EMAIL, ADMIN_NAME = "admin@example.com", "Nida Raza"
CUSTOMER_NUMBER, CUSTOMER_NAME = "+923001000003", "Ayesha Khan"
# The customer's brother, with the same password.
RELATIVE_NUMBER, RELATIVE_NAME = "+923001000004", "Bilal Ahmed"
ORGANIZER_NUMBER, ORGANIZER_NAME = "+923001000001", "Lahore Live"
MERCHANT_NUMBER, MERCHANT_NAME = "+923001000002", "Liberty Books"
TIX_EMAIL, TIX_NAME = "owner@tix.example.com", "Imran Sheikh"
USHER_USERNAME, USHER_NAME = "usher1", "Kamran Aziz"

# People and firms that an example adds
NEW_CUSTOMER_NUMBER, NEW_CUSTOMER_NAME = "+923001000010", "Nadia Iqbal"
NEW_ADMIN_EMAIL, NEW_ADMIN_NAME = "ada@example.com", "Ada"
NEW_MERCHANT_NUMBER = "+923001000052"
NEW_ORGANIZER_NUMBER, NEW_ORGANIZER_EMAIL, NEW_ORGANIZER_NAME = "+923001000047", "nights@example.com", "Multan Nights"
NEW_TIX_EMAIL, NEW_TIX_NAME, NEW_ORGANIZATION = "sana@tix.example.com", "Sana Malik", "City Run"
# A card that no reader of the demo has seen
NEW_CARD_UID = "04A1B2C3D4E580"
# In place of every password: those of a local run are not deployed.
PASSWORD = "your own password"  # noqa: S105  # an example
NEW_PASSWORD = "a longer and better one"  # noqa: S105  # an example

# The campus, its staff and the student whom the examples are about
CAMPUS_ID, CAMPUS = "cam_demo", "City Campus"
CAMPUS_ADMIN_ID, CAMPUS_ADMIN_EMAIL = "usr_demo_admin", "admin@campus.example.com"
CAMPUS_TEACHER_ID, CAMPUS_TEACHER_EMAIL = "usr_demo_teacher", "teacher@campus.example.com"
STUDENT_ID, STUDENT_EMAIL, STUDENT_USERNAME = "usr_demo_student", "student@campus.example.com", "hina.tariq"
STUDENT_FIRST_NAME, STUDENT_LAST_NAME, STUDENT_NUMBER = "Hina", "Tariq", "PHY-26-001"
CAMPUS_EVENT_ID, CAMPUS_EVENT_TITLE = "cev_demo", "Quantum mechanics I"
DEPARTMENT, OTHER_DEPARTMENT, YEAR_LEVEL, NEW_YEAR_LEVEL = "Physics", "Computer Science", "2", "3"
CAMPUS_HALL, CAMPUS_LATITUDE, CAMPUS_LONGITUDE, CAMPUS_RADIUS = "Hall 1", 31.5204, 74.3587, 100
NEW_STUDENT_EMAIL, NEW_STUDENT_USERNAME = "omar@campus.example.com", "omar"
NEW_STUDENT_NUMBER, NEW_STUDENT_CARD = "PHY-26-099", "04E1B2C3D4E580"
# Twelve students more, six of each department, each with its last name as the user name.
MORE_STUDENTS = (
    ("Adeel", "Anwar"),
    ("Bushra", "Bashir"),
    ("Danish", "Durrani"),
    ("Erum", "Elahi"),
    ("Farhan", "Farooq"),
    ("Ghazala", "Gul"),
    ("Haris", "Hameed"),
    ("Iqra", "Ilyas"),
    ("Junaid", "Jamil"),
    ("Kiran", "Kazmi"),
    ("Laiba", "Latif"),
    ("Mubashir", "Mirza"),
)
# The students of the department, who are listed at the campus event.
CAMPUS_ROSTER = (STUDENT_NUMBER, *(f"PHY-26-{number:03}" for number in range(2, 2 + len(MORE_STUDENTS) // 2)))


class Tier(Struct, frozen=True):
    """A ticket category: its price in minor units, and how many tickets it has."""

    name: str
    price: int
    capacity: int


class Guest(Struct, frozen=True):
    """A guest of the demo event with a ticket of their own."""

    ticket_id: str
    name: str
    tier: str
    number: str
    labels: tuple[str, ...] = ()


class Venue(Struct, frozen=True):
    """Where an event is held."""

    name: str
    city: str


def ticket_id(place: int) -> str:
    """Return the id of a ticket of the demo event."""
    return f"tkt_01JDEM0000000000000000000{place}"


def _guest(place: int, name: str, tier: str, *labels: str) -> Guest:
    return Guest(ticket_id(place), name, tier, f"DEMO-{place:06}", labels)


# The demo event
EVENT_ID, EVENT_TITLE = "evt_demo", "Gatehouse Demo Night"
EVENT_DESCRIPTION, EVENT_CATEGORY = "One evening, one admission each.", "music"
EVENT_VENUE = Venue("Alhamra Arts Centre", "Lahore")
GATES = ("Gate 1", "Gate 2")
STANDARD, VIP, CHILD = Tier("Standard", 150_000, 500), Tier("VIP", 500_000, 100), Tier("Child", 50_000, 200)
TIERS = (STANDARD, VIP, CHILD)
CARD_UID, FAMILY_UID = "04A1B2C3D4E5F6", "04B1B2C3D4E5F6"
HOLDER = _guest(1, CUSTOMER_NAME, VIP.name, "vip")
FAMILY = (
    _guest(2, "Bilal Ahmed", STANDARD.name),
    _guest(3, "Sara Ahmed", CHILD.name),
    _guest(4, "Omar Ahmed", CHILD.name),
)
OTHERS = (_guest(5, "Zoë Müller", STANDARD.name), _guest(6, "Hamza Siddiqui", STANDARD.name))

# The event a week later
MATINEE_ID, MATINEE_TITLE = "evt_demo_matinee", "Gatehouse Matinée"
MATINEE_DESCRIPTION, MATINEE_CATEGORY = "An afternoon for the whole family.", "family"
# A draft of the demo organizer, at a venue that the platform knows.
DRAFT_ID, DRAFT_TITLE = "evt_demo_draft", "Gatehouse Open Air"
DRAFT_DESCRIPTION, DRAFT_CATEGORY = "An evening under the trees.", "music"
KNOWN_VENUE_ID, KNOWN_VENUE = "ven_demo_garden", Venue("Bagh-e-Jinnah", "Lahore")
MATINEE_VENUE = Venue("National Academy of Performing Arts", "Karachi")

# The event that is over
PAST_EVENT_ID, PAST_EVENT_TITLE = "evt_demo_over", "Gatehouse Opening Night"
PAST_EVENT_DESCRIPTION, PAST_EVENT_CATEGORY = "It is over; its books are closed.", "theatre"
STALLS, BALCONY = Tier("Stalls", 250_000, 200), Tier("Balcony", 120_000, 200)

# The shop, the customer's card and the organization
STOCK_COUNT = 12
BALANCE = 1_000_000
CARD_FEE = 50_000
# The batch of a seller: the last numbers of the sheet, and the price of a ticket in minor units.
SELLER, BATCH_FIRST, BATCH_PRICE = "Bilal", 21, 50_000
ORGANIZATION, PREFIX, SHEET_COUNT, SCANNED_COUNT = "Lahore Marathon", "RUN", 24, 3


def category_id(event_id: str, tier: Tier) -> str:
    """Return the id of a ticket category of a demo event."""
    return f"cat_{event_id.removeprefix('evt_')}_{tier.name.lower()}"


def stock_uid(place: int) -> str:
    """Return the UID of a card that the demo shop has in stock."""
    return f"04D0{place:010X}"


def numbered(place: int) -> str:
    """Return the number of one of the organization's tickets, as it is printed."""
    return f"{PREFIX}-{place:06}"


def money(minor_units: int) -> dict[str, str]:
    """Return an amount as the wire writes it."""
    sign, whole = "-" if minor_units < 0 else "", abs(minor_units)
    return {"amount": f"{sign}{whole // 100}.{whole % 100:02}", "currency": CURRENCY}
