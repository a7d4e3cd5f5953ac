"""Bugs of input: path variables, headers, query names, texts, types and phone numbers."""

from tests.mutants.seeded.mutant import Mutant

_PATHS = "tests/security/test_path_variables.py"
_HEADERS = "tests/security/test_headers.py"
_NAMES = "tests/security/test_query_names.py"
_TEXTS = "tests/security/test_texts.py"
_PHONES = "tests/security/test_phone_numbers.py"

MUTANTS = (
    Mutant(
        name="path-not-checked",
        bug="an id of any length and any characters reaches the table",
        file="chalicelib/portals/http/variables.py",
        before="        return name if pattern.fullmatch(name) else None\n",
        after="        return text\n",
        tests=(f"{_PATHS}::test_what_cannot_be_an_id_is_404_or_400_in_the_envelope_of_every_route",),
    ),
    Mutant(
        name="path-decoded-twice",
        bug="a path variable that was encoded twice is decoded twice",
        file="chalicelib/portals/http/variables.py",
        before="        text = unquote_to_bytes(sent).decode()",
        after="        text = unquote_to_bytes(unquote_to_bytes(sent)).decode()",
        tests=(f"{_PATHS}::test_a_path_variable_is_decoded_once",),
    ),
    Mutant(
        name="header-not-bounded",
        bug="a header value of any length is read",
        file="chalicelib/portals/http/headers.py",
        before="(len(value) <= longest and value.isascii()",
        after="(value.isascii()",
        tests=(f"{_HEADERS}::test_a_header_value_that_is_too_long_or_odd_is_refused_by_every_route_that_reads_it",),
    ),
    Mutant(
        name="callback-time-of-any-length",
        bug="a callback whose time has 400 digits is a fault",
        file="chalicelib/domain/payments/sandbox_callbacks.py",
        before=" and len(at) <= _TIME_DIGITS",
        after="",
        tests=(f"{_HEADERS}::test_a_webhooks_signature_that_cannot_be_one_is_400",),
    ),
    Mutant(
        name="unknown-query-name-ignored",
        bug="a misspelled filter is ignored, so that the whole list is returned",
        file="chalicelib/portals/http/query.py",
        before="    if unknown:\n",
        after="    if unknown and schema is None:\n",
        tests=(f"{_NAMES}::test_an_unknown_query_parameter_is_400_and_the_answer_names_the_known_ones",),
    ),
    Mutant(
        name="true-taken-for-1",
        bug="`true` is taken for 1, and a number in quotes for a number",
        file="chalicelib/portals/http/body.py",
        before='schema.model_validate_json(raw or b"{}", strict=True)',
        after='schema.model_validate_json(raw or b"{}")',
        tests=(f"{_TEXTS}::test_a_value_of_the_wrong_kind_is_400",),
    ),
    Mutant(
        name="bidi-override-in-a-name",
        bug="a name may turn the text around it",
        file="chalicelib/schemas/texts.py",
        before='_REFUSED = ("Cc", "Cf", "Co",',
        after='_REFUSED = ("Cc", "Co",',
        tests=(f"{_TEXTS}::test_a_character_that_nobody_sees_is_400_with_its_name_in_every_text",),
    ),
    Mutant(
        name="invisible-name",
        bug="a name may consist of characters that show nothing",
        file="chalicelib/schemas/texts.py",
        before=" and character not in _BLANK",
        after="",
        tests=(f"{_TEXTS}::test_a_text_with_nothing_visible_in_it_is_400",),
    ),
    Mutant(
        name="premium-number-gets-sms",
        bug="SMS are sent to landlines and premium numbers",
        file="chalicelib/phone_numbers.py",
        before="    if region is None or phonenumbers.number_type(parsed) not in kinds:\n",
        after="    if region is None or phonenumbers.number_type(parsed) in ():\n",
        tests=(f"{_PHONES}::test_a_number_that_is_no_mobile_phone_is_400",),
    ),
    Mutant(
        name="any-country-gets-sms",
        bug="SMS are sent to countries that the platform does not serve",
        file="chalicelib/phone_numbers.py",
        before="    if region not in config().phone_countries:\n",
        after="    if region in ():\n",
        tests=(f"{_PHONES}::test_a_number_of_a_country_that_is_not_served_is_400",),
    ),
)
