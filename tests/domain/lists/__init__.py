"""Tests of the lists of staff."""
