// How fast llama.cpp reads a prompt and writes on: the same thing that `heed bench MODEL` measures, through its C interface.
// usage: llama_cpp MODEL.gguf THREADS PROMPT TOKENS ROUNDS
// Prints a line of JSON with tokens/s of each round, the time until the weights are there and until the first token's logits are, and peak memory. Build: see llama_cpp.sh.
#include "llama.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void silent(enum ggml_log_level level, const char *text, void *data) {
    (void)data;
    if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

static void feed(struct llama_context *context, llama_token *tokens, int count) {
    if (llama_decode(context, llama_batch_get_one(tokens, count)) != 0) {
        fprintf(stderr, "llama_decode failed\n");
        exit(1);
    }
}

static void print(const char *name, const double *values, int count) {
    printf("\"%s\": [", name);
    for (int i = 0; i < count; i++) printf("%s%.3f", i ? ", " : "", values[i]);
    printf("], ");
}

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: llama_cpp MODEL.gguf THREADS PROMPT TOKENS ROUNDS\n");
        return 2;
    }
    int threads = atoi(argv[2]), prompt = atoi(argv[3]), tokens = atoi(argv[4]), rounds = atoi(argv[5]);
    llama_log_set(silent, NULL);
    ggml_backend_load_all_from_path(getenv("LLAMA_CPP_LIBRARIES"));
    llama_backend_init();
    double start = now();
    struct llama_model *model = llama_model_load_from_file(argv[1], llama_model_default_params());
    if (!model) return 1;
    struct llama_context_params params = llama_context_default_params();
    params.n_ctx = prompt + tokens + 8;
    params.n_batch = prompt > 512 ? prompt : 512;
    params.n_ubatch = 512;
    params.n_threads = threads;
    params.n_threads_batch = threads;
    struct llama_context *context = llama_init_from_model(model, params);
    if (!context) return 1;
    double loaded = now() - start;
    int vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
    llama_token *ids = malloc(sizeof(llama_token) * prompt);
    srand(1);
    for (int i = 0; i < prompt; i++) ids[i] = rand() % vocabulary;
    llama_token first = ids[0];
    feed(context, &first, 1);
    llama_synchronize(context);
    double first_token = now() - start;
    double *read = malloc(sizeof(double) * rounds), *write = malloc(sizeof(double) * rounds);
    for (int round = -1; round < rounds; round++) {
        llama_memory_clear(llama_get_memory(context), true);
        start = now();
        feed(context, ids, prompt);
        llama_synchronize(context);
        double took = now() - start;
        start = now();
        for (int i = 0; i < tokens; i++) {
            const float *logits = llama_get_logits_ith(context, -1);
            llama_token best = 0;
            for (int t = 1; t < vocabulary; t++)
                if (logits[t] > logits[best]) best = t;
            feed(context, &best, 1);
        }
        llama_synchronize(context);
        if (round < 0) continue;
        read[round] = prompt / took;
        write[round] = tokens > 0 ? tokens / (now() - start) : 0;
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{");
    print("prefill", read, rounds);
    print("decode", write, rounds);
    printf("\"load_ms\": %.1f, \"first_token_ms\": %.1f, \"peak_mib\": %.1f}\n", loaded * 1000, first_token * 1000, usage.ru_maxrss / 1024.0);
    llama_free(context);
    llama_model_free(model);
    return 0;
}
