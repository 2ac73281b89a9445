#!/usr/bin/env bash
# What the recording of the README shows, run for real: a message that outlives kill -9. record.sh makes the picture of it.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=/tmp/demo # Its name is in the picture.
mkdir "$folder"
cd "$folder"
broker=0
trap 'kill "$broker" 2>/dev/null || true; rm -rf "$folder"' EXIT

vouch() { "$root/node_modules/.bin/node" "$root/src/cli/main.ts" "$@"; }

# Shows a command as if it were typed.
type_in() {
  printf '\033[32m$\033[0m '
  local text=$1 i
  for ((i = 0; i < ${#text}; i++)); do
    printf '%s' "${text:i:1}"
    sleep 0.04
  done
  sleep 0.4
  printf '\n'
}

# Starts a broker as a shell does with &, and waits until it listens.
start_broker() {
  type_in 'vouch start --log-level warn &'
  "$root/node_modules/.bin/node" "$root/src/cli/main.ts" start --log-level warn &
  broker=$!
  until ss -ltn | grep -q '127.0.0.1:1883 '; do sleep 0.1; done
  sleep 1.5
}

start_broker
type_in "vouch sub -c -i archive -t 'greetings/#' -q 1 -E   # a session subscribes, and goes"
vouch sub -c -i archive -t 'greetings/#' -q 1 -E
sleep 0.7
type_in "vouch pub -t greetings/world -m 'still here' -q 1  # returns when it is on disk"
vouch pub -t greetings/world -m 'still here' -q 1
sleep 0.7
type_in 'kill -9 %1'
kill -9 "$broker"
wait "$broker" 2>/dev/null || true
sleep 1
start_broker
type_in "vouch sub -c -i archive -t 'greetings/#' -q 1 -C 1"
vouch sub -c -i archive -t 'greetings/#' -q 1 -C 1
sleep 3
