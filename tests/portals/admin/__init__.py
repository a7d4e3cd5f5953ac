"""Tests of the staff's portal."""
