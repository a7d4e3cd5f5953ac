"""Rules of security over whole kinds: every limit, every code, every place where something is set."""
