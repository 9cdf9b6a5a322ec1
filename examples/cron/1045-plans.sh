#!/bin/sh
# 10:45: what care plans, gift mailings and surveys need today: whom to call, what goes out; on working days.
. "$(dirname "$0")/desk.sh"

job differentiated-care --in "$INBOX"
job gift-mailing
job satisfaction-survey
exit "$left"
