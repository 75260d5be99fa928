// Writes what the example digits trains and tests on as MNIST's four files, for programs in any
// language: digit_data DIR [--fonts DIR] [--seed S]
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "glyphs.h"

static int usage(const char *program) {
    fprintf(stderr,
            "usage: %s DIR [options]\n"
            "  DIR           a folder that is there; train-images-idx3-ubyte,\n"
            "                train-labels-idx1-ubyte, t10k-images-idx3-ubyte and\n"
            "                t10k-labels-idx1-ubyte go into it\n"
            "  --fonts DIR   where the fonts are (default: where the system keeps them)\n"
            "  --seed S      of the pictures (default: 0)\n",
            program);
    return 2;
}

// An IDX header: two zeros, the type (8: bytes), the number of sizes, and each big-endian.
static int write_header(FILE *file, const int64_t *sizes, int rank) {
    const uint8_t magic[4] = {0, 0, 8, (uint8_t)rank};
    int failed = fwrite(magic, 4, 1, file) != 1;
    for (int i = 0; i < rank; i++) {
        const uint32_t n = (uint32_t)sizes[i];
        const uint8_t bytes[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                                  (uint8_t)n};
        failed |= fwrite(bytes, 4, 1, file) != 1;
    }
    return failed;
}

// Returns 0, or -1 after telling on the standard error output why not.
static int write_idx(const char *folder, const char *name, const int64_t *sizes, int rank,
                     const uint8_t *data) {
    char path[4096];
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return fprintf(stderr, "%s: the path is too long\n", folder), -1;
    size_t bytes = 1;
    for (int i = 0; i < rank; i++) bytes *= (size_t)sizes[i];

    FILE *file = fopen(path, "wb");
    int failed = !file || write_header(file, sizes, rank) || fwrite(data, bytes, 1, file) != 1;
    if (file) failed |= fclose(file) != 0;
    if (failed) fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return failed ? -1 : 0;
}

static int write_set(const char *folder, const char *prefix, const struct dataset *set) {
    const int64_t sizes[] = {set->count, set->height, set->width};
    char images[64], labels[64];
    snprintf(images, sizeof images, "%s-images-idx3-ubyte", prefix);
    snprintf(labels, sizeof labels, "%s-labels-idx1-ubyte", prefix);
    return write_idx(folder, images, sizes, 3, set->images) ||
           write_idx(folder, labels, sizes, 1, set->labels);
}

int main(int argc, char **argv) {
    const char *folder = argc > 1 ? argv[1] : "", *font_folder = NULL;
    uint64_t seed = 0;
    if (argc < 2 || argc % 2 || *folder == '-') return usage(argv[0]);
    for (int i = 2; i < argc; i += 2) {
        char *end = "";
        if (!strcmp(argv[i], "--fonts"))
            font_folder = argv[i + 1];
        else if (!strcmp(argv[i], "--seed"))
            seed = strtoull(argv[i + 1], &end, 10);
        else
            return usage(argv[0]);
        if (*end || end == argv[i + 1]) return usage(argv[0]);
    }

    char message[512];
    struct glyph_fonts *fonts = glyph_fonts_load(font_folder, message, sizeof message);
    if (!fonts) return fprintf(stderr, "%s\n", message), 1;
    struct dataset train = {0}, test = {0};
    int failed = glyph_render(fonts, GLYPHS_TRAIN, GLYPH_TRAIN_PICTURES, seed, &train) ||
                 glyph_render(fonts, GLYPHS_TEST, GLYPH_TEST_PICTURES, seed, &test);
    glyph_fonts_free(fonts);
    if (failed)
        fprintf(stderr, "out of memory\n");
    else
        failed = write_set(folder, "train", &train) || write_set(folder, "t10k", &test);
    dataset_free(&train);
    dataset_free(&test);
    return failed;
}
