#!/bin/sh
# 10:00: parcels that were lost or damaged on their way; the sheet goes to the platform.
. "$(dirname "$0")/desk.sh"

import
job reorder-orders
report reorder-orders
exit "$left"
