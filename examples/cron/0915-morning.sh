#!/bin/sh
# 09:15: the order book is brought up to date; held orders come before shipment tracking (C119), then the rest of the morning.
. "$(dirname "$0")/desk.sh"

import
job held-orders
job ship-tracking
job shipped-unsigned
job completion-rate
job review-explanation --in "$INBOX"
exit "$left"
