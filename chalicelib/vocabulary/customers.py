"""The words of a customer's profile."""

from enum import StrEnum


class Language(StrEnum):
    """The languages of the texts to customers (ISO 639-1)."""

    ENGLISH = "en"
    URDU = "ur"


class BloodType(StrEnum):
    """ABO and Rh."""

    A_POSITIVE = "A+"
    A_NEGATIVE = "A-"
    B_POSITIVE = "B+"
    B_NEGATIVE = "B-"
    AB_POSITIVE = "AB+"
    AB_NEGATIVE = "AB-"
    O_POSITIVE = "O+"
    O_NEGATIVE = "O-"
