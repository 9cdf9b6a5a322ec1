# What the scripts of the day share; each begins with: . "$(dirname "$0")/desk.sh"
# Folders and programs are set here, or in the environment, or in the file that DESK_SETTINGS names.

set -eu

if [ -n "${DESK_SETTINGS:-}" ]; then
    . "$DESK_SETTINGS"
fi
TMCS=${TMCS:-tmcs}                      # the program
INBOX=${INBOX:-/srv/desk/inbox}         # exports of the day: orders, parcels, warehouse feedback, reviews, complaints, duty list
OUT=${OUT:-/srv/desk/reports}           # reports
KEEP=${KEEP:-/srv/desk/keep}            # backups and heads of the audit chain: on another disk
WAIT=${WAIT:-60}                        # seconds until what was busy is tried again
export TMCS_ROLE="${TMCS_ROLE:-job}" PYTHONUTF8=1

left=0                                  # the exit code of this script in the end

# Today in Shanghai, as the desk's clock has it.
today() {
    if [ -n "${TMCS_NOW:-}" ]; then
        printf '%.10s\n' "$TMCS_NOW"
    else
        TZ=Asia/Shanghai date +%Y-%m-%d
    fi
}

# Run tmcs. 0: done. 1: done, with findings, which it has named: the day goes on, and this script ends with 1.
# 75: busy: tried again, three times in all. Anything else: this step is left, the others are still done.
step() {
    tries=1
    while :; do
        code=0
        "$TMCS" -q "$@" >/dev/null || code=$?
        case $code in
            0) return 0 ;;
            75)
                if [ "$tries" -lt 3 ]; then
                    tries=$((tries + 1))
                    sleep "$WAIT"
                    continue
                fi
                ;;
        esac
        echo "$(basename "$0"): tmcs $1 $2 ${3:-}: exit $code" >&2
        if [ "$code" -gt "$left" ]; then
            left=$code
        fi
        return 0
    done
}

# Run a job for every time that was missed, write its report, and open its cases.
job() {
    name=$1
    shift
    step job run "$name" --if-due --since-last --out "$OUT" --open "$@"
}

# Send the report of a job's last run; whoever has it already does not get it again.
report() {
    step job mail "$1"
}

# Import the files of the order book that lie in the inbox; importing again changes nothing.
import() {
    for file in "$INBOX"/orders*.csv "$INBOX"/orders*.xlsx "$INBOX"/order-items*.csv "$INBOX"/delivery-report*.csv \
        "$INBOX"/warehouse-feedback*.csv; do
        if [ -f "$file" ]; then
            step order import "$file"
        fi
    done
}
