#!/usr/bin/env bash
# Perplexity of a model in each recipe, quantized by heed and by llama.cpp from the same weights, with and without the same importance
# matrix; heed eval judges all of them. llama.cpp is the one that npm's node-llama-cpp brings along, as in llama_cpp.sh.
# usage: llama_quantize.sh HEED NODE_MODULES MODEL TEXT CALIBRATION [recipes]
#   HEED: Heed.Cli.dll; NODE_MODULES: the node_modules folder that `npm install node-llama-cpp` made; MODEL: any model that heed reads
#   TEXT: what perplexity is measured on; CALIBRATION: another text, for the importance matrix
# KEEP=folder keeps all files there.
set -euo pipefail
heed=$1 modules=$(cd "$2" && pwd) model=$3 text=$4 calibration=$5
recipes=${6:-q8_0 q6_k q5_k_m q5_k_s q5_1 q5_0 q4_k_m q4_k_s q4_1 q4_0 iq4_nl iq4_xs q3_k_l q3_k_m q3_k_s q2_k q2_k_s}
declare -A number=([q8_0]=7 [q6_k]=18 [q5_k_m]=17 [q5_k_s]=16 [q5_1]=9 [q5_0]=8 [q4_k_m]=15 [q4_k_s]=14 [q4_1]=3 [q4_0]=2 [iq4_nl]=25 [iq4_xs]=30
  [q3_k_l]=13 [q3_k_m]=12 [q3_k_s]=11 [q2_k]=10 [q2_k_s]=21)
work=${TMPDIR:-/tmp}/heed-llama-cpp
export LLAMA_CPP_LIBRARIES=$modules/@node-llama-cpp/linux-x64/bins/linux-x64
mkdir -p "$work"
[ -d "$work/sources" ] || git -c advice.detachedHead=false clone -q "$modules/node-llama-cpp/llama/gitRelease.bundle" "$work/sources"
libraries=("$LLAMA_CPP_LIBRARIES"/libllama.*.so "$LLAMA_CPP_LIBRARIES"/libggml.*.so "$LLAMA_CPP_LIBRARIES"/libggml-base.so)
gcc -O2 -I "$work/sources/include" -I "$work/sources/ggml/include" "$(dirname "$0")/llama_quantize.c" -o "$work/llama_quantize" "${libraries[@]}" -Wl,-rpath,"$LLAMA_CPP_LIBRARIES"
out=${KEEP:-$(mktemp -d)}
mkdir -p "$out"
[ -n "${KEEP:-}" ] || trap 'rm -rf "$out"' EXIT

perplexity() { dotnet "$heed" eval "$text" --model "$1" --json | python3 -c 'import json, sys; print("%.4f" % json.load(sys.stdin)["perplexity"])'; }

dotnet "$heed" convert "$model" "$out/f32.gguf" --type f32 --force 2>/dev/null
dotnet "$heed" quantize "$model" "$out/first.gguf" --type q2_k --calibrate "$calibration" --save-importance "$out/importance.gguf" --force 2>/dev/null
echo "f32 $(perplexity "$out/f32.gguf")"
echo "recipe heed llama.cpp heed-calibrated llama.cpp-calibrated bytes-heed bytes-llama.cpp"
for recipe in $recipes; do
  row=$recipe
  for importance in "" "$out/importance.gguf"; do
    ours=$out/$recipe${importance:+-calibrated}.gguf theirs=$out/$recipe${importance:+-calibrated}-llama.gguf
    dotnet "$heed" quantize "$out/f32.gguf" "$ours" --type "$recipe" ${importance:+--importance "$importance"} --force 2>/dev/null
    row="$row $(perplexity "$ours")"
    # Some recipes are refused without an importance matrix.
    if "$work/llama_quantize" "$out/f32.gguf" "$theirs" "${number[$recipe]}" 2 $importance >/dev/null 2>&1; then row="$row $(perplexity "$theirs")"; else row="$row -"; fi
  done
  echo "$row $(stat -c %s "$out/$recipe-calibrated.gguf") $(stat -c %s "$out/$recipe-calibrated-llama.gguf")"
done
