// Reads the picture files the examples train on: MNIST's IDX and CIFAR-10's binary format.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Labelled pictures of one size. `images` holds count × channels × height × width bytes in that
// order, `labels` one byte a picture, each 0 to 9. A zeroed struct is an empty set.
struct dataset {
    uint8_t *images;
    uint8_t *labels;
    int64_t count;
    int64_t channels;
    int64_t height;
    int64_t width;
};

// The readers take plain or gzipped files. They return 0, or -1 with a text in `message` that names
// the file and what is wrong with it; then the sets are empty. Nothing damaged is let through:
// every byte must be accounted for.

// A pair of IDX files: pictures (count × height × width bytes) and their labels.
int dataset_read_idx(struct dataset *set, const char *images_path, const char *labels_path,
                     char *message, size_t message_size);

// MNIST, or anything in its format, from a folder with train-images-idx3-ubyte,
// train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each with or without
// .gz, and with '-' or '.' before "idx". Training and test pictures must have the same size.
int dataset_read_mnist(struct dataset *train, struct dataset *test, const char *folder,
                       char *message, size_t message_size);

// A CIFAR-10 binary file of any number of records: a label, then 32×32 red, green and blue bytes.
int dataset_read_cifar10(struct dataset *set, const char *path, char *message, size_t message_size);

// Bytes of one picture.
size_t dataset_image_bytes(const struct dataset *set);

// Frees what a set holds and empties it.
void dataset_free(struct dataset *set);

#ifdef __cplusplus
}
#endif
