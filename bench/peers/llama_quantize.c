// Quantizes a GGUF file with llama.cpp's own quantizer, through its C interface.
// usage: llama_quantize IN.gguf OUT.gguf FTYPE THREADS [IMPORTANCE.gguf]
// FTYPE: llama.cpp's number of a recipe, general.file_type. Build: see llama_quantize.sh.
#include "ggml.h"
#include "gguf.h"
#include "llama.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void silent(enum ggml_log_level level, const char *text, void *data) {
    (void)data;
    if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

static void fail(const char *path, const char *what) {
    fprintf(stderr, "%s: %s\n", path, what);
    exit(1);
}

// The means of NAME.in_sum2 / NAME.counts; an entry without a name ends the list.
static struct llama_model_imatrix_data *importance(const char *path) {
    struct ggml_context *numbers = NULL;
    struct gguf_init_params how = {.no_alloc = false, .ctx = &numbers};
    struct gguf_context *file = gguf_init_from_file(path, how);
    if (!file) fail(path, "no importance matrix in GGUF's format");
    int64_t count = gguf_get_n_tensors(file), found = 0;
    struct llama_model_imatrix_data *list = calloc(count + 1, sizeof *list);
    for (int64_t i = 0; i < count; i++) {
        const char *name = gguf_get_tensor_name(file, i), *end = strstr(name, ".in_sum2");
        if (!end) continue;
        char other[GGML_MAX_NAME];
        snprintf(other, sizeof other, "%.*s.counts", (int)(end - name), name);
        struct ggml_tensor *sums = ggml_get_tensor(numbers, name), *counts = ggml_get_tensor(numbers, other);
        if (!counts) fail(path, "sums without a count");
        int64_t columns = ggml_nelements(sums);
        float *means = malloc(sizeof(float) * columns), rows = ((float *)counts->data)[0];
        for (int64_t j = 0; j < columns; j++) means[j] = rows > 0 ? ((float *)sums->data)[j] / rows : 1;
        list[found++] = (struct llama_model_imatrix_data){strndup(name, end - name), means, columns};
    }
    return list;
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: llama_quantize IN.gguf OUT.gguf FTYPE THREADS [IMPORTANCE.gguf]\n");
        return 2;
    }
    llama_log_set(silent, NULL);
    ggml_backend_load_all_from_path(getenv("LLAMA_CPP_LIBRARIES"));
    llama_backend_init();
    struct llama_model_quantize_params params = llama_model_quantize_default_params();
    params.ftype = atoi(argv[3]);
    params.nthread = atoi(argv[4]);
    if (argc > 5) params.imatrix = importance(argv[5]);
    return llama_model_quantize(argv[1], argv[2], &params) != 0;
}
