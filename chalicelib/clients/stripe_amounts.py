"""Stripe's units of money: what an amount in minor units of ISO 4217 is at Stripe, and back, and what it can charge.

Stripe counts in minor units of its own (docs.stripe.com/currencies):

- ISK and UGX have no decimals, but go to Stripe with two, always 00 ("Special cases").
- MGA has two decimals in ISO 4217, and none at Stripe ("Zero-decimal currencies").
- BHD, JOD, KWD, OMR and TND have three decimals, of which the last is 0 ("Three-decimal currencies").
- HUF and TWD have two decimals in charges and refunds, and none in payouts, whose last two digits are 00.

The least and the greatest charge are those of "Minimum and maximum charge amounts". Stripe applies the least amount of
the account's settlement currency after conversion. So a currency that is not in that list has no least amount here,
and a charge that is too small for its account is declined by Stripe with `amount_too_small`.
"""

# How many of Stripe's units one minor unit of ISO 4217 is, where it is not one.
_TIMES = {"ISK": 100, "UGX": 100}
# How many minor units of ISO 4217 one of Stripe's units is, where it is not one.
_PARTS = {"MGA": 100}
# Currencies of three decimals: Stripe takes them, but in steps of ten.
_STEPS = dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 10)
# The steps of a payout, where they are not those of a charge.
_PAYOUT_STEPS = {"HUF": 100, "TWD": 100}
# "Supported presentment currencies".
_CODES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF "
    "CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK "
    "MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB "
    "RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND "
    "VUV WST XAF XCD XOF XPF YER ZAR ZMW"
)
SUPPORTED = frozenset(_CODES.split(" "))
# In Stripe's units.
_LEAST = {
    "AED": 200,
    "AUD": 50,
    "BGN": 100,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CZK": 1_500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17_500,
    "INR": 50,
    "JPY": 50,
    "MXN": 1_000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "SGD": 50,
    "THB": 1_000,
    "USD": 50,
}
# Eight digits, and twelve for the rupiah, in Stripe's units.
_GREATEST, _GREATEST_OF_ALL = 99_999_999, {"IDR": 999_999_999_999}


def to_stripe(minor: int, currency: str) -> int:
    """Return an amount in Stripe's units. Raises ValueError for one that Stripe cannot express."""
    if minor % step(currency):
        raise ValueError(f"{minor} minor units of {currency} cannot be charged")
    return minor * _TIMES.get(currency, 1) // _PARTS.get(currency, 1)


def from_stripe(units: int, currency: str) -> int:
    """Return an amount of Stripe's in minor units of ISO 4217, rounded down to a whole one."""
    return units * _PARTS.get(currency, 1) // _TIMES.get(currency, 1)


def is_supported(currency: str) -> bool:
    """Whether Stripe charges in a currency."""
    return currency in SUPPORTED


def step(currency: str) -> int:
    """Return the minor units that each charge and refund must be a multiple of."""
    return _STEPS.get(currency) or _PARTS.get(currency, 1)


def payout_step(currency: str) -> int:
    """Return the minor units that each payout to a bank must be a multiple of."""
    return _PAYOUT_STEPS.get(currency) or step(currency)


def least(currency: str) -> int:
    """Return the least charge in minor units, as far as Stripe lists one for the currency."""
    return max(from_stripe(_LEAST.get(currency, 0), currency), step(currency))


def greatest(currency: str) -> int:
    """Return the greatest charge in minor units that is a multiple of the step."""
    most = from_stripe(_GREATEST_OF_ALL.get(currency, _GREATEST), currency)
    return most - most % step(currency)
