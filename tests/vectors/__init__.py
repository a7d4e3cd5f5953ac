"""The rule of the gate as data."""
