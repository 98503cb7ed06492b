#!/usr/bin/env bash
# Test on a slurm cluster: slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [test.py flags]
# GPUS (8) in all, GPUS_PER_NODE (the smaller of 8 and GPUS), CPUS_PER_TASK (5), SRUN_ARGS.
set -euo pipefail

if [ $# -lt 4 ]; then
  echo "usage: $0 PARTITION JOB_NAME CONFIG CHECKPOINT [test.py flags]" >&2
  exit 2
fi
partition=$1
job_name=$2
config=$3
checkpoint=$4
shift 4

gpus=${GPUS:-8}
gpus_per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}

# SRUN_ARGS holds several words on purpose.
# shellcheck disable=SC2086
exec srun --partition="$partition" --job-name="$job_name" \
  --gres="gpu:$gpus_per_node" --ntasks="$gpus" --ntasks-per-node="$gpus_per_node" \
  --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
  "${PYTHON:-python}" -u "$(dirname "$0")/test.py" "$config" "$checkpoint" --launcher slurm "$@"
