"""What a plug-in that reads order files uses: the reader's protocol, what it is given and what it yields.

See :mod:`tmcs.orders.readers` for what each member of a reader must do.
"""

from __future__ import annotations

from tmcs.orders.fragment import LINES_DERIVED as LINES_DERIVED
from tmcs.orders.fragment import LINES_NONE as LINES_NONE
from tmcs.orders.fragment import LINES_OWN as LINES_OWN
from tmcs.orders.fragment import Fragment as Fragment
from tmcs.orders.fragment import Report as Report
from tmcs.orders.readers import Head as Head
from tmcs.orders.readers import OrderReader as OrderReader
from tmcs.orders.source import Source as Source
