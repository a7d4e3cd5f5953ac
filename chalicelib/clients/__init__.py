"""The outside world, one module per service."""
