#!/usr/bin/env bash
# Extracts triplets from films, then trains, overnight. Both go on where they stopped: start the same line again.
# usage: scripts/overnight.sh FILMS DATA RUN.toml [OPTION of extract_triplets.py ...]
#   FILMS     a film or a folder of films
#   DATA      folder of the triplets; the run's TOML names it under [[sources]]
#   RUN.toml  the run, such as one of export/runs
# PYTHON names the interpreter (the checkout's own if unset), LOGS the folder of the logs (DATA/logs if unset).
# A damaged film stops nothing: the rest is extracted, and the training begins.
set -uo pipefail
if [ $# -lt 3 ]; then
  sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
films=$1 data=$2 run=$3
shift 3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
python=${PYTHON:-$here/.venv/bin/python}
logs=${LOGS:-$data/logs}
mkdir -p "$logs" || exit 2
logs=$(cd "$logs" && pwd) run=$(realpath "$run") || exit 2
stamp=$(date +%Y%m%d-%H%M%S)
started=$(date '+%F %T')

finish() { # one line at the end, on the screen and in a file: what a glance in the morning needs
  printf '%s\n' "overnight: $1 (began $started, ended $(date '+%F %T'); logs: $logs/$stamp-*.log)" | tee "$logs/last.txt"
  exit "$2"
}
trap 'finish "STOPPED by a signal; the same line goes on" 130' INT TERM

"$python" "$here/scripts/extract_triplets.py" "$films" --out "$data" "$@" 2>&1 | tee -i "$logs/$stamp-extract.log"
extracted=${PIPESTATUS[0]}
case $extracted in
  0) note='all films extracted' ;;
  4) note='some films are damaged, see the log; the others are extracted' ;;
  *) finish "FAILED while extracting (exit code $extracted); nothing was trained" "$extracted" ;;
esac

(cd "$here" && exec "$python" -m export.train "$run") 2>&1 | tee -i "$logs/$stamp-train.log"
trained=${PIPESTATUS[0]}
[ "$trained" -eq 0 ] || finish "FAILED while training (exit code $trained); $note" "$trained"
finish "DONE: $note, and the run of $(basename "$run") has ended" "$extracted"
