#!/usr/bin/env bash
# Sends two turns to undertone by HTTP and prints what it says of them: a JSON array with one answer per turn.
#
#     UNDERTONE_TOKEN=... docs/clients/curl.sh http://127.0.0.1:8787/v1/turns
set -euo pipefail

url=${1:-${UNDERTONE_URL:-http://127.0.0.1:8787/v1/turns}}
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
authorization=()
[ -z "${UNDERTONE_TOKEN:-}" ] || authorization=(-H "Authorization: Bearer $UNDERTONE_TOKEN")

# One turn per line. --retry waits as long as Retry-After says when the server is busy (503).
curl --fail-with-body --silent --show-error --retry 5 ${authorization[@]+"${authorization[@]}"} \
    -H 'Content-Type: application/x-ndjson' --data-binary @- "$url" <<TURNS
{"turn_id":"m-1","conversation_id":"example-curl-$$","role":"customer","text":"This is the third time I ask. Where is my refund?","ts":"$now","channel":"chat"}
{"turn_id":"m-2","conversation_id":"example-curl-$$","role":"agent","text":"I am sorry about that. It went out this morning.","ts":"$now","channel":"chat"}
TURNS
