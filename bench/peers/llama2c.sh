#!/usr/bin/env bash
# Greedy decode of a llama2.c checkpoint by heed and by llama2.c's own `run`, in interleaved rounds; prints both
# medians with their spread and the ratio. Both sides report their own decode rate, model loading left out.
# usage: llama2c.sh HEED RUN MODEL.bin TOKENIZER.bin [threads] [tokens] [rounds]
#   HEED: the published heed binary, or bench's Heed.Benchmarks for the engine without streaming and after a warm-up
#   RUN: llama2.c's run, built with -Ofast -march=native -fopenmp
set -euo pipefail
heed=$1 run=$2 model=$3 tokenizer=$4 threads=${5:-1} tokens=${6:-200} rounds=${7:-7}
ours=() theirs=()
for ((i = 0; i <= rounds; i++)); do
  case $(basename "$heed") in
    Heed.Benchmarks*) command=("$heed" decode "$model" "$threads" "$tokens") ;;
    *) command=("$heed" complete -m "$model" --tokenizer "$tokenizer" -t 0 -n "$tokens" --ignore-end --threads "$threads" --stats "") ;;
  esac
  a=$("${command[@]}" 2>&1 | tr -d '\0' \
    | awk '/^decode.*tok.s$/ { gsub(",", ""); print $(NF - 1) }')
  b=$(OMP_NUM_THREADS=$threads OMP_PROC_BIND=true "$run" "$model" -t 0 -n "$tokens" -z "$tokenizer" 2>&1 >/dev/null | grep -oE 'tok/s: [0-9.]+' | cut -d' ' -f2)
  ((i == 0)) && continue # The first round warms the file cache.
  ours+=("$a") theirs+=("$b")
done
median() { printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { printf "%s (%s to %s)", v[int((NR + 1) / 2)], v[1], v[NR] }'; }
ratios=()
for ((i = 0; i < rounds; i++)); do ratios+=("$(awk "BEGIN { printf \"%.3f\", ${ours[i]} / ${theirs[i]} }")"); done
echo "$(basename "$model"), $threads thread(s), $tokens tokens, $rounds rounds"
echo "  heed      $(median "${ours[@]}") tok/s"
echo "  llama2.c  $(median "${theirs[@]}") tok/s"
echo "  ratio     $(median "${ratios[@]}")"
