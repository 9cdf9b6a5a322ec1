#!/bin/sh
# 09:45: the completion rate and yesterday's shipment tracking are with the platform by 10:00.
. "$(dirname "$0")/desk.sh"

report completion-rate
report ship-tracking
report shipped-unsigned
report held-orders
exit "$left"
