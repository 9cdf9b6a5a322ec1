"""Proactive jobs: what cron runs to find trouble before the customer calls.

The names a job plug-in uses are :class:`Context` and :class:`Hit`; importing them costs nothing else.
"""

from __future__ import annotations

from tmcs.jobs.hits import Context as Context
from tmcs.jobs.hits import Hit as Hit
