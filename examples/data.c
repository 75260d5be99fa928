// Readers for IDX and CIFAR-10 files, plain or gzipped.
#include "data.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    kMaxSide = 4096,  // a taller or wider picture is a damaged header
    kClasses = 10,
    kCifarSide = 32,
    kCifarImage = 3 * kCifarSide * kCifarSide,
    kCifarRecord = 1 + kCifarImage,
};
static const size_t kMaxBytes = (size_t)1 << 30;  // a larger file, unpacked, is refused

// Where to leave the text of an error.
struct report {
    char *text;
    size_t size;
};

static int fail(struct report report, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (report.text && report.size) vsnprintf(report.text, report.size, format, arguments);
    va_end(arguments);
    return -1;
}

// A file's whole content, unpacked.
struct bytes {
    uint8_t *data;
    size_t size;
};

// Reads until the end of the file, doubling the buffer, so that memory follows what is really there
// and never what a header claims.
static int read_stream(gzFile file, struct bytes *out, const char *path, struct report report) {
    size_t capacity = 0;
    for (;;) {
        if (out->size == capacity) {
            if (capacity >= kMaxBytes)
                return fail(report, "%s: unpacks to more than %zu bytes", path, kMaxBytes);
            capacity = capacity ? 2 * capacity : (size_t)1 << 20;
            uint8_t *larger = realloc(out->data, capacity);
            if (!larger) return fail(report, "%s: out of memory", path);
            out->data = larger;
        }
        const int got = gzread(file, out->data + out->size, (unsigned)(capacity - out->size));
        if (got < 0) {
            int code = 0;
            const char *why = gzerror(file, &code);
            return fail(report, "%s: cannot be read: %s", path,
                        code == Z_ERRNO ? strerror(errno) : why);
        }
        if (got == 0) return 0;
        out->size += (size_t)got;
    }
}

// zlib reads files that aren't gzipped as they are.
static int read_file(const char *path, struct bytes *out, struct report report) {
    *out = (struct bytes){0};
    errno = 0;
    gzFile file = gzopen(path, "rb");
    if (!file)
        return fail(report, "%s: cannot be opened: %s", path,
                    errno ? strerror(errno) : "out of memory");
    int status = read_stream(file, out, path, report);
    // A gzip file that ends too early shows itself only here.
    if (gzclose(file) != Z_OK && status == 0)
        status = fail(report, "%s: the gzip data end too early", path);
    if (status) {
        free(out->data);
        *out = (struct bytes){0};
    }
    return status;
}

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// Checks an IDX header (0, 0, element type 8 for bytes, rank, then big-endian sizes) against the
// bytes that follow it. A product of sizes cannot overflow: each factor is bounded first.
static int check_idx(const struct bytes *file, uint32_t rank, uint32_t sizes[], const char *path,
                     struct report report) {
    const size_t header = 4 + 4 * (size_t)rank;
    if (file->size < header)
        return fail(report, "%s: has %zu bytes, fewer than the %zu of its header", path, file->size,
                    header);
    const uint32_t magic = big_endian(file->data), expected = 0x800 + rank;
    if (magic != expected)
        return fail(report, "%s: not such an IDX file: it starts with 0x%08x instead of 0x%08x",
                    path, (unsigned)magic, (unsigned)expected);
    uint64_t claimed = 1;
    for (uint32_t i = 0; i < rank; i++) {
        sizes[i] = big_endian(file->data + 4 + 4 * i);
        const uint64_t most = i == 0 ? kMaxBytes : kMaxSide;
        if (sizes[i] == 0 || sizes[i] > most)
            return fail(report, "%s: %s is %u, but must be 1 to %llu", path,
                        i == 0   ? "the number of items"
                        : i == 1 ? "the height"
                                 : "the width",
                        (unsigned)sizes[i], (unsigned long long)most);
        claimed *= sizes[i];
    }
    const uint64_t present = file->size - header;
    if (claimed != present)
        return fail(report, "%s: %s: its header asks for %llu bytes of data, it has %llu", path,
                    present < claimed ? "truncated" : "trailing bytes", (unsigned long long)claimed,
                    (unsigned long long)present);
    return 0;
}

static int check_labels(const uint8_t *labels, size_t count, size_t stride, const char *path,
                        struct report report) {
    for (size_t i = 0; i < count; i++)
        if (labels[i * stride] >= kClasses)
            return fail(report, "%s: label %d of item %zu is not 0 to %d", path, labels[i * stride],
                        i, kClasses - 1);
    return 0;
}

// Drops the header, so that the file's buffer becomes the array itself.
static uint8_t *take_payload(struct bytes *file, size_t header) {
    uint8_t *payload = file->data;
    memmove(payload, payload + header, file->size - header);
    *file = (struct bytes){0};
    return payload;
}

int dataset_read_idx(struct dataset *set, const char *images_path, const char *labels_path,
                     char *message, size_t message_size) {
    const struct report report = {message, message_size};
    struct bytes images = {0}, labels = {0};
    uint32_t size[3] = {0}, label_count = 0;
    *set = (struct dataset){0};

    int status = read_file(images_path, &images, report);
    if (!status) status = check_idx(&images, 3, size, images_path, report);
    if (!status) status = read_file(labels_path, &labels, report);
    if (!status) status = check_idx(&labels, 1, &label_count, labels_path, report);
    if (!status && label_count != size[0])
        status = fail(report, "%s: has %u labels for the %u pictures of %s", labels_path,
                      (unsigned)label_count, (unsigned)size[0], images_path);
    if (!status) status = check_labels(labels.data + 8, label_count, 1, labels_path, report);
    if (!status)
        *set = (struct dataset){.images = take_payload(&images, 16),
                                .labels = take_payload(&labels, 8),
                                .count = size[0],
                                .channels = 1,
                                .height = size[1],
                                .width = size[2]};
    free(images.data);
    free(labels.data);
    return status;
}

// Finds <prefix>-<kind> or <prefix>.<kind>, plain or gzipped, in the folder.
static int find_idx(char *path, size_t path_size, const char *folder, const char *prefix,
                    const char *kind, struct report report) {
    static const char *const kSeparators[] = {"-", "."}, *const kEndings[] = {"", ".gz"};
    for (size_t i = 0; i < 4; i++) {
        const int length = snprintf(path, path_size, "%s/%s%s%s%s", folder, prefix,
                                    kSeparators[i / 2], kind, kEndings[i % 2]);
        if (length < 0 || (size_t)length >= path_size)
            return fail(report, "%s: the path is too long", folder);
        FILE *file = fopen(path, "rb");
        if (file) {
            fclose(file);
            return 0;
        }
    }
    return fail(report, "%s: holds no readable %s-%s or %s.%s, plain or with .gz", folder, prefix,
                kind, prefix, kind);
}

static int read_half(struct dataset *set, const char *folder, const char *prefix,
                     struct report report) {
    char images[4096], labels[4096], prefix_images[32], prefix_labels[32];
    snprintf(prefix_images, sizeof prefix_images, "%s-images", prefix);
    snprintf(prefix_labels, sizeof prefix_labels, "%s-labels", prefix);
    if (find_idx(images, sizeof images, folder, prefix_images, "idx3-ubyte", report) ||
        find_idx(labels, sizeof labels, folder, prefix_labels, "idx1-ubyte", report))
        return -1;
    return dataset_read_idx(set, images, labels, report.text, report.size);
}

int dataset_read_mnist(struct dataset *train, struct dataset *test, const char *folder,
                       char *message, size_t message_size) {
    const struct report report = {message, message_size};
    *train = *test = (struct dataset){0};
    int status = read_half(train, folder, "train", report);
    if (!status) status = read_half(test, folder, "t10k", report);
    if (!status && (train->height != test->height || train->width != test->width))
        status = fail(report, "%s: training pictures are %d×%d, test pictures %d×%d", folder,
                      (int)train->height, (int)train->width, (int)test->height, (int)test->width);
    if (status) {
        dataset_free(train);
        dataset_free(test);
    }
    return status;
}

int dataset_read_cifar10(struct dataset *set, const char *path, char *message,
                         size_t message_size) {
    const struct report report = {message, message_size};
    struct bytes file;
    *set = (struct dataset){0};
    if (read_file(path, &file, report)) return -1;

    const size_t count = file.size / kCifarRecord;
    uint8_t *labels = NULL;
    int status = 0;
    if (count == 0 || file.size % kCifarRecord)
        status = fail(report, "%s: truncated or no CIFAR-10 file: %zu bytes are not records of %d",
                      path, file.size, kCifarRecord);
    if (!status) status = check_labels(file.data, count, kCifarRecord, path, report);
    if (!status && !(labels = malloc(count))) status = fail(report, "%s: out of memory", path);
    if (status) {
        free(file.data);
        return status;
    }
    // Move the pictures together within the buffer: each goes left, over bytes already used.
    for (size_t i = 0; i < count; i++) {
        labels[i] = file.data[i * kCifarRecord];
        memmove(file.data + i * kCifarImage, file.data + i * kCifarRecord + 1, kCifarImage);
    }
    *set = (struct dataset){.images = file.data,
                            .labels = labels,
                            .count = (int64_t)count,
                            .channels = 3,
                            .height = kCifarSide,
                            .width = kCifarSide};
    return 0;
}

size_t dataset_image_bytes(const struct dataset *set) {
    return (size_t)set->channels * (size_t)set->height * (size_t)set->width;
}

void dataset_free(struct dataset *set) {
    free(set->images);
    free(set->labels);
    *set = (struct dataset){0};
}
