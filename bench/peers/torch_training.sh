#!/usr/bin/env bash
# Training steps of one model by heed and by PyTorch in interleaved rounds: medians, ratios and peak memory.
# usage: torch_training.sh BENCH THREADS VOCABULARY [rounds] [steps]; BENCH is the built Heed.Benchmarks.
# PyTorch is run twice a round: as installed, and "fair": with the OpenBLAS of TORCH_BLAS (a folder with libopenblas.so.0 built
# for OpenMP; left out if unset) and OPENBLAS_CORETYPE=SkylakeX. PYTHON names the interpreter that has torch.
set -euo pipefail
bench=$1 threads=$2 vocabulary=$3 rounds=${4:-5} steps=${5:-5}
python=${PYTHON:-python3} here=$(cd "$(dirname "$0")" && pwd)
ours=() installed=() fair=() memory=() torch=()
for ((i = 0; i < rounds; i++)); do
  line=$("$bench" train "$threads" "$vocabulary" "$steps")
  ours+=("$(sed -E 's/.*median ([0-9.]+) ms.*/\1/' <<<"$line")") memory+=("$(sed -E 's/.*RSS ([0-9]+) MiB.*/\1/' <<<"$line")")
  line=$(LD_LIBRARY_PATH=${TORCH_BLAS:-} OPENBLAS_CORETYPE=SkylakeX OMP_NUM_THREADS=$threads "$python" "$here/torch_training.py" "$threads" "$vocabulary" "$steps")
  fair+=("$(sed -E 's/^([0-9.]+) ms.*/\1/' <<<"$line")") torch+=("$(sed -E 's/.*peak ([0-9]+) MiB.*/\1/' <<<"$line")")
  line=$("$python" "$here/torch_training.py" "$threads" "$vocabulary" 3)
  installed+=("$(sed -E 's/^([0-9.]+) ms.*/\1/' <<<"$line")")
done
middle() { printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { printf "%s (%s to %s)", v[int((NR + 1) / 2)], v[1], v[NR] }'; }
ratio() { local -n a=$1 b=$2; for ((i = 0; i < rounds; i++)); do awk "BEGIN { printf \"%.2f\n\", ${a[i]} / ${b[i]} }"; done; }
tokens() { awk "BEGIN { printf \"%.0f\", 2048000 / $1 }"; }
echo "vocabulary $vocabulary, $threads thread(s), $rounds rounds of $steps steps; 8 x 256 tokens, 288 wide, 6 layers"
for name in ours fair installed; do
  declare -n list=$name
  m=$(middle "${list[@]}")
  echo "  $name: $m ms a step, $(tokens "${m%% *}") tokens/s"
done
echo "  torch fair : heed       $(middle $(ratio fair ours))"
echo "  torch installed : heed  $(middle $(ratio installed ours))"
echo "  peak memory heed $(middle "${memory[@]}") MiB, torch $(middle "${torch[@]}") MiB"
