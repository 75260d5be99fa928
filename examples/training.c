// Data for cnn_net_fit and the progress bar of the examples.
#define _POSIX_C_SOURCE 200809L
#include "training.h"

#include <stdio.h>
#include <unistd.h>

cnn_samples samples_of(const struct dataset *set) {
    return (cnn_samples){.inputs = set->images,
                         .input_type = CNN_UINT8,
                         .input_elements = set->count * (int64_t)dataset_image_bytes(set),
                         .scale = {1 / 255.0f},
                         .labels = set->labels,
                         .label_type = CNN_UINT8,
                         .label_elements = set->count};
}

static void draw_bar(const cnn_progress *p) {
    static const char kFull[] = "==============================";
    const int width = (int)sizeof kFull - 1, done = (int)(p->fraction * width);
    // "\r" goes back to the line's beginning, "\033[K" clears what an earlier, longer text left.
    fprintf(stderr,
            "\repoch %lld/%lld [%.*s%*s] %3.0f%%  loss %.4f  %.0f images/s  %.0f s left\033[K",
            (long long)p->epoch + 1, (long long)p->epochs, done, kFull, width - done, "",
            100 * p->fraction, p->loss, p->samples_per_second, p->seconds_left);
}

int32_t show_progress(const cnn_progress *p, void *user) {
    (void)user;
    const int terminal = isatty(STDERR_FILENO);
    if (!p->epoch_ended) {
        if (terminal) draw_bar(p);
        return 0;  // anything else would cancel
    }
    fprintf(stderr, "%sepoch %lld/%lld  loss %.4f", terminal ? "\r\033[K" : "",
            (long long)p->epoch + 1, (long long)p->epochs, p->loss);
    if (p->validation_accuracy >= 0)
        fprintf(stderr, "  test accuracy %.4f", p->validation_accuracy);
    fprintf(stderr, "  %.0f images/s\n", p->samples_per_second);
    return 0;
}
