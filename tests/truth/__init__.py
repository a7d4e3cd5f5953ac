"""One ticket, one admission, whoever scans it at once."""
