#!/bin/sh
# 17:30: complaints that are not finished are shared out among the specialists on duty; the report is out by 18:00.
. "$(dirname "$0")/desk.sh"

job differentiated-follow-up --in "$INBOX"
report differentiated-follow-up
exit "$left"
