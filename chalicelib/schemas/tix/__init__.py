"""The JSON of Tix, one file per part of it."""
