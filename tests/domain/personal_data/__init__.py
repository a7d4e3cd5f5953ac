"""Tests of the inventory of personal data."""
