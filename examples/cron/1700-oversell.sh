#!/bin/sh
# 17:00: oversold orders are looked for in the newest order book and submitted to the platform.
. "$(dirname "$0")/desk.sh"

import
job oversell --in "$INBOX"
report oversell
exit "$left"
