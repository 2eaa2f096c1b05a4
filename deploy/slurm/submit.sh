#!/usr/bin/env bash
# Submits a command of the tool as an array of PARTS tasks whose results come together in OUTPUT:
#
#   deploy/slurm/submit.sh [OPTION OF SBATCH...] PARTS OUTPUT costate evaluate editing --faces 200
#   SHARD=dynamic deploy/slurm/submit.sh [OPTION OF SBATCH...] PARTS OUTPUT costate morph --batch pairs.csv
#
# By default each task computes its part (--shard auto) in a folder of its own below OUTPUT.parts, and a job that depends on all of them merges
# them into OUTPUT. With SHARD=dynamic all tasks share OUTPUT: each takes what the others leave, the last sums up, and there is no other job.
# OUTPUT must be on a file system that all nodes see. It prints the numbers of the jobs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

options=()
while [[ ${1:-} == -* ]]; do
  options+=("$1")
  shift
done
if [[ $# -lt 3 || ! $1 =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: submit.sh [OPTION OF SBATCH...] PARTS OUTPUT COMMAND...; options as --name=value" >&2
  exit 2
fi
parts=$1 output=$(realpath -m "$2")
shift 2
tool=$1

case ${SHARD:-auto} in
  auto)
    mkdir -p "$output.parts"
    array=$(sbatch --parsable "${options[@]}" --array="1-$parts" "$here/costate.sbatch" \
      "$here/part.sh" "$output.parts" "$@")
    # After any end: the merge says which part is not complete, and a batch with rows that cannot be done ends with 1.
    merge=$(sbatch --parsable "${options[@]}" --dependency="afterany:$array" --time=00:30:00 \
      --job-name=costate-merge --output=%x-%A.log --wrap="'$tool' evaluate merge '$output.parts'/* --output '$output'")
    echo "array $array, merge $merge"
    ;;
  dynamic)
    mkdir -p "$output"
    array=$(sbatch --parsable "${options[@]}" --array="1-$parts" "$here/costate.sbatch" "$@" --shard dynamic --output "$output")
    echo "array $array"
    ;;
  *)
    echo "Got SHARD=$SHARD; expected auto or dynamic" >&2
    exit 2
    ;;
esac
