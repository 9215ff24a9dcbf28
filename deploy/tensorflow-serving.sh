#!/usr/bin/env bash
# Serves every model of a folder with the official image of TensorFlow Serving, on the ports that serve-model uses.
#
#   deploy/tensorflow-serving.sh [FOLDER]      default: models
#
# REST_PORT, GRPC_PORT, HOST and IMAGE may be set. Needs Docker. Only this machine can reach it unless HOST=0.0.0.0: the
# server has no authentication.
set -euo pipefail

folder=$(cd "${1:-models}" && pwd)
image=${IMAGE:-tensorflow/serving:2.19.1}
config=$(mktemp)
trap 'rm -f "$config"' EXIT
# The server in the container runs as another user.
chmod 644 "$config"

echo 'model_config_list {' > "$config"
found=0
for model in "$folder"/*/; do
  name=$(basename "$model")
  # A version is a folder named by a number.
  ls "$model" | grep -qE '^[0-9]+$' || continue
  if [[ $name == *[\"\\]* ]]; then
    echo "$0: the name of $model has a quote or a backslash; rename it." >&2
    exit 2
  fi
  echo "  config { name: \"$name\" base_path: \"/models/$name\" model_platform: \"tensorflow\" }" >> "$config"
  found=$((found + 1))
done
echo '}' >> "$config"
if [[ $found == 0 ]]; then
  echo "$0: $folder has no model: a folder with a version in it, such as LenetModel/1. Train one: npm start -- --no-serve" >&2
  exit 1
fi

if [[ -n ${PRINT_CONFIG:-} ]]; then
  cat "$config"
  exit
fi
# Signet's model directories appear whole or not at all, so TensorFlow Serving can watch the folder.
docker run --rm \
  --publish "${HOST:-127.0.0.1}:${GRPC_PORT:-8500}:8500" --publish "${HOST:-127.0.0.1}:${REST_PORT:-8501}:8501" \
  --user 1000:1000 --read-only --cap-drop ALL --security-opt no-new-privileges \
  --mount "type=bind,source=$folder,target=/models,readonly" \
  --mount "type=bind,source=$config,target=/etc/models.config,readonly" \
  "$image" --model_config_file=/etc/models.config
