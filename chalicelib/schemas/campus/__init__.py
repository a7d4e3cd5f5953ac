"""Bodies of campus attendance, one file per part of the portal."""
