"""From evidence to flags: pure rules with all thresholds in one file."""
