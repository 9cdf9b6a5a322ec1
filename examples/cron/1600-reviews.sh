#!/bin/sh
# 16:00: what the calls on reviews are about goes to second-line complaints, by 16:30.
. "$(dirname "$0")/desk.sh"

report review-explanation
exit "$left"
