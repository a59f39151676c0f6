"""Seed files that come with the package."""
