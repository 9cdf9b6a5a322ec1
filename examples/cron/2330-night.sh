#!/bin/sh
# 23:30: personal data past its time is erased, the audit chain is verified and sealed, the store is backed up.
. "$(dirname "$0")/desk.sh"

mkdir -p "$KEEP"
step case retention
step case verify
step case seal --out "$KEEP/seal-$(today).json"
step store backup "$KEEP/tmcs-$(today).db"
exit "$left"
