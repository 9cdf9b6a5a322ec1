"""Proactive jobs: what cron runs to find trouble before the customer calls.

Here are the names a job plug-in uses: what it runs in, what it finds, and the usual ways to find orders.
"""

from __future__ import annotations

from tmcs.jobs.hits import Context as Context
from tmcs.jobs.hits import Hit as Hit
from tmcs.jobs.hits import refund_of as refund_of
from tmcs.jobs.hits import selected as selected
from tmcs.jobs.hits import unshipped as unshipped
