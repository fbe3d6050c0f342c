#!/usr/bin/env bash
# A whole agent in bash: a private agent of your project that reports every 10 s and signs off when it ends.
#   source .local/demo.env && samples/agent.sh [worker id]
set -uo pipefail
: "${XEROTIER_BASE_URL:?source demo.env first}" "${XEROTIER_API_KEY:?source demo.env first}"
id=${1:-agent-$(hostname)-$$}

beat() {
  curl -sS --fail-with-body --max-time 5 "$XEROTIER_BASE_URL/heartbeats" \
    -H "Authorization: Bearer $XEROTIER_API_KEY" -H 'Content-Type: application/json' -d @- <<JSON && echo
{"heartbeats":[{"worker_id":"$id","name":"$(hostname)","region":"local","kind":"private","version":"1.0.0","state":"$1",
 "max_concurrent_requests":8,"active_requests":$((RANDOM % 8)),"models":["llama-3.3-70b"],"endpoints":["chat"]}]}
JSON
}

trap 'beat offline; exit' INT TERM
while :; do
  pause=${XEROTIER_INTERVAL:-10}
  beat ready || { echo 'Not heard; trying again.' >&2; pause=1; }
  sleep "$pause" & wait $!
done
