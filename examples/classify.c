// Reads the digits on pictures with a model that the program "digits" or "mnist" has saved.
#include <cnn/cnn.h>
#include <stdio.h>
#include <string.h>

#include "picture.h"

enum { kPixels = PICTURE_SIDE * PICTURE_SIDE, kClasses = 10 };

// A model of anything else than digits of 28×28 is refused by the counts given here.
static cnn_status classify(cnn_net *net, const uint8_t *picture, float *probabilities,
                           cnn_error *error) {
    const cnn_view input = {
        .data = picture, .elements = kPixels, .type = CNN_UINT8, .scale = {1 / 255.0f}};
    const cnn_view output = {.data = probabilities, .elements = kClasses};
    return cnn_net_run_many(net, &input, 1, &output, 1, &(cnn_run){.softmax = 1}, error);
}

// Goes on after a picture that can't be read; returns how many these were, or -1 if the net fails.
static int classify_all(cnn_net *net, char **paths, int count, cnn_error *error) {
    int unreadable = 0;
    for (int i = 0; i < count; i++) {
        uint8_t picture[kPixels];
        char message[512];
        float p[kClasses];
        if (picture_read(paths[i], picture, message, sizeof message)) {
            fprintf(stderr, "%s\n", message);
            unreadable++;
            continue;
        }
        if (classify(net, picture, p, error)) return -1;
        int best = 0;
        for (int digit = 1; digit < kClasses; digit++)
            if (p[digit] > p[best]) best = digit;
        printf("%s: %d (%.1f%%)\n", paths[i], best, 100 * (double)p[best]);
    }
    return unreadable;
}

int main(int argc, char **argv) {
    const char *spec = "auto";
    int first = 1;
    if (argc > 2 && !strcmp(argv[1], "--device")) {
        spec = argv[2];
        first = 3;
    }
    if (argc - first < 2) {
        fprintf(stderr, "usage: %s [--device SPEC] MODEL PICTURE...\n", argv[0]);
        return 2;
    }

    cnn_net *net = NULL;
    cnn_device *device = NULL;
    cnn_error error;
    int unreadable = -1;
    if (cnn_device_open(spec, NULL, &device, &error) == CNN_OK &&
        cnn_net_load(argv[first], &net, &error) == CNN_OK &&
        cnn_net_compile(net, device, &(cnn_compile){.inference_only = 1}, &error) == CNN_OK)
        unreadable = classify_all(net, argv + first + 1, argc - first - 1, &error);
    if (unreadable < 0) fprintf(stderr, "%s\n", error.message);

    cnn_net_destroy(net);
    cnn_device_destroy(device);
    return unreadable != 0;
}
