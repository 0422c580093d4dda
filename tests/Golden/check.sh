#!/bin/sh
# Makes every golden again and fails when a byte differs from what is committed.
set -eu
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1
python=${PYTHON:-python3}
"$python" make_models.py
"$python" make_layers.py
"$python" make_blocks.py
"$python" make_mixers.py
"$python" make_encoder_decoder.py
"$python" make_optimizer.py
"$python" make_training.py
"$python" make_lora.py
"$python" make_embeddings.py
"$python" make_beams.py
(cd jinja && "$python" make_jinja.py)
git diff --exit-code --stat -- models layers blocks training lora beams jinja embeddings.json
test -z "$(git status --porcelain -- models layers blocks training lora beams jinja embeddings.json)"
