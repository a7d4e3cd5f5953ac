"""The JSON contract: what goes in and out of each portal."""
