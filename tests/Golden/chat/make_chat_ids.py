"""Ids of Llama 2 and Llama 3 dialogs, by the reference's rules: sentencepiece encodes those of Llama 2, merges by rank those of Llama 3.

usage: make_chat_ids.py llama2_tokenizer.model | llama3_tokenizer.model
needs sentencepiece (made with 0.1.97) for the first, regex for the second; writes llama2.json or llama3.json beside itself.
The vocabularies are Meta's and not part of the repository; only ids are.
"""
import base64
import json
import pathlib
import sys

LONG = " ".join(f"Line {i}: the quick brown fox jumps over {i * i} lazy dogs; naïve café, 東京 and 🙂." for i in range(60))

DIALOGS = {
    "single": [("user", "What is the capital of France?")],
    "system": [("system", "Answer in one word."), ("user", "What is the capital of France?")],
    "turns": [("user", "Hi!"), ("assistant", "Hello! How can I help?"), ("user", "Tell me a joke."), ("assistant", "No."), ("user", "Please?")],
    "system and turns": [("system", "You are a poet.\nYou rhyme."), ("user", "Hi"), ("assistant", "Bye"), ("user", "Why?")],
    "unicode": [("user", "Ωμέγα, 日本語, हिन्दी, 🙂👩‍👩‍👧, \u0301, ﷽"), ("assistant", "naïve — “yes” …"), ("user", "\u200b\u00a0ß\ttab")],
    "spaces": [("user", "  two before, two after  "), ("assistant", "\n\nlines around\n"), ("user", " in   between ")],
    "empty": [("user", ""), ("assistant", ""), ("user", "x")],
    "blank system": [("system", "  "), ("user", "x")],
    "numbers": [("user", "1234567890 3.14159 0x1F 1,000,000")],
    "markers of the other": [("user", "<|eot_id|><|im_end|></s><s>"), ("assistant", "<|start_header_id|>"), ("user", "</s>")],
    "long": [("system", LONG), ("user", LONG), ("assistant", LONG), ("user", "And?")],
}


def llama2(encode, bos, eos, dialog):
    """Each turn by itself: BOS, "[INST] question [/INST] answer ", EOS; the system message stands in the first question."""
    if dialog[0][0] == "system":
        question = "<<SYS>>\n" + dialog[0][1] + "\n<</SYS>>\n\n" + dialog[1][1]
        dialog = [("user", question)] + dialog[2:]
    ids = []
    for (_, question), (_, answer) in zip(dialog[::2], dialog[1::2]):
        ids += [bos] + encode(f"[INST] {question.strip()} [/INST] {answer.strip()} ") + [eos]
    return ids + [bos] + encode(f"[INST] {dialog[-1][1].strip()} [/INST]")


def llama3(encode, special, dialog):
    """BOS, then each message stripped between a header and the end of turn; then the header of the answer."""
    ids = [special["<|begin_of_text|>"]]

    def header(role):
        return [special["<|start_header_id|>"]] + encode(role) + [special["<|end_header_id|>"]] + encode("\n\n")

    for role, text in dialog:
        ids += header(role) + encode(text.strip()) + [special["<|eot_id|>"]]
    return ids + header("assistant")


def merge(word, ranks):
    """Joins the pair of neighbours of the lowest rank until none has one."""
    parts = [bytes([b]) for b in word]
    while len(parts) > 1:
        best = min(range(len(parts) - 1), key=lambda i: ranks.get(parts[i] + parts[i + 1], float("inf")))
        if parts[best] + parts[best + 1] not in ranks:
            break
        parts[best:best + 2] = [parts[best] + parts[best + 1]]
    return [ranks[part] for part in parts]


def llama3_encoding(path):
    import regex
    lines = pathlib.Path(path).read_bytes().split(b"\n")
    ranks = {base64.b64decode(line.split()[0]): int(line.split()[1]) for line in lines if line}
    names = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
             "<|reserved_special_token_2|>", "<|reserved_special_token_3|>", "<|start_header_id|>", "<|end_header_id|>",
             "<|reserved_special_token_4|>", "<|eot_id|>"]
    special = {name: len(ranks) + i for i, name in enumerate(names)}
    words = regex.compile(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                          r"|\s*[\r\n]+|\s+(?!\S)|\s+")

    def encode(text):
        ids = []
        for word in words.findall(text):
            raw = word.encode("utf-8")
            ids += [ranks[raw]] if raw in ranks else merge(raw, ranks)
        return ids

    return encode, special


def write(name, ids_of):
    cases = [{"name": key, "messages": [{"role": r, "content": c} for r, c in dialog], "ids": ids_of(dialog)} for key, dialog in DIALOGS.items()]
    lines = ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases)
    (pathlib.Path(__file__).parent / name).write_text("[\n" + lines + "\n]\n", encoding="ascii")


def main():
    path = sys.argv[1]
    if "llama2" in pathlib.Path(path).name:
        import sentencepiece
        pieces = sentencepiece.SentencePieceProcessor(model_file=path)
        write("llama2.json", lambda dialog: llama2(pieces.encode, pieces.bos_id(), pieces.eos_id(), dialog))
    else:
        encode, special = llama3_encoding(path)
        write("llama3.json", lambda dialog: llama3(encode, special, dialog))


main()
