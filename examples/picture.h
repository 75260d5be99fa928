// Brings any picture of one digit into the form the networks were trained on.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PICTURE_SIDE = 28 };

// Reads a PNG or a binary PGM. One of 28×28 pixels is taken as it is; from a larger or smaller one
// the digit is cut out, scaled to 20 pixels and placed with its centre of mass in the middle, as
// MNIST's were. A dark digit on a bright ground is turned round. Returns 0, or -1 with a text in
// `message`.
int picture_read(const char *path, uint8_t digit[PICTURE_SIDE * PICTURE_SIDE], char *message,
                 size_t message_size);

// Writes an 8-bit PGM. Returns 0, or -1 with errno set.
int picture_write(const char *path, const uint8_t *pixels, int64_t height, int64_t width);

#ifdef __cplusplus
}
#endif
