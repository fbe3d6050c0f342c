#!/usr/bin/env bash
# A whole agent in bash: a private agent of your project that reports every 10 s and signs off when it ends.
#   source .local/demo.env && samples/agent.sh [worker id]
set -uo pipefail
: "${XEROTIER_BASE_URL:?source demo.env first}" "${XEROTIER_API_KEY:?source demo.env first}"
id=${1:-agent-$(hostname)-$$}
head=$(mktemp)

beat() {
  curl -sS --fail-with-body --max-time 5 -D "$head" "$XEROTIER_BASE_URL/heartbeats" \
    -H "Authorization: Bearer $XEROTIER_API_KEY" -H 'Content-Type: application/json' -d @- <<JSON && echo
{"heartbeats":[{"worker_id":"$id","name":"$(hostname)","region":"local","kind":"private","version":"1.0.0","state":"$1",
 "max_concurrent_requests":8,"active_requests":$((RANDOM % 8)),"models":["llama-3.3-70b"],"endpoints":["chat"]}]}
JSON
}

trap 'beat offline; rm -f "$head"; exit' INT TERM
retry=1 # seconds; doubled with each failure, up to 30
while :; do
  pause=${XEROTIER_INTERVAL:-10}
  : >"$head"
  if beat ready; then retry=1; else
    asked=$(sed -n 's/^retry-after: *\([0-9]\{1,4\}\).*/\1/Ip' "$head" | tail -1) # what a busy or absent service asks for
    pause=$((${asked:-0} > retry ? asked : retry)).$((RANDOM % 900 + 100))           # and not everybody at the same moment
    retry=$((retry < 16 ? retry * 2 : 30))
    echo "Not heard; trying again in $pause s." >&2
  fi
  sleep "$pause" & wait $!
done
