// Reads pictures of a digit, cuts the digit out, scales and centres it.
#include "picture.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_MAX_DIMENSIONS 4096
#include <stb/stb_image.h>

enum { kSide = PICTURE_SIDE, kInkSide = 20, kMaxSide = STBI_MAX_DIMENSIONS };

// A picture in grey, white ink on black.
struct grey {
    float *pixels;
    int width, height;
};

struct box {
    int left, top, right, bottom;  // right and bottom are one past the end
};

// Loads grey and opacity, and lays the picture on white paper. Returns NULL or what went wrong.
static const char *load_png(FILE *file, struct grey *picture) {
    int channels = 0;
    uint8_t *raw = stbi_load_from_file(file, &picture->width, &picture->height, &channels, 2);
    if (!raw) return stbi_failure_reason();
    const size_t count = (size_t)picture->width * (size_t)picture->height;
    picture->pixels = malloc(count * sizeof *picture->pixels);
    for (size_t i = 0; picture->pixels && i < count; i++) {
        const float opacity = (float)raw[2 * i + 1] / 255;
        picture->pixels[i] = (float)raw[2 * i] * opacity + 255 * (1 - opacity);
    }
    stbi_image_free(raw);
    return picture->pixels ? NULL : "out of memory";
}

// A number of a PGM's header, after white space and comments; -1 if there is none up to `most`.
static int header_number(FILE *file, int most) {
    int c = getc(file), value = 0, digits = 0;
    while (isspace(c) || c == '#') {
        if (c == '#')
            while (c != '\n' && c != EOF) c = getc(file);
        else
            c = getc(file);
    }
    for (; isdigit(c) && value <= most; c = getc(file), digits++) value = 10 * value + c - '0';
    // The white space that ends the last number is the last byte before the pixels.
    return digits && isspace(c) && value >= 1 && value <= most ? value : -1;
}

// The file stands after its magic number. Returns NULL or what went wrong.
static const char *load_pgm(FILE *file, struct grey *picture) {
    picture->width = header_number(file, kMaxSide);
    picture->height = picture->width < 0 ? -1 : header_number(file, kMaxSide);
    const int white = picture->height < 0 ? -1 : header_number(file, 65535);
    if (white < 0) return "bad header, or larger than 4096 pixels";
    const size_t count = (size_t)picture->width * (size_t)picture->height;
    picture->pixels = malloc(count * sizeof *picture->pixels);
    if (!picture->pixels) return "out of memory";
    for (size_t i = 0; i < count; i++) {
        const int high = white > 255 ? getc(file) : 0, low = getc(file);
        if (high == EOF || low == EOF) return "truncated";
        picture->pixels[i] = fminf(255.0f * (float)(256 * high + low) / (float)white, 255);
    }
    return NULL;
}

static int load(const char *path, struct grey *picture, char *message, size_t message_size) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        snprintf(message, message_size, "%s: cannot be opened: %s", path, strerror(errno));
        return -1;
    }
    const int is_pgm = getc(file) == 'P' && getc(file) == '5';
    if (!is_pgm) rewind(file);
    const char *wrong = is_pgm ? load_pgm(file, picture) : load_png(file, picture);
    fclose(file);
    if (!wrong) return 0;
    snprintf(message, message_size, "%s: cannot be read as PNG or binary PGM: %s", path, wrong);
    free(picture->pixels);
    return -1;
}

// The ground is what the picture's edge is made of; a bright one is turned into black.
static void make_ground_black(struct grey *picture) {
    const int w = picture->width, h = picture->height;
    double sum = 0;
    for (int x = 0; x < w; x++) sum += picture->pixels[x] + picture->pixels[(h - 1) * w + x];
    for (int y = 0; y < h; y++) sum += picture->pixels[y * w] + picture->pixels[y * w + w - 1];
    if (sum / (2 * (w + h)) < 127.5) return;
    for (int i = 0; i < w * h; i++) picture->pixels[i] = 255 - picture->pixels[i];
}

// Stretches the contrast to 0..255, and finds the box around all that is clearly ink. False for a
// picture of one colour.
static int find_ink(struct grey *picture, struct box *box) {
    const int w = picture->width, h = picture->height;
    float low = picture->pixels[0], high = low;
    for (int i = 0; i < w * h; i++) {
        low = fminf(low, picture->pixels[i]);
        high = fmaxf(high, picture->pixels[i]);
    }
    if (high - low < 8) return 0;
    *box = (struct box){.left = w, .top = h};
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            float *p = &picture->pixels[y * w + x];
            *p = (*p - low) * 255 / (high - low);
            if (*p < 96) continue;
            if (x < box->left) box->left = x;
            if (x >= box->right) box->right = x + 1;
            if (y < box->top) box->top = y;
            if (y >= box->bottom) box->bottom = y + 1;
        }
    return 1;
}

// The mean over [x0, x1) × [y0, y1), parts of pixels counted by their share.
static float mean_over(const struct grey *picture, double x0, double y0, double x1, double y1) {
    double sum = 0, area = 0;
    for (int y = (int)fmax(y0, 0); y < picture->height && y < y1; y++)
        for (int x = (int)fmax(x0, 0); x < picture->width && x < x1; x++) {
            const double share = (fmin(x + 1, x1) - fmax(x, x0)) * (fmin(y + 1, y1) - fmax(y, y0));
            sum += share * (double)picture->pixels[y * picture->width + x];
            area += share;
        }
    return area > 0 ? (float)(sum / area) : 0;
}

// The centre of mass of the ink in the box.
static void find_centre(const struct grey *picture, const struct box *box, double *x_centre,
                        double *y_centre) {
    double mass = 0, x_mass = 0, y_mass = 0;
    for (int y = box->top; y < box->bottom; y++)
        for (int x = box->left; x < box->right; x++) {
            const double ink = (double)picture->pixels[y * picture->width + x];
            mass += ink;
            x_mass += ink * (x + 0.5);
            y_mass += ink * (y + 0.5);
        }
    *x_centre = x_mass / mass;
    *y_centre = y_mass / mass;
}

static void scale_and_centre(const struct grey *picture, const struct box *box, uint8_t *digit) {
    const int width = box->right - box->left, height = box->bottom - box->top;
    const double step = (double)(width > height ? width : height) / kInkSide;
    double x_centre, y_centre;
    find_centre(picture, box, &x_centre, &y_centre);
    for (int i = 0; i < kSide * kSide; i++) {
        const double x = x_centre + (i % kSide - kSide / 2) * step;
        const double y = y_centre + (i / kSide - kSide / 2) * step;
        digit[i] = (uint8_t)(mean_over(picture, x, y, x + step, y + step) + 0.5f);
    }
}

int picture_read(const char *path, uint8_t digit[kSide * kSide], char *message,
                 size_t message_size) {
    struct grey picture = {0};
    struct box box;
    if (load(path, &picture, message, message_size)) return -1;
    make_ground_black(&picture);
    int status = 0;
    if (picture.width == kSide && picture.height == kSide) {
        for (int i = 0; i < kSide * kSide; i++) digit[i] = (uint8_t)picture.pixels[i];
    } else if (find_ink(&picture, &box)) {
        scale_and_centre(&picture, &box, digit);
    } else {
        snprintf(message, message_size, "%s: nothing is drawn on it", path);
        status = -1;
    }
    free(picture.pixels);
    return status;
}

int picture_write(const char *path, const uint8_t *pixels, int64_t height, int64_t width) {
    FILE *file = fopen(path, "wb");
    if (!file) return -1;
    const size_t size = (size_t)height * (size_t)width;
    const int written =
        fprintf(file, "P5\n%lld %lld\n255\n", (long long)width, (long long)height) > 0 &&
        fwrite(pixels, 1, size, file) == size;
    return fclose(file) == 0 && written ? 0 : -1;
}
