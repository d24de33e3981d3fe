#!/usr/bin/env bash
# Trains cohorts of the tables on a bare machine with one NVIDIA GPU, from this repository's root:
#
#   accelnas table jobs jobs.json                                                  # anywhere
#   DATA=folder JOBS=jobs.json OUT=out SECONDS_TO_USE=480 benchmarks/timings/gpu_table.sh      # there
#   accelnas table take jobs.json out/rows.jsonl                                   # anywhere
#
# DATA holds train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz of Fashion-MNIST and photographs.npz, which
# `accelnas prepare --dataset fashion_scenes` leaves below the home.  No network is needed, nor a prepared data set.
# Python needs jax with CUDA, flax, optax, numpy, scipy, pillow 13 and pycocotools.
# Measured with 22 workers and 16 cores: results/tables/gpu.csv.
set -euo pipefail
WORKERS=${WORKERS:-$(($(nproc) > 2 ? $(nproc) - 2 : 1))}
SCRATCH=$(mktemp -d -p /dev/shm)
# the service is asked to quit through the pipe that lies below $SCRATCH
trap '[ -z "${CUDA_MPS_PIPE_DIRECTORY:-}" ] || echo quit | nvidia-cuda-mps-control || true; rm -rf "$SCRATCH"' EXIT
# with NVIDIA's multi-process service small kernels of several workers run at the same time
if command -v nvidia-cuda-mps-control >/dev/null; then
  export CUDA_MPS_PIPE_DIRECTORY=$SCRATCH/mps CUDA_MPS_LOG_DIRECTORY=$SCRATCH/log
  mkdir -p "$CUDA_MPS_PIPE_DIRECTORY" "$CUDA_MPS_LOG_DIRECTORY"
  if ! nvidia-cuda-mps-control -d || ! timeout 60 python3 -c "import jax; jax.numpy.ones(3).sum().block_until_ready()"; then
    echo quit | nvidia-cuda-mps-control || true
    unset CUDA_MPS_PIPE_DIRECTORY CUDA_MPS_LOG_DIRECTORY
  fi
fi
echo "multi-process service: ${CUDA_MPS_PIPE_DIRECTORY:-none}"
mkdir -p "$SCRATCH/arrays"
python3 -u -m benchmarks.tables.cohort_run --jobs "$JOBS" --data "$DATA" --out "$OUT" --scratch "$SCRATCH/arrays" \
  --seconds "${SECONDS_TO_USE:-480}" --workers "$WORKERS" --accelerator
