#!/usr/bin/env bash
# Test on several devices: dist_test.sh CONFIG CHECKPOINT GPUS [test.py flags]
# Several machines: set NNODES, NODE_RANK and MASTER_ADDR, and the same PORT, on each.
set -euo pipefail

if [ $# -lt 3 ]; then
  echo "usage: $0 CONFIG CHECKPOINT GPUS [test.py flags]" >&2
  exit 2
fi
config=$1
checkpoint=$2
gpus=$3
shift 3

exec "${PYTHON:-python}" -m torch.distributed.run \
  --nnodes "${NNODES:-1}" --node_rank "${NODE_RANK:-0}" --nproc_per_node "$gpus" \
  --master_addr "${MASTER_ADDR:-127.0.0.1}" --master_port "${PORT:-29500}" \
  "$(dirname "$0")/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
