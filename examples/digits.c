// Teaches a network to read the printed digits of this machine's fonts, and tries it on families
// of fonts that it never saw.
#include <cnn/cnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glyphs.h"
#include "nets.h"
#include "picture.h"
#include "training.h"

enum { kBatch = 64 };

struct options {
    const char *device;
    const char *fonts;
    const char *save;
    const char *pictures;
    int64_t epochs;
    uint64_t seed;
};

static int usage(const char *program) {
    fprintf(stderr,
            "usage: %s [options]\n"
            "  --device SPEC   what the program \"devices\" lists, or auto (the default)\n"
            "  --fonts DIR     where the fonts are (default: where the system keeps them)\n"
            "  --epochs N      default: 6\n"
            "  --seed S        of pictures, initial weights and shuffling (default: 0)\n"
            "  --save FILE     where the trained model goes, for the program \"classify\"\n"
            "  --pictures DIR  a folder for ten of the test pictures, unseen-0.pgm to -9.pgm\n",
            program);
    return 2;
}

// Returns 0 if every option is known and has a value that makes sense.
static int parse(int argc, char **argv, struct options *o) {
    int i = 1;
    for (; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        char *end = "";
        if (!strcmp(name, "--device"))
            o->device = value;
        else if (!strcmp(name, "--fonts"))
            o->fonts = value;
        else if (!strcmp(name, "--save"))
            o->save = value;
        else if (!strcmp(name, "--pictures"))
            o->pictures = value;
        else if (!strcmp(name, "--epochs"))
            o->epochs = strtol(value, &end, 10);
        else if (!strcmp(name, "--seed"))
            o->seed = strtoull(value, &end, 10);
        else
            return -1;
        if (*end || end == value) return -1;
    }
    return i == argc && o->epochs > 0 ? 0 : -1;
}

// Draws both sets, or says on the standard error output why it can't.
static int draw_sets(const struct options *options, struct dataset *train, struct dataset *test) {
    char message[512];
    *train = *test = (struct dataset){0};
    struct glyph_fonts *fonts = glyph_fonts_load(options->fonts, message, sizeof message);
    if (!fonts) return fprintf(stderr, "%s\n", message), -1;
    printf("fonts: %lld of %lld families to train, %lld of %lld other families to test\n",
           (long long)glyph_face_count(fonts, GLYPHS_TRAIN),
           (long long)glyph_family_count(fonts, GLYPHS_TRAIN),
           (long long)glyph_face_count(fonts, GLYPHS_TEST),
           (long long)glyph_family_count(fonts, GLYPHS_TEST));
    fflush(stdout);
    const int failed =
        glyph_render(fonts, GLYPHS_TRAIN, GLYPH_TRAIN_PICTURES, options->seed, train) ||
        glyph_render(fonts, GLYPHS_TEST, GLYPH_TEST_PICTURES, options->seed, test);
    glyph_fonts_free(fonts);
    if (failed) fprintf(stderr, "out of memory\n");
    return failed;
}

// Writes one test picture of each digit.
static int write_pictures(const char *folder, const struct dataset *test) {
    for (int digit = 0; digit < 10; digit++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/unseen-%d.pgm", folder, digit);
        for (int64_t i = 0; i < test->count; i++) {
            if (test->labels[i] != digit) continue;
            const uint8_t *picture = test->images + i * (int64_t)dataset_image_bytes(test);
            if (picture_write(path, picture, test->height, test->width)) return perror(path), -1;
            break;
        }
    }
    return 0;
}

static int train_and_test(const struct options *options, cnn_device *device,
                          const struct dataset *train, const struct dataset *test) {
    const cnn_samples train_samples = samples_of(train), test_samples = samples_of(test);
    const cnn_fit fit = {.epochs = options->epochs,
                         .batch = kBatch,
                         .seed = options->seed,
                         .validation = &test_samples,
                         .schedule = CNN_SCHEDULE_COSINE,
                         .progress = show_progress};
    cnn_net *net = small_net(train->height, train->width, options->seed);
    cnn_optimizer *adamw = cnn_optimizer_create(CNN_ADAMW);
    cnn_device_info info;
    cnn_report report;
    cnn_error error;

    const int failed = cnn_device_get_info(device, &info, &error) ||
                       cnn_net_compile(net, device, &(cnn_compile){.max_batch = kBatch}, &error) ||
                       cnn_optimizer_set(adamw, CNN_LEARNING_RATE, 4e-3, &error) ||
                       cnn_optimizer_set(adamw, CNN_WEIGHT_DECAY, 0.1, &error) ||
                       cnn_net_fit(net, adamw, &train_samples, &fit, &report, &error) ||
                       (options->save && cnn_net_save(net, options->save, &error));
    if (failed)
        fprintf(stderr, "%s\n", error.message);
    else
        printf(
            "trained in %.1f s on %s (%s), %.0f images/s\n"
            "reads %.2f%% of %d digits of fonts it never saw\n",
            report.seconds, info.spec, info.name, report.samples_per_second,
            100 * report.validation_accuracy, GLYPH_TEST_PICTURES);

    cnn_optimizer_destroy(adamw);
    cnn_net_destroy(net);
    return failed;
}

int main(int argc, char **argv) {
    struct options options = {.device = "auto", .epochs = 6};
    if (parse(argc, argv, &options)) return usage(argv[0]);

    cnn_device *device = NULL;
    cnn_error error;
    if (cnn_device_open(options.device, NULL, &device, &error))
        return fprintf(stderr, "%s\n", error.message), 1;

    struct dataset train, test;
    const int failed = draw_sets(&options, &train, &test) ||
                       train_and_test(&options, device, &train, &test) ||
                       (options.pictures && write_pictures(options.pictures, &test));
    dataset_free(&train);
    dataset_free(&test);
    cnn_device_destroy(device);
    return failed;
}
