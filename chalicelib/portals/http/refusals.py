"""Groups of refusals that several routes declare."""

from chalicelib import errors

LOG_IN = (errors.InvalidCredentials, errors.AccountSuspended, errors.RateLimited)
REFRESH = (errors.Unauthenticated, errors.TokenExpired, errors.TokenReused, errors.AccountSuspended)
CODE = (errors.OtpInvalid, errors.OtpExpired, errors.OtpExhausted, errors.RateLimited)
