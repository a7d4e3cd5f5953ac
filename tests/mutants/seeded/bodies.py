"""Bugs of bodies: a part of a form that clears a field, a type of no bytes, a change of more than was named."""

from tests.mutants.seeded.mutant import Mutant

_BODIES = "tests/contract/test_bodies.py"

MUTANTS = (
    Mutant(
        name="empty-part-clears",
        bug="an optional part of a form without a value is taken as a value",
        file="chalicelib/portals/http/body.py",
        before="return schema.model_validate(_given(form.texts, schema))",
        after="return schema.model_validate(form.texts)",
        tests=(f"{_BODIES}::test_an_optional_part_of_a_form_without_a_value_counts_as_left_out",),
    ),
    Mutant(
        name="no-bytes-of-a-wrong-type",
        bug="a request without a body is refused for its Content-Type",
        file="chalicelib/portals/http/envelope.py",
        before="    if not event.raw_body:\n",
        after="    if event.raw_body is None:\n",
        tests=(f"{_BODIES}::test_no_bytes_are_no_body_whatever_the_content_type_says",),
    ),
    Mutant(
        name="dependent-replaced",
        bug="a change of a dependent clears the health data that it does not name",
        file="chalicelib/domain/customers/dependents.py",
        before="    named = {name: changes[name] for name in _SEALED if name in changes}\n",
        after="    named = {name: changes.get(name) for name in _SEALED}\n",
        tests=(f"{_BODIES}::test_a_put_of_one_field_or_of_none_leaves_all_others_as_they_are",),
    ),
)
