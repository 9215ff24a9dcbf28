#!/bin/sh
# Runs the worker with a TF_CONFIG made from the variables that an indexed Job of Kubernetes gives its pods.
#
#   JOB_NAME               the Job's name, with which its pods' host names begin
#   SERVICE_NAME           the headless Service, their subdomain
#   WORKERS                number of workers
#   JOB_COMPLETION_INDEX   this worker's number, from 0; set by Kubernetes
set -eu
port=2222
hosts=''
index=0
while [ "$index" -lt "$WORKERS" ]; do
  hosts="$hosts${hosts:+, }\"$JOB_NAME-$index.$SERVICE_NAME:$port\""
  index=$((index + 1))
done
TF_CONFIG="{\"cluster\": {\"worker\": [$hosts]}, \"task\": {\"type\": \"worker\", \"index\": $JOB_COMPLETION_INDEX}}"
export TF_CONFIG
exec python3 "$(dirname "$0")/worker.py" "$@"
