"""Fixtures: a desk of its own for each test, so that no file of yours is touched."""

pytest_plugins = ["tmcs.testing.pytest"]
