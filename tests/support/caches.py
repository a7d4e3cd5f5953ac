"""What a container keeps between requests, dropped so that a test starts as a fresh container."""

from chalicelib.clients import aws, jobs, messages, secrets
from chalicelib.domain.access import lock_outs, request_rates, tokens
from chalicelib.domain.campus.events import campus_events
from chalicelib.domain.campus.people import campus_names
from chalicelib.domain.events import catalogue, categories, shortages
from chalicelib.table import operations


def forget_caches() -> None:
    """Drop everything that a container keeps between requests, its clients too."""
    operations.client.cache_clear()
    aws.client.cache_clear()
    forget_answers()


def forget_answers() -> None:
    """Drop what a container keeps of answers; its clients stay."""
    messages.forget()
    jobs.forget()
    secrets.forget()
    lock_outs.forget()
    categories.forget()
    shortages.forget()
    catalogue.forget()
    tokens.forget()
    request_rates.forget()
    campus_events.forget()
    campus_names.forget()
