#!/usr/bin/env bash
# Kills a smoke reproduction of Table 3 with SIGKILL at three random moments, begins it again each
# time, and compares its CSV with that of an unbroken run.
# usage: killed.sh RESULTS DATA UNBROKEN.csv
set -euo pipefail
results=$1 data=$2 unbroken=$3
command=(deno run -A cli.ts table3 --setup smoke --data "$data" --results "$results")

for attempt in 1 2 3; do
  seconds=$((RANDOM % 9 + 2))
  "${command[@]}" > /dev/null 2>&1 &
  process=$!
  sleep "$seconds"
  kill -KILL "$process" 2> /dev/null || true
  wait "$process" 2> /dev/null || true
  echo "attempt $attempt: killed after $seconds s"
done
"${command[@]}" > /dev/null
cmp "$unbroken" "$results/smoke/table3.csv"
echo "the CSV is the same"
