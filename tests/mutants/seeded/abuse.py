"""Bugs of stock and knowledge: strangers hold seats, and portals learn more than they need."""

from tests.mutants.seeded.mutant import Mutant

_ALLOWANCES = "chalicelib/domain/sale/allowances.py"
_RESERVATIONS = "tests/security/test_own_reservations.py"
_KNOWLEDGE = "tests/security/test_least_knowledge.py"
_SMS = "tests/security/test_sms_costs.py"
_PAYMENT = "tests/security/test_means_of_payment.py"
_MEANWHILE = "tests/security/test_log_ins_meanwhile.py"

MUTANTS = (
    Mutant(
        name="own-seats-not-counted",
        bug="a customer books the most of a category again and again",
        file=_ALLOWANCES,
        before="        if has + quantity > category.per_order_limit:\n",
        after="        if quantity > category.per_order_limit:\n",
        tests=(f"{_RESERVATIONS}::test_reserved_and_owned_seats_of_a_category_are_limited_together",),
    ),
    Mutant(
        name="paid-orders-forgotten",
        bug="the seats of a paid order are no longer counted",
        file=_ALLOWANCES,
        before="        if other.status == OrderStatus.PAID\n",
        after="        if other.status == OrderStatus.CANCELLED\n",
        tests=(
            f"{_RESERVATIONS}::test_reserved_and_owned_seats_of_a_category_are_limited_together",
            f"{_RESERVATIONS}::test_a_ticket_counts_for_its_owner_after_a_transfer_a_gift_and_a_refund",
        ),
    ),
    Mutant(
        name="sold-out-by-oneself",
        bug="an event looks sold out to the customer who reserved its last tickets",
        file="chalicelib/domain/sale/allowances.py",
        before="    if not mine:\n        return sold_out\n    reserved",
        after="    if mine:\n        return sold_out\n    reserved",
        tests=(f"{_RESERVATIONS}::test_an_event_does_not_look_sold_out_because_of_the_own_reservation",),
    ),
    Mutant(
        name="seats-lock-dropped",
        bug="bookings at once overtake the limits of their customer",
        file="chalicelib/domain/tickets/seats.py",
        before="Seats.version == before if before else Seats.pk.does_not_exist()",
        after="Seats.pk.exists() | Seats.pk.does_not_exist()",
        tests=("tests/truth/test_sale.py::test_of_many_bookings_of_one_customer_at_once_two_are_open",),
    ),
    Mutant(
        name="replay-shows-all",
        bug="an organizer who reconnects is sent names and cards",
        file="chalicelib/domain/live/subscriptions.py",
        before="            seen = audiences.seen_by(joining.portal, found.messages)\n",
        after="            seen = found.messages\n",
        tests=(f"{_KNOWLEDGE}::test_an_organizer_hears_result_gate_time_and_tier_of_a_scan_also_after_a_reconnect",),
    ),
    Mutant(
        name="nested-uid-shown",
        bug="staff see the UID in the entry of a conflict",
        file="chalicelib/domain/live/audiences.py",
        before="isinstance(value, str) else masked(value)",
        after="isinstance(value, str) else value",
        tests=(f"{_KNOWLEDGE}::test_no_live_message_shows_staff_a_whole_uid",),
    ),
    Mutant(
        name="health-before-a-scan",
        bug="an usher reads the health data of a card that was never presented",
        file="chalicelib/domain/customers/customers.py",
        before=" and asked.is_allowed():",
        after=":",
        tests=(
            f"{_KNOWLEDGE}::test_health_data_is_shown_after_the_card_was_presented_at_the_ushers_event_and_not_before",
        ),
    ),
    Mutant(
        name="saved-method-of-another",
        bug="a customer pays with another's saved means of payment",
        file="chalicelib/domain/payments/saved_methods.py",
        before="found is not None and found.customer_id != customer_id",
        after="found is None",
        tests=(f"{_PAYMENT}::test_anothers_saved_means_of_payment_is_not_found_wherever_a_token_comes_in",),
    ),
    Mutant(
        name="return-to-any-https",
        bug="a payment returns to a page of anybody",
        file="chalicelib/schemas/webapp/payments.py",
        before='    if parts.scheme == "https" and origin in config().return_origins:\n',
        after='    if parts.scheme == "https":\n',
        tests=(f"{_PAYMENT}::test_a_payment_returns_to_no_address_that_is_not_on_the_list",),
    ),
    Mutant(
        name="strangers-use-the-owners-sms",
        bug="codes that strangers ask for use up the log-ins' part of the cap",
        file="chalicelib/domain/access/sms.py",
        before="Part.ANYBODY if purpose in _FOR_ANYBODY else Part.OWNERS",
        after="Part.ANYBODY",
        tests=(f"{_SMS}::test_codes_over_the_cap_of_a_country_are_refused_in_words_and_owners_still_log_in",),
    ),
    Mutant(
        name="capped-notice-lost",
        bug="a notice over the cap is lost silently",
        file="chalicelib/domain/access/sms.py",
        before="    messages.enqueue(replace(message, waits_since=since), delay_seconds=_WAIT_SECONDS)\n",
        after="",
        tests=(f"{_SMS}::test_a_notice_over_its_part_waits_and_codes_still_go_out",),
    ),
    Mutant(
        name="country-of-sms-unchecked-where-sent",
        bug="an SMS goes out to a country that is no longer served",
        file="chalicelib/domain/access/sms.py",
        before="        phone_numbers.mobile(message.to)\n",
        after="        phone_numbers.e164(message.to)\n",
        tests=(f"{_SMS}::test_nothing_goes_out_to_a_number_that_no_door_would_take",),
    ),
    Mutant(
        name="token-younger-than-what-it-says",
        bug="a token that was made while its account was closed is good for its whole life",
        file="chalicelib/domain/access/tokens.py",
        before='        "iat": principal.issued_at.timestamp(),\n',
        after='        "iat": clock.now().timestamp(),\n',
        tests=(f"{_MEANWHILE}::test_a_token_of_an_account_that_is_closed_while_it_is_made_is_worth_nothing",),
    ),
    Mutant(
        name="session-younger-than-its-password",
        bug="a session begun with the former password outlives the change of the password",
        file="chalicelib/domain/access/sessions.py",
        before="        started_at=clock.begun(),\n",
        after="        started_at=clock.now(),\n",
        tests=(f"{_MEANWHILE}::test_a_session_that_was_begun_with_the_former_password_is_not_refreshed",),
    ),
    Mutant(
        name="pictures-overwrite-each-other",
        bug="of two pictures at the same moment one stays in the bucket for nobody",
        file="chalicelib/domain/customers/customers.py",
        before="unchanged.append(Profile.photo_key == shown if shown else Profile.photo_key.does_not_exist())",
        after="pass",
        tests=("tests/portals/test_profiles_at_once.py",),
    ),
)
