"""Bugs of sizes and of ends: a key without a bound, and work that is retried for ever."""

from tests.mutants.seeded.mutant import Mutant

_SIZES = "tests/table/test_key_sizes.py"

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
        file="chalicelib/table/keys/gate.py",
        before="    return beginning(search_name(name))\n",
        after="    return search_name(name)\n",
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
)
