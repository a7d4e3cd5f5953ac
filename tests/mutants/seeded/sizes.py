"""Bugs of sizes, ends and days: a key without a bound, work without an end, a festival of one day."""

from tests.mutants.seeded.mutant import Mutant

_SIZES = "tests/table/test_key_sizes.py"
_DAYS = "tests/portals/test_event_days.py"
_STRIPE = "tests/portals/webapp/test_stripe.py"
_UNSETTLED = "tests/portals/webapp/test_unsettled_payments.py"

MUTANTS = (
    Mutant(
        name="key-unbounded",
        bug="a long text from outside makes a key that DynamoDB refuses",
        file="chalicelib/table/places.py",
        before="        return super().__new__(cls, bounded(pk), bounded(sk))\n",
        after="        return super().__new__(cls, pk, sk)\n",
        tests=(_SIZES,),
    ),
    Mutant(
        name="searched-name-unbounded",
        bug="a long name hides the id of its ticket, and no prefix finds it",
        file="chalicelib/folding.py",
        before='"".join(found)))[:MOST_CHARACTERS]',
        after='"".join(found)))',
        tests=(f"{_SIZES}::test_a_name_of_a_hundred_ligatures_is_found_by_its_beginning_with_its_ticket",),
    ),
    Mutant(
        name="long-keys-cut-alone",
        bug="two long texts with one beginning share a key",
        file="chalicelib/table/places.py",
        before="    return beginning(text, most=MOST_BYTES - len(digest)) + digest\n",
        after="    return beginning(text, most=MOST_BYTES)\n",
        tests=(f"{_SIZES}::test_two_texts_make_two_keys_also_where_they_are_cut",),
    ),
    Mutant(
        name="charge-never-owed-back",
        bug="a charge that cannot be recorded is tried for ever",
        file="chalicelib/domain/payments/unsettled.py",
        before="    is_last = faults >= MOST_FAULTS or (tries >= _MOST_TRIES and lasts)\n",
        after="    is_last = tries >= _MOST_TRIES and lasts\n",
        tests=(f"{_UNSETTLED}::test_the_sweep_ends_a_charge_that_nobody_asks_for",),
    ),
    Mutant(
        name="outage-ends-a-charge",
        bug="money is returned after a few seconds without the table",
        file="chalicelib/domain/payments/unsettled.py",
        before="    is_outage = isinstance(fault, Unavailable)\n",
        after="    is_outage = False\n",
        tests=(f"{_UNSETTLED}::test_an_outage_of_an_hour_is_no_reason_to_return_the_money",),
    ),
    Mutant(
        name="sweep-retries-for-ever",
        bug="what fails for good is tried in each run",
        file="chalicelib/domain/background/sweep.py",
        before="        if _is_over(fault, tries=tries, since=since):\n",
        after="        if _is_over(fault, tries=0, since=since):\n",
        tests=("tests/domain/background/test_sweep.py::test_what_fails_for_good_is_set_aside_and_no_longer_due",),
    ),
    Mutant(
        name="festival-on-its-first-day-alone",
        bug="an event of several days is listed on its first one only",
        file="chalicelib/domain/events/listing_places.py",
        before="        last_day=last_day.isoformat(),\n",
        after="        last_day=first_day.isoformat(),\n",
        tests=(f"{_DAYS}::test_each_public_list_finds_an_event_on_each_of_its_days",),
    ),
    Mutant(
        name="time-zone-not-checked",
        bug="an event has the time zone Mars/Base",
        file="chalicelib/domain/events/events.py",
        before="    timezones.require_known(draft.timezone)\n",
        after="",
        tests=(f"{_DAYS}::test_a_name_that_is_no_time_zone_is_refused_wherever_one_comes_in",),
    ),
    Mutant(
        name="head-not-answered",
        bug="a cache that asks by HEAD gets 405",
        file="chalicelib/portals/http/route.py",
        before='        return [self.method, "HEAD"] if is_page else [self.method]\n',
        after="        return [self.method]\n",
        tests=(
            "tests/contract/test_conventions.py::test_public_pages_and_documents_have_a_head_and_other_routes_none",
        ),
    ),
    Mutant(
        name="processing-asked-for-ever",
        bug="a charge that its provider never finishes is asked for each five minutes",
        file="chalicelib/domain/payments/reconciliation.py",
        before="        if overdue > _ASKED_FOR:\n",
        after="        if overdue > 100 * _ASKED_FOR:\n",
        tests=(
            f"{_STRIPE}::test_a_charge_that_stripe_processes_for_ever_is_asked_for_less_and_less_and_fails_in_the_end",
        ),
    ),
)
