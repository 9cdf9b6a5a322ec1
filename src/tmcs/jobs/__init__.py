"""Proactive jobs: what cron runs to find trouble before the customer calls.

Here are the names a job plug-in uses: what it runs in, what it finds, and the usual ways to find orders.
"""

from __future__ import annotations

from tmcs.core.money import MILLION as MILLION
from tmcs.jobs.hits import Context as Context
from tmcs.jobs.hits import Hit as Hit
from tmcs.jobs.hits import refund_of as refund_of
from tmcs.jobs.hits import selected as selected
from tmcs.jobs.hits import unshipped as unshipped
from tmcs.lang.cache import load_yaml as load_yaml
from tmcs.orders.values import CellError as CellError
from tmcs.orders.values import moment as moment
