#!/usr/bin/env bash
# Causal attention forward and backward by Heed and by PyTorch's standard formula, in interleaved rounds: medians, their
# ratio, and each process's peak memory. PyTorch gets the BLAS that the environment names; a fair one is OpenBLAS with OpenMP:
#   LD_LIBRARY_PATH=.../openblas-openmp OPENBLAS_CORETYPE=SkylakeX
# usage: torch_attention.sh BENCH [threads] [rounds] [shape...]   BENCH: bench's Heed.Benchmarks; shape: "batch heads dim seq"
set -euo pipefail
bench=$1 threads=${2:-2} rounds=${3:-5}
shift $(($# < 3 ? $# : 3))
shapes=("$@")
((${#shapes[@]})) || shapes=("1 12 64 1024" "1 12 64 2048" "1 12 64 4096" "8 6 48 256" "12 4 32 64")
python=${PYTHON:-python3} here=$(cd "$(dirname "$0")" && pwd)
middle() { printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
echo "batch heads dim seq | heed forward + backward ms, MiB | torch forward + backward ms, MiB | torch : heed"
for shape in "${shapes[@]}"; do
  coproc HEED { "$bench" attention serve "$threads"; }
  heed_out=${HEED[0]} heed_in=${HEED[1]} heed_pid=$HEED_PID
  # A second coprocess of bash's would warn; named pipes do the same.
  pipes=$(mktemp -d)
  mkfifo "$pipes/in" "$pipes/out"
  OMP_NUM_THREADS=$threads "$python" "$here/torch_attention.py" "$threads" <"$pipes/in" >"$pipes/out" &
  torch_pid=$!
  exec 7>"$pipes/in" 8<"$pipes/out"
  hf=() hb=() hs=() tf=() tb=() ts=()
  for ((i = -2; i < rounds; i++)); do
    echo "$shape" >&"$heed_in"; read -r f b heed_peak <&"$heed_out"
    echo "$shape" >&7; read -r g c torch_peak <&8
    ((i < 0)) && continue # The first rounds compile and warm up.
    hf+=("$f") hb+=("$b") hs+=("$(awk "BEGIN { print $f + $b }")")
    tf+=("$g") tb+=("$c") ts+=("$(awk "BEGIN { print $g + $c }")")
  done
  exec 7>&- 8<&-
  eval "exec $heed_in>&-"
  wait "$heed_pid" "$torch_pid" || true
  rm -r "$pipes"
  awk -v s="$shape" -v hf="$(middle "${hf[@]}")" -v hb="$(middle "${hb[@]}")" -v hs="$(middle "${hs[@]}")" -v hp="$heed_peak" \
    -v tf="$(middle "${tf[@]}")" -v tb="$(middle "${tb[@]}")" -v ts="$(middle "${ts[@]}")" -v tp="$torch_peak" \
    'BEGIN { printf "%s | %.2f + %.2f = %.2f, %d | %.2f + %.2f = %.2f, %d | %.2f\n", s, hf * 1e3, hb * 1e3, hs * 1e3, hp, tf * 1e3, tb * 1e3, ts * 1e3, tp, ts / hs }'
done
