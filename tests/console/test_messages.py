"""The console's messages and styles, read as text: both languages say the same, and layouts follow the direction."""

import ast
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import product
from pathlib import Path

import pytest

import infra.local.agents  # noqa: F401  # declares the refusals of the local desk
from chalicelib import time_zones
from chalicelib.domain.campus.analytics import anomalies
from chalicelib.domain.campus.attendance import judgement_words
from chalicelib.domain.campus.evidence import flag_messages
from chalicelib.domain.events import deeds
from chalicelib.portals.openapi import refusals
from chalicelib.schemas import messages as platform
from chalicelib.vocabulary.campus import EvidenceFactor, EvidenceFlag, VerificationStatus
from infra import pages
from infra.pages import SOURCE

_SRC = SOURCE / "src"
FOLDERS = sorted(path.parent for path in _SRC.rglob("messages.en.json"))
STYLES = sorted(_SRC.rglob("*.css"))
CODE = SOURCE.parent / "chalicelib"
# What the platform says, in both languages: by code, and by sentence.
SAID = {
    language: json.loads((_SRC / "ui" / f"said.{language}.json").read_text(encoding="utf-8"))
    for language in ("en", "ur")
}
# How a route names its act for the audit log, and a worker its own.
_ACT = re.compile(r'(?:\baudited=|\bAct\(\s*action=)"([\w.]+)"')
# One of each sentence that depends on a bound.
_BOUNDS = {
    "ge": 3,
    "le": 9,
    "lt": 7,
    "min_length": 4,
    "max_length": 40,
    "expected": "'a' or 'b'",
    "pattern": "",
    "error": "",
}
# What the platform says of a field that no page sends, but a program: left in English.
_TO_PROGRAMS = {
    "belongs to create and assign_merchant, not to 9",
    "goes with `correct`, and only with it",
    "is a field of 9 only",
    "is another one than at log-in; log in with it",
    "is missing; or send content_type",
    "is required where it was not sent with log-in",
    "is required with a `code`",
    "is required, or `submission_id`",
    "has a circle without numbers",
    "has coordinates out of range",
    "is not a query parameter here",
    "must be UTF-8, except for its files",
    "must be a form as RFC 7578 describes it",
    "must be a well-formed SVG",
    "must be an Ed25519 public key of full order",
    "must be an Ed25519 public key: its 32 raw bytes in base64url",
    "must be an SVG of paths alone",
    "must be an SVG without document type, entities and comments",
    "must be base64 where it is a data URL",
    "must be base64 without line breaks after its comma",
    "must end with the form's last boundary",
    "must have at most 9 printable ASCII characters",
    "must have at most 9 parts",
    "must not have a number beyond 1.8e308",
    "must not have the field 9 twice",
    "names one organizer; read the list, or export it without",
    "narrows the list; a file has every line of its event",
    "this list takes 9",
}
# Texts that begin as words about a field do, and are said to nobody, or within another sentence.
_NOT_SAID = {
    "must be 9",
    "must be a number of a country that the platform serves",
    "must be a phone number",
    "must be a phone number that exists",
    "must be a phone number without letters or extension",
    "must be above zero, 9",
    "must be spelled as the contract says",
    "must be the number of a mobile phone",
    "must have at least 9",
    "must have at most 9",
    "must not be later than date_to, 9",
    "name message",
    "nobody to notify of a decision",
}
# How words about a field begin: they continue its name.
_OF_FIELD_WORDS = re.compile(
    r"`?(?:must|is|has|was|needs|names?|goes|belongs|cannot|leaves|send|contesting|only"
    r"|needed|nobody|several|before|the payment|the code|the range|with this|a count)\b`?:? "
)
_DESCRIBED = {"description", "summary", "title"}
# Words of a schema's check that stand in a module of their own.
_IMPORTED = {"time_zones.UNKNOWN": time_zones.UNKNOWN, "messages.PERCENTAGE": platform.PERCENTAGE}
# Functions that make the problem of a field of their words.
_OF_A_FIELD = {"_problem", "_invalid", "of_field", "EventProblem"}
# Functions that close a payment with a reason.
_OF_A_PAYMENT = {"_close_all", "_ended", "refused", "cancelled"}
# `t("…")`, and the beginning of a key that ends with a value: `t(`ui.scheme.${each}`)`, `word("result", …)`.
_KEY = re.compile(r"""\bt\(\s*["']([\w.]+)["']""")
_CHOSEN = re.compile(r"""\bt\((?:[^()`"']|\([^()]*\))*\?\s*["']([\w.]+)["']\s*:\s*["']([\w.]+)["']""")
_BEGUN = re.compile(r"\bt\(\s*`([\w.]+?)\.?\$\{")
_PLACE = re.compile(r"\{(\w+)\}")
_LATIN = re.compile(r"[A-Za-z][A-Za-z'-]*")
# Names and abbreviations that Urdu writes in Latin letters.
_BORROWED = {
    *("api", "apple", "aws", "bic", "chrome", "csv", "dynamodb", "edge", "english", "excel", "fi", "gatehouse"),
    *("gmail", "google", "gps", "iban", "ics", "id", "ids", "jpeg", "jpg", "json", "kb", "login", "mb", "nfc"),
    *("otp", "pdf", "pin", "pkr", "png", "qr", "safari", "sms", "stripe", "swift", "tix", "totp", "uid", "url"),
    *("utc", "vip", "webp", "wi", "xlsx", "zip"),
}
# A number and the plural after it: "1 scans". Verbs after a name or an amount are none.
_PLURAL = re.compile(r"\{(\w+)\}(?: of \{\w+\})? (people|[a-z]+s)\b")
_VERBS = {"is", "was", "has", "as"}
# Numbers that are never one, by their keys.
_ALWAYS_MANY = {"campus.last_days", "campus.trends.what", "local.gates.full"}
_PHYSICAL = re.compile(
    r"(?:^|[;{\s])((?:margin|padding|border)-(?:left|right)[\w-]*|left|right|(?:min-|max-)?(?:width|height)"
    r"|border-(?:top|bottom)-(?:left|right)-radius)\s*:|(?:text-align|float|clear)\s*:\s*(?:left|right)\b"
)
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|oklch|oklab|lab|lch)\(|:\s*(?:white|black|red|green)\b")
# Secrets, codes, files and searches are not kept; these forms are not behind a log-in, or for one short number.
_NOT_KEPT = re.compile(r'password|\bcode\b|\botp\b|\btotp\b|\bconfirm\b|type="(?:file|search)"')
_IN_PLACE = {"login.tsx", "access.tsx", "forgotten.tsx", "check.tsx", "upkeep.tsx", "scan.tsx"}


@lru_cache
def messages(folder: Path, language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / f"messages.{language}.json").read_text(encoding="utf-8"))
    return found


def sources(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted([*folder.rglob("*.tsx"), *folder.rglob("*.ts")]):
        if path.name != "schema.ts":
            yield path, path.read_text(encoding="utf-8")


def named(folder: Path) -> str:
    return folder.relative_to(_SRC).as_posix()


# These read files, and start no browser.
pytestmark = pytest.mark.each_run


def test_each_page_has_messages() -> None:
    assert {page.name for page in pages.pages()} | {"ui"} == {named(folder) for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_both_languages_have_the_same_keys_and_values_in_them(folder: Path) -> None:
    english, urdu = messages(folder, "en"), messages(folder, "ur")
    assert english.keys() == urdu.keys()
    places = {key: (sorted(_PLACE.findall(english[key])), sorted(_PLACE.findall(urdu[key]))) for key in english}
    assert not {key: found for key, found in places.items() if set(found[0]) != set(found[1])}
    assert not [key for key in english if bool(english[key].strip()) != bool(urdu[key].strip())]


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_no_message_speaks_of_one_in_the_plural(folder: Path) -> None:
    """A noun comes before its number ("Tickets made: 1"), or a message of its own says one (`….one`)."""
    english = messages(folder, "en")
    wrong = {
        key: text
        for key, text in english.items()
        if f"{key}.one" not in english and key not in _ALWAYS_MANY
        for _, noun in _PLURAL.findall(text)
        if noun not in _VERBS
    }
    assert not wrong


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_each_key_of_the_source_has_a_message(folder: Path) -> None:
    known = {**messages(_SRC / "ui", "en"), **messages(folder, "en")}
    missing = []
    for path, text in sources(folder):
        used = set(_KEY.findall(text)) | {key for pair in _CHOSEN.findall(text) for key in pair}
        missing += [f"{path.name}: {key}" for key in sorted(used) if key not in known]
        for begun in _BEGUN.findall(text):
            if not any(key.startswith(begun) for key in known):
                missing.append(f"{path.name}: {begun}…")
    assert not missing


def test_each_value_of_a_filter_of_staff_has_words() -> None:
    folder = _SRC / "staff"
    known = messages(folder, "en")
    values = {
        (path.name, value)
        for path, text in sources(folder)
        for found in re.findall(r"\bvalues: \[(.*?)\]", text)
        for value in re.findall(r'"(\w+)"', found)
    }
    assert len(values) > 60
    assert sorted(each for each in values if f"staff.state.{each[1]}" not in known) == []


def said_sentences() -> Iterator[str]:
    """Go through what the platform says of a field by its table; `value_error` has the words of its check."""
    for kind in platform.TABLE:
        if kind not in ("value_error", "number_type", "number_country", "string_pattern_mismatch"):
            yield platform.sentence(kind, _BOUNDS)
    yield from platform.PATTERNS.values()
    for bounds in ({"min_length": 1}, {"max_length": 1}, {"ge": "2026-01-01"}, {"lt": "2026-01-01"}):
        for kind in ("string_too_short", "string_too_long", "too_short", "too_long", "greater_than_equal", "less_than"):
            with suppress(KeyError):
                yield platform.sentence(kind, bounds)


def test_each_act_of_the_audit_log_has_words() -> None:
    acts = {act for path in CODE.rglob("*.py") for act in _ACT.findall(path.read_text(encoding="utf-8"))}
    assert len(acts) > 40
    known = messages(_SRC / "staff", "en")
    assert sorted(act for act in acts if f"staff.act.{act}" not in known) == []


def test_what_the_platform_says_is_known_in_both_languages() -> None:
    english, urdu = SAID["en"], SAID["ur"]
    assert english.keys() == urdu.keys()
    # A sentence in Urdu may say less, such as which of several attempts were too many.
    assert not [key for key, text in english.items() if not {*_PLACE.findall(urdu[key])} <= {*_PLACE.findall(text)}]
    assert [code for code in refusals.codes() if f"refusal.{code}" not in english] == []
    known = [re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(text))) for text in english.values()]
    sentences = set(said_sentences())
    assert len(sentences) > 40
    assert sorted(each for each in sentences if not any(pattern.fullmatch(each) for pattern in known)) == []


def field_sentences() -> Iterator[str]:
    """Go through the sentences about a field in the platform's own code, with 9 for each value in them."""
    for path in sorted(CODE.rglob("*.py")):
        if "examples" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found: list[ast.expr] = []
            if isinstance(node, ast.Dict):
                named = {
                    key.value: value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant)
                }
                found = [named["message"]] if {"field", "message"} <= named.keys() else []
            elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in _OF_A_FIELD:
                found = node.args
            elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
                found = node.value.elts
            elif isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["message"]:
                found = [node.value]
            for each in found:
                yield from words_of(each)


def words_of(node: ast.expr) -> Iterator[str]:
    """Yield the sentences of an expression that begin with a small letter: of a field, not of the request."""
    match node:
        case ast.IfExp():
            yield from words_of(node.body)
            yield from words_of(node.orelse)
        case _:
            text = text_of(node) or ""
            if " " in text and (text[0].islower() or text[0] == "`"):
                yield text


def text_of(node: ast.AST) -> str | None:
    """Return the text that an expression is, with 9 for each value in it; None for any other expression."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "9" for part in node.values)
    return None


def checked_sentences() -> Iterator[tuple[str, str]]:
    """Go through the places in which a request's schema refuses a value by a check of its own, each with its words."""
    for path in sorted((CODE / "schemas").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            target.id: text
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and (text := text_of(node.value))
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            match node:
                case ast.Raise(exc=ast.Call(func=ast.Name(id="ValueError"), args=[said])):
                    words = next(words_of(said), "") or named.get(ast.unparse(said), "")
                    yield f"{path.name}: {ast.unparse(said)}", words or _IMPORTED.get(ast.unparse(said), "")


def spelled_sentences() -> Iterator[str]:
    """Go through the texts of the platform's code that begin as words about a field do, wherever they stand."""
    for path in sorted(CODE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        described = [
            keyword.value
            for keyword in ast.walk(tree)
            if isinstance(keyword, ast.keyword) and keyword.arg in _DESCRIBED
        ]
        parts = [part for text in ast.walk(tree) if isinstance(text, ast.JoinedStr) for part in text.values]
        beside = {id(node) for part in (*described, *parts) for node in ast.walk(part)}
        for node in ast.walk(tree):
            text = text_of(node)
            if text and id(node) not in beside and _OF_FIELD_WORDS.match(text):
                yield text


def test_what_the_platform_says_of_a_field_is_known_in_both_languages() -> None:
    # `must be {expected}` is for a list of values, and would take any other sentence with it.
    own = [text for key, text in SAID["en"].items() if key != "said.one_of"]
    known = [re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(text))) for text in own]
    sentences = set(field_sentences())
    assert len(sentences) > 80
    of_schemas = dict(checked_sentences())
    assert len(of_schemas) > 30
    assert [place for place, words in of_schemas.items() if not words] == []
    numbers = {f"{each}, such as +92" for each in _NOT_SAID if re.search("phone|country", each)}
    sentences = {*sentences, *of_schemas.values(), *spelled_sentences(), *numbers} - _NOT_SAID
    unknown = {each for each in sentences if not any(pattern.fullmatch(each) for pattern in known)}
    assert sorted(unknown) == sorted(_TO_PROGRAMS)


_NUMBERS = (
    "age",
    "limit",
    "accuracy",
    "distance",
    "minutes",
    "speed",
    "others",
    "seconds",
    "missing",
    "photos",
    "bits",
)


def unserved_sentences() -> Iterator[str]:
    """Go through what is said of a payment that bought nothing."""
    folder = CODE / "domain" / "payments"
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.py"))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    # What a payment is closed for, as a whole sentence.
    for node in nodes:
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in _OF_A_PAYMENT:
            yield from (text for each in node.args if (text := text_of(each)) and " " in text)
    named = ("payment_decisions.py", "resolution.py")
    bodies = [ast.parse((folder / name).read_text(encoding="utf-8")).body for name in named]
    reasons = [
        text for body in bodies for node in body if isinstance(node, ast.Assign) and (text := text_of(node.value))
    ]
    ends = ("; nothing was taken.", "; the money is returned.")
    yield from (reason + end for reason, end in product(reasons, ends) if reason[0].isupper())
    found = [(deed, deeds.objection(deed, state)) for deed, state in product(deeds.Deed, deeds.EventState)]
    yield from (
        refused.message + end for deed, refused in found if refused and deed is deeds.Deed.SETTLE for end in ends
    )
    yield from (refused.message for deed, refused in found if refused and deed is deeds.Deed.CHECK_OUT)


def chain_sentences() -> Iterator[str]:
    """Go through the breaks of the audit log, each where it can be."""
    path = CODE / "domain" / "audit" / "verification.py"
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "Broken"]
    named = [node.value for node in nodes if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "problem"]
    for problem in [*(call.args[2] for call in calls), *named]:
        text, is_either = text_of(problem) or "", "{what}" in ast.unparse(problem)
        for place, what in (("seals", "seal"), ("shard 9", "entry")):
            if text and (is_either or (place == "seals") == text.startswith(("seal", "the seal"))):
                yield f"{place}, number 9: " + (text.replace("the 9", f"the {what}", 1) if is_either else text)


def evidence_sentences() -> Iterator[str]:
    """Go through what is said of the evidence of an attendance, with and without each number that explains it."""
    numbers = dict.fromkeys(_NUMBERS, 9)
    without = {name: 9 for name in _NUMBERS if name not in ("accuracy", "age")}
    few: dict[str, int] = {**without, "others": 1, "bits": 0}
    for flag in EvidenceFlag:
        for known in (numbers, without, few, {"missing": 9}, {}):
            yield flag_messages.flag_message(flag, known)
    for factor, passed in product(EvidenceFactor, (True, False, None)):
        for explained in ((), (9,), (9000, 99)):
            yield flag_messages.factor_message(factor, passed, explained)
    for status, awaits in product(VerificationStatus, (True, False)):
        yield from judgement_words.next_steps(status, awaits_photos=awaits)


def anomaly_sentences() -> Iterator[str]:
    """Go through what is said of the attendance of some days."""
    for rule, count in product(anomalies.RULES.values(), ("9", "9 of 99")):
        yield f"{count} records of one event {rule.words}."
    texts = map(text_of, ast.walk(ast.parse(Path(anomalies.__file__).read_text(encoding="utf-8"))))
    rate = max((text for text in texts if text and text.startswith("The attendance rate")), key=len)
    for kind, side in product(("event", "department"), ("above", "below")):
        yield rate.replace("far 9", f"far {side}").replace("9 9s", f"9 {kind}s")


_KINDS = {
    "evidence": lambda: {*evidence_sentences(), *anomaly_sentences()},
    "unserved": lambda: {*unserved_sentences()},
    "chain": lambda: {*chain_sentences()},
}


@pytest.mark.parametrize("kind", _KINDS)
def test_what_is_said_of_attendance_lost_sales_and_the_audit_log_is_known_in_both_languages(kind: str) -> None:
    own = [text for key, text in SAID["en"].items() if key.startswith(f"said.{kind}.")]
    known = [re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(text))) for text in own]
    sentences = _KINDS[kind]()
    assert len(sentences) > len(own) * 0.9
    assert sorted(each for each in sentences if not any(pattern.fullmatch(each) for pattern in known)) == []


@pytest.mark.parametrize("folder", [*FOLDERS, None], ids=lambda folder: named(folder) if folder else "the platform's")
def test_no_english_is_left_in_the_urdu(folder: Path | None) -> None:
    left = {}
    for key, text in (messages(folder, "ur") if folder else SAID["ur"]).items():
        plain = _PLACE.sub("", text)
        # Addresses, examples and codes are the same in both languages.
        plain = re.sub(r"“[^”]*”|\S*[@/_]\S*|\S*\d\S*|[a-z]+\.[a-z.]+", "", plain)
        words = [word for word in _LATIN.findall(plain) if word.lower() not in _BORROWED and len(word) > 1]
        if words:
            left[key] = words
    assert not left


def test_what_stays_on_a_page_is_kept_as_what_makes_its_words() -> None:
    """Words that a signal or an error holds stay in the language in which they were made (`console/src/ui/said.ts`)."""
    made = r"\b(?:t|messageOf|word|saidOf\w+)\("
    held = re.compile(rf"^.*(?:\.value = (?!.*=> ).*{made}|new (?:Error|Refused)\((?!.*=> ).*{made}).*$", re.MULTILINE)
    # A view that makes its error as it is drawn.
    drawn = re.compile(r"<Failure error=\{new Refused\(|aria-label=")
    kept = [
        f"{path.relative_to(_SRC).as_posix()}: {line.strip()[:100]}"
        for path, text in sources(_SRC)
        for line in held.findall(text)
        if not drawn.search(line) and path.name != "i18n.ts"
    ]
    assert not kept


# The state of a view as it opens, which nothing announces later.
_OPENS_WITH = {"local/gates.tsx", "merchant/stock.tsx", "shop/ticket.tsx"}


def test_a_region_that_readers_follow_is_there_before_its_words() -> None:
    """A reader follows changes within a live region; one that comes with its words is often not read."""
    comes = re.compile(r"\? \(?\s*<\w+(?:[^<>{}]|\{[^}]*\})*role=\"(?:status|alert)\"")
    found = {path.relative_to(_SRC).as_posix() for path, text in sources(_SRC) if comes.search(text)}
    assert found == _OPENS_WITH


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.relative_to(_SRC).as_posix())
def test_a_style_follows_the_direction_of_the_text(style: Path) -> None:
    lines = style.read_text(encoding="utf-8").splitlines()
    physical = [
        f"{number}: {line.strip()}"
        for number, line in enumerate(lines, 1)
        # Media queries know no logical words; they are about the window.
        if _PHYSICAL.search(re.sub(r"@media[^{]*", "", line))
    ]
    assert not physical


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.relative_to(_SRC).as_posix())
def test_what_scrolls_sideways_holds_its_unseen_words(style: Path) -> None:
    """Words for readers alone are positioned: they would widen the page where the part that scrolls is not."""
    text = re.sub(r"/\*.*?\*/", "", style.read_text(encoding="utf-8"), flags=re.DOTALL)
    rules = re.findall(r"[^{}]+\{[^{}]*\}", text)
    scrolling = [rule.strip() for rule in rules if re.search(r"overflow-x\s*:\s*(?:auto|scroll)", rule)]
    assert not [rule for rule in scrolling if not re.search(r"position\s*:", rule)]


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.relative_to(_SRC).as_posix())
def test_the_colour_of_a_text_is_named_or_has_its_own_ground(style: Path) -> None:
    """A literal colour of a text is the same in both schemes, so its ground must be, too."""
    text = re.sub(r"/\*.*?\*/", "", style.read_text(encoding="utf-8"), flags=re.DOTALL)
    literal = []
    for rule in re.findall(r"[^{}]+\{[^{}]*\}", text):
        selector, _, body = rule.partition("{")
        found = {
            name: value
            for name, value in re.findall(r"(?<![\w-])(color|background(?:-color)?)\s*:\s*([^;}]+)", body)
            if "light-dark(" not in value and _COLOUR.search(f": {value}")
        }
        if "color" in found and len(found) == 1:
            literal.append(f"{selector.strip()}: {found['color']}")
    assert not literal


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_the_space_before_a_value_is_not_within_its_isolation(folder: Path) -> None:
    """In the other direction it would be behind the value, which would stick to the one before: "13:05+1"."""
    inside = r"<(?:bdi|Num)\b[^>]*> \S"
    assert not [f"{path.name}: {found}" for path, text in sources(folder) for found in re.findall(inside, text)]


@pytest.mark.parametrize("page", pages.pages(), ids=lambda page: page.name)
def test_a_list_by_cursor_is_read_by_ui(page: pages.Page) -> None:
    """Listing of ui/list.tsx has the states empty, loading, error and offline."""
    whole = "\n".join(text for _, text in sources(_SRC / page.name))
    if re.search(r"\bquery: \{[^}]*\bcursor\b", whole):
        assert re.search(r"\buse(?:List|Pages)\(", whole)
        assert "<Listing" in whole
    # Without its cursor, "Show more" shows the first page again.
    blind = re.findall(r"\buse(?:List|Pages)\(\s*(?:async )?\(\) => answerOf\([^;]*", whole)
    assert not blind


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_what_is_typed_survives_an_expired_session(folder: Path) -> None:
    """A page shows its log-in in the place of the form: what was typed comes back from the form's draft."""
    if named(folder) == "staff":
        return  # its log-in comes above the view, which stays
    lost = []
    for path, text in sources(folder):
        for form in re.findall(r"<Form\b(?:(?!<Form\b).)*?</Form>", text, re.DOTALL):
            head, _, body = form.partition("<Field")
            kinds = re.findall(r"<Field\b[^>]*?name=\"([\w.]+)\"(.*?)/>", f"<Field{body}", re.DOTALL)
            typed = [name for name, rest in kinds if not _NOT_KEPT.search(f"{name} {rest}")]
            if typed and "draft=" not in head and path.name not in _IN_PLACE:
                lost.append(f"{path.name}: {typed}")
    assert not lost
