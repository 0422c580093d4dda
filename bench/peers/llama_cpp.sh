#!/usr/bin/env bash
# heed bench beside llama.cpp on the same GGUF file, in interleaved rounds; prints both medians and the ratios of prompt and decode.
# llama.cpp is the one that npm's node-llama-cpp brings along: its shared libraries, and its headers from the sources in the package.
# usage: llama_cpp.sh HEED NODE_MODULES MODEL.gguf [threads] [prompt] [tokens] [rounds] [repacked]
#   repacked: a file or folder for heed's --repacked
#   IK_LLAMA_BENCH in the environment: the llama-bench of a build of ik_llama.cpp, which then takes part, repacking at load and not
#   HEED: Heed.Cli.dll; NODE_MODULES: the node_modules folder that `npm install node-llama-cpp` made
set -euo pipefail
heed=$1 modules=$(cd "$2" && pwd) model=$3 threads=${4:-1} prompt=${5:-512} tokens=${6:-32} rounds=${7:-5} repacked=${8:-}
work=${TMPDIR:-/tmp}/heed-llama-cpp
export LLAMA_CPP_LIBRARIES=$modules/@node-llama-cpp/linux-x64/bins/linux-x64
mkdir -p "$work"
[ -d "$work/sources" ] || git -c advice.detachedHead=false clone -q "$modules/node-llama-cpp/llama/gitRelease.bundle" "$work/sources"
libraries=("$LLAMA_CPP_LIBRARIES"/libllama.*.so "$LLAMA_CPP_LIBRARIES"/libggml.*.so "$LLAMA_CPP_LIBRARIES"/libggml-base.so)
gcc -O2 -I "$work/sources/include" -I "$work/sources/ggml/include" "$(dirname "$0")/llama_cpp.c" -o "$work/llama_cpp" "${libraries[@]}" -Wl,-rpath,"$LLAMA_CPP_LIBRARIES"
runs=$work/runs.jsonl
: > "$runs"
note() { printf '{"engine": "%s", "run": %s}\n' "$1" "$(tr -d '\n')" >> "$runs"; }
for ((i = 0; i < rounds; i++)); do
  dotnet "$heed" bench "$model" --prompt "$prompt" -n "$tokens" --rounds 2 --threads "$threads" ${repacked:+--repacked "$repacked"} --json | note heed
  "$work/llama_cpp" "$model" "$threads" "$prompt" "$tokens" 2 | note llama.cpp
  if [ -n "${IK_LLAMA_BENCH:-}" ]; then
    for repack in 1 0; do "$IK_LLAMA_BENCH" -m "$model" -t "$threads" -p "$prompt" -n "$tokens" -r 2 -rtr $repack -o json 2> /dev/null | note "ik_llama.cpp$([ $repack = 1 ] && echo ', repacked')"; done
  fi
done
python3 - "$runs" <<'PYTHON'
import json, statistics, sys
found = {}
for line in open(sys.argv[1]):
    entry = json.loads(line)
    run = entry["run"]
    if isinstance(run, list):  # llama-bench: one entry for the prompt, one for new tokens
        run = {"prefill" if test["n_prompt"] else "decode": test["samples_ts"] for test in run}
    for what in ("prefill", "decode", "first_token_ms", "peak_mib"):
        value = run.get(what)
        if isinstance(value, dict): value = value["median"]
        if isinstance(value, list): value = statistics.median(value) if value else None
        if value is not None: found.setdefault(what, {}).setdefault(entry["engine"], []).append(value)
for what, engines in found.items():
    ours = engines.pop("heed")
    print(f"{what:15} heed {statistics.median(ours):9.1f} ({min(ours):.1f} to {max(ours):.1f})")
    for engine, theirs in engines.items():
        ratios = sorted(a / b for a, b in zip(ours, theirs))
        print(f"{'':15} {engine} {statistics.median(theirs):9.1f}  ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
PYTHON
