#!/usr/bin/env bash
# heed bench beside llama.cpp on the same GGUF file, in interleaved rounds; prints both medians and the ratios of prompt and decode.
# llama.cpp is the one that npm's node-llama-cpp brings along: its shared libraries, and its headers from the sources in the package.
# usage: llama_cpp.sh HEED NODE_MODULES MODEL.gguf [threads] [prompt] [tokens] [rounds] [repacked]
#   repacked: a file or folder for heed's --repacked
#   HEED: Heed.Cli.dll; NODE_MODULES: the node_modules folder that `npm install node-llama-cpp` made
set -euo pipefail
heed=$1 modules=$(cd "$2" && pwd) model=$3 threads=${4:-1} prompt=${5:-512} tokens=${6:-32} rounds=${7:-5} repacked=${8:-}
work=${TMPDIR:-/tmp}/heed-llama-cpp
export LLAMA_CPP_LIBRARIES=$modules/@node-llama-cpp/linux-x64/bins/linux-x64
mkdir -p "$work"
[ -d "$work/sources" ] || git -c advice.detachedHead=false clone -q "$modules/node-llama-cpp/llama/gitRelease.bundle" "$work/sources"
libraries=("$LLAMA_CPP_LIBRARIES"/libllama.*.so "$LLAMA_CPP_LIBRARIES"/libggml.*.so "$LLAMA_CPP_LIBRARIES"/libggml-base.so)
gcc -O2 -I "$work/sources/include" -I "$work/sources/ggml/include" "$(dirname "$0")/llama_cpp.c" -o "$work/llama_cpp" "${libraries[@]}" -Wl,-rpath,"$LLAMA_CPP_LIBRARIES"
ours=() theirs=()
for ((i = 0; i < rounds; i++)); do
  ours+=("$(dotnet "$heed" bench "$model" --prompt "$prompt" -n "$tokens" --rounds 2 --threads "$threads" ${repacked:+--repacked "$repacked"} --json)")
  theirs+=("$("$work/llama_cpp" "$model" "$threads" "$prompt" "$tokens" 2)")
done
printf '%s\n' "${ours[@]}" -- "${theirs[@]}" | python3 -c '
import json, statistics, sys
lines = sys.stdin.read().split("--\n")
ours, theirs = ([json.loads(line) for line in part.splitlines()] for part in lines)
for what in ("prefill", "decode"):
    a = [run[what]["median"] for run in ours]
    b = [statistics.median(run[what]) for run in theirs]
    ratios = sorted(x / y for x, y in zip(a, b))
    print(f"{what:8} heed {statistics.median(a):9.1f}  llama.cpp {statistics.median(b):9.1f}  ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
for what in ("first_token_ms", "peak_mib"):
    a, b = ([run[what] for run in runs] for runs in (ours, theirs))
    ratios = sorted(x / y for x, y in zip(a, b))
    print(f"{what:14} heed {statistics.median(a):9.1f}  llama.cpp {statistics.median(b):9.1f}  ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
'
