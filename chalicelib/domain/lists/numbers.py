"""Phone numbers in lists: found from their beginning, in national or international form."""

from chalicelib import phone_numbers, scanned_text


def number_texts(number: str | None) -> tuple[str, ...]:
    """Return the forms in which a number is searched for; none where it is no number."""
    if number is None or not number.startswith("+"):
        return ()
    return (number, phone_numbers.national(number))


def with_whole_number(search: str) -> str:
    """Return a search; a whole number in international form, such as `+92 (0)300 1234567`, as it is stored.

    One in national form may be of any country, and stays as it is.
    """
    dialled = scanned_text.phone_number(search)
    if not dialled.lstrip("( ").startswith(("+", "00")):
        return search
    try:
        return phone_numbers.e164(dialled)
    except phone_numbers.NumberRefused:
        return search  # a name, an address, or the beginning of a number
