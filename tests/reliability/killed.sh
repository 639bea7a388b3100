#!/usr/bin/env bash
# Kills smoke reproductions of all tables with SIGKILL at random moments, data drawing and reports
# included, begins each again until it is done, and compares every CSV, byte for byte, with those of
# a reproduction that nobody broke. Says what each kill hit in FOLDER/kills.log.
# usage: killed.sh FOLDER KILLS [UNBROKEN]    UNBROKEN: results of an unbroken one; made if absent
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p "$1"
folder=$(realpath "$1") kills=$2 unbroken=${3:-}
# the task's own command, with its permissions
command=$(sed -n 's/^ *"command": "\(deno run .* reproduce-all\)"$/\1/p' deno.json)
read -ra reproduce <<< "$command --setup smoke"
longest=12000 # ms that a process lives; an unbroken one takes half a minute on 2 idle cores

if [ -z "$unbroken" ]; then
  unbroken=$folder/unbroken/smoke
  rm -rf "$folder/unbroken" "$folder/data-unbroken"
  SECONDS=0
  "${reproduce[@]}" --data "$folder/data-unbroken" --results "$folder/unbroken" > /dev/null 2>&1
  longest=$((SECONDS * 400)) # two fifths of it
fi

began=$SECONDS done=0 rounds=0
: > "$folder/kills.log"
while [ "$done" -lt "$kills" ]; do
  rm -rf "$folder/data" "$folder/results"
  while true; do
    "${reproduce[@]}" --data "$folder/data" --results "$folder/results" \
      > /dev/null 2> "$folder/stderr.log" &
    process=$!
    if [ "$done" -lt "$kills" ]; then
      ms=$((RANDOM * 32768 + RANDOM))
      ms=$((ms % longest))
      sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
      if kill -KILL "$process" 2> /dev/null; then
        done=$((done + 1))
        wait "$process" 2> /dev/null || true
        echo "$done: after $ms ms: $(tail -n 1 "$folder/stderr.log")" >> "$folder/kills.log"
        continue
      fi
    fi
    wait "$process" || { cat "$folder/stderr.log" >&2; exit 1; }
    break
  done
  rounds=$((rounds + 1))
  for csv in "$unbroken"/*.csv; do
    cmp "$csv" "$folder/results/smoke/$(basename "$csv")"
  done
  echo "$done kills in $rounds reproductions, $((SECONDS - began)) s: every CSV is the same"
done
