// The outside witness: llama.cpp, through the npm package node-llama-cpp, decodes a GGUF file greedily.
// node decode.mjs MODEL COUNT PROMPT…   prints one JSON array: for each prompt its tokens and those that follow.
import { getLlama } from "node-llama-cpp";

const [model, count, ...prompts] = process.argv.slice(2);
const llama = await getLlama({ gpu: false, build: "never", progressLogs: false, logLevel: "error" });
const loaded = await llama.loadModel({ modelPath: model, gpuLayers: 0 });
const results = [];
for (const prompt of prompts) {
    const context = await loaded.createContext({ contextSize: 128, threads: 1, flashAttention: false });
    const sequence = context.getSequence();
    const tokens = loaded.tokenize(prompt, false);
    if (loaded.tokens.shouldPrependBosToken && loaded.tokens.bos !== null) tokens.unshift(loaded.tokens.bos);
    const next = [];
    for await (const token of sequence.evaluate(tokens, { temperature: 0, yieldEogToken: true })) {
        next.push(token);
        if (next.length === Number(count) || loaded.isEogToken(token)) break;
    }
    results.push({ tokens, next });
    await context.dispose();
}
console.log(JSON.stringify(results));
process.exit(0);
