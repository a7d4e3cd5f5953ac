"""The seeded bugs: each patch, its file, and the tests that must find it; a module for each area."""

from tests.mutants.seeded import (
    abuse,
    catalogue,
    codes,
    customers,
    edge,
    gate,
    idempotency,
    identity,
    inputs,
    ledger,
    limits,
    live,
    merchants,
    numbering,
    organizations,
    organizers,
    passwords,
    payments,
    payouts,
    sale,
    texts,
    tickets,
)
from tests.mutants.seeded.mutant import Mutant

__all__ = ["MUTANTS", "Mutant"]

MUTANTS: tuple[Mutant, ...] = (
    *gate.MUTANTS,
    *identity.MUTANTS,
    *codes.MUTANTS,
    *limits.MUTANTS,
    *passwords.MUTANTS,
    *customers.MUTANTS,
    *catalogue.MUTANTS,
    *sale.MUTANTS,
    *payments.MUTANTS,
    *ledger.MUTANTS,
    *idempotency.MUTANTS,
    *texts.MUTANTS,
    *tickets.MUTANTS,
    *merchants.MUTANTS,
    *organizers.MUTANTS,
    *live.MUTANTS,
    *payouts.MUTANTS,
    *numbering.MUTANTS,
    *organizations.MUTANTS,
    *inputs.MUTANTS,
    *edge.MUTANTS,
    *abuse.MUTANTS,
)
