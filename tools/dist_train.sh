#!/usr/bin/env bash
# Train on several devices: dist_train.sh CONFIG GPUS [train.py flags]
# Several machines: set NNODES, NODE_RANK and MASTER_ADDR, and the same PORT, on each.
set -euo pipefail

if [ $# -lt 2 ]; then
  echo "usage: $0 CONFIG GPUS [train.py flags]" >&2
  exit 2
fi
config=$1
gpus=$2
shift 2

exec "${PYTHON:-python}" -m torch.distributed.run \
  --nnodes "${NNODES:-1}" --node_rank "${NODE_RANK:-0}" --nproc_per_node "$gpus" \
  --master_addr "${MASTER_ADDR:-127.0.0.1}" --master_port "${PORT:-29500}" \
  "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"
