"""One ticket, one admission, however many scan it at once."""
