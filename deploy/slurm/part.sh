#!/usr/bin/env bash
# part.sh FOLDER COMMAND...: the part of the array job that this task is, in a folder of its own.
set -euo pipefail
folder=$1
shift
exec "$@" --shard auto --output "$folder/$SLURM_ARRAY_TASK_ID"
