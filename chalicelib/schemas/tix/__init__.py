"""Bodies of Tix, one file per part of it."""
