#!/usr/bin/env bash
# Two processes of one thread beside one process of two threads, in interleaved rounds: training steps, and a model's prompt and new tokens.
# usage: efficiency.sh BENCHMARKS HEED MODEL [rounds] [-- arguments of "Heed.Benchmarks parallel" after threads and tensor]
#   BENCHMARKS: Heed.Benchmarks.dll; HEED: Heed.Cli.dll; MODEL: a model's file, or none for training alone
set -euo pipefail
benchmarks=$1 heed=$2 model=$3 rounds=${4:-5}
shift $(($# < 4 ? $# : 4))
[ "${1:-}" = -- ] && shift
steps=(6 "$@")
mpi=(mpirun -n 2 --oversubscribe --bind-to none)
[ "$(id -u)" = 0 ] && mpi+=(--allow-run-as-root)
# A process that mpirun starts has a terminal, to which .NET would say more than the line.
export TERM=dumb
runs=$(mktemp)
trap 'rm -f "$runs"' EXIT
note() { printf '{"what": "%s", "run": %s}\n' "$1" "$(grep -o '{.*}' | tail -1)" >> "$runs"; }
for ((i = 0; i < rounds; i++)); do
  dotnet "$benchmarks" parallel 2 1 "${steps[@]}" | note "train 1"
  "${mpi[@]}" dotnet "$benchmarks" parallel 1 1 "${steps[@]}" | note "train 2"
  "${mpi[@]}" dotnet "$benchmarks" parallel 1 1 "${steps[@]}" --shard-optimizer | note "train 2, sharded optimizer"
  "${mpi[@]}" dotnet "$benchmarks" parallel 1 2 "${steps[@]}" | note "train 2, tensor parallel"
  if [ "$model" != none ]; then
    dotnet "$heed" bench "$model" --prompt 128 -n 32 --rounds 2 --threads 2 --json | note "bench 1"
    "${mpi[@]}" dotnet "$heed" bench "$model" --prompt 128 -n 32 --rounds 2 --threads 1 --json | note "bench 2"
  fi
done
python3 - "$runs" <<'PYTHON'
import json, statistics, sys
found = {}
for line in open(sys.argv[1]):
    entry = json.loads(line)
    run, kind = entry["run"], entry["what"]
    values = {"tokens/s": run["tokens_per_second"]} if "tokens_per_second" in run else {"prompt": run["prefill"]["median"], "decode": run["decode"]["median"]}
    for name, value in values.items(): found.setdefault((kind.split()[0], name), {}).setdefault(kind, []).append(value)
    if "bytes_per_step" in run: found.setdefault(("traffic", kind), {}).setdefault("bytes a step", []).append(run["bytes_per_step"])
for (group, name), kinds in found.items():
    base = kinds.get(f"{group} 1")
    for kind, values in kinds.items():
        ratio = sorted(a / b for a, b in zip(values, base)) if base else None
        text = f", of one process {statistics.median(ratio):.3f} ({ratio[0]:.3f} to {ratio[-1]:.3f})" if ratio else ""
        print(f"{name:28} {kind:28} {statistics.median(values):12.1f}{text}")
PYTHON
