// Trains a network on MNIST, or on any data in its format, and measures it on the test pictures.
#include <cnn/cnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "nets.h"
#include "training.h"

enum { kBatch = 64, kDefaultEpochs = -1 };

struct options {
    const char *device;
    const char *data;
    const char *net;
    const char *save;
    int64_t epochs;
    uint64_t seed;
};

static int usage(const char *program) {
    fprintf(stderr,
            "usage: %s --data DIR [options]\n"
            "  --data DIR         the four IDX files of MNIST, plain or gzipped\n"
            "  --device SPEC      what the program \"devices\" lists, or auto (the default)\n"
            "  --net small|large  default: small\n"
            "  --epochs N         default: 5, and 6 for the large network\n"
            "  --seed S           of the initial weights and the shuffling (default: 0)\n"
            "  --save FILE        where the trained model goes, for the program \"classify\"\n",
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
        else if (!strcmp(name, "--data"))
            o->data = value;
        else if (!strcmp(name, "--net"))
            o->net = value;
        else if (!strcmp(name, "--save"))
            o->save = value;
        else if (!strcmp(name, "--epochs"))
            o->epochs = strtol(value, &end, 10);
        else if (!strcmp(name, "--seed"))
            o->seed = strtoull(value, &end, 10);
        else
            return -1;
        if (*end || end == value) return -1;
    }
    const int large = !strcmp(o->net, "large");
    if (o->epochs == kDefaultEpochs) o->epochs = large ? 6 : 5;
    return i == argc && o->data && o->epochs > 0 && (large || !strcmp(o->net, "small")) ? 0 : -1;
}

int main(int argc, char **argv) {
    struct options options = {.device = "auto", .net = "small", .epochs = kDefaultEpochs};
    if (parse(argc, argv, &options)) return usage(argv[0]);

    struct dataset train, test;
    char message[512];
    if (dataset_read_mnist(&train, &test, options.data, message, sizeof message))
        return fprintf(stderr, "%s\n", message), 1;
    const cnn_samples train_samples = samples_of(&train), test_samples = samples_of(&test);

    // Building needs no checks: cnn_net_compile reports the first mistake, even a NULL net.
    cnn_net *net = !strcmp(options.net, "large")
                       ? large_net(train.height, train.width, options.seed)
                       : small_net(train.height, train.width, options.seed);
    cnn_optimizer *adamw = cnn_optimizer_create(CNN_ADAMW);
    cnn_device *device = NULL;
    cnn_error error;
    cnn_report report;
    const cnn_fit fit = {.epochs = options.epochs,
                         .batch = kBatch,
                         .seed = options.seed,
                         .validation = &test_samples,
                         .schedule = CNN_SCHEDULE_COSINE,
                         .progress = show_progress};

    const int failed = cnn_device_open(options.device, NULL, &device, &error) ||
                       cnn_net_compile(net, device, &(cnn_compile){.max_batch = kBatch}, &error) ||
                       cnn_optimizer_set(adamw, CNN_LEARNING_RATE, 4e-3, &error) ||
                       cnn_optimizer_set(adamw, CNN_WEIGHT_DECAY, 0.1, &error) ||
                       cnn_net_fit(net, adamw, &train_samples, &fit, &report, &error) ||
                       (options.save && cnn_net_save(net, options.save, &error));
    if (failed) {
        fprintf(stderr, "%s\n", error.message);
    } else {
        printf("train %.1f\n", report.samples_per_second);
        printf("test accuracy %.4f\n", report.validation_accuracy);
    }

    cnn_optimizer_destroy(adamw);  // any order is fine
    cnn_net_destroy(net);
    cnn_device_destroy(device);
    dataset_free(&train);
    dataset_free(&test);
    return failed;
}
