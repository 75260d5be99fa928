// The examples' readers: good files are read, every damaged one is refused by name.
#define _POSIX_C_SOURCE 200809L
#include "../examples/data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

// After the standard headers that it needs.
#include <cmocka.h>

enum {
    kCount = 3,
    kHeight = 4,
    kWidth = 5,
    kImagesSize = 16 + kCount * kHeight * kWidth,
    kLabelsSize = 8 + kCount,
    kRecord = 3073,
    kCifarSize = kCount * kRecord,
    kMessage = 512,
};

// ---- Files in a folder of the test's own
// ---------------------------------------------------------

struct fixture {
    char folder[64];
    char images[128], labels[128], cifar[128];
};

static const char *const kNames[] = {
    "images",
    "labels",
    "cifar",
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
    "train-images.idx3-ubyte",
    "train-labels.idx1-ubyte",
    "t10k-images.idx3-ubyte",
    "t10k-labels.idx1-ubyte",
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    if (!f) return -1;
    const char *temporary = getenv("TMPDIR");
    snprintf(f->folder, sizeof f->folder, "%.40s/data_test_XXXXXX", temporary ? temporary : "/tmp");
    *state = f;
    if (!mkdtemp(f->folder)) return -1;
    snprintf(f->images, sizeof f->images, "%s/images", f->folder);
    snprintf(f->labels, sizeof f->labels, "%s/labels", f->folder);
    snprintf(f->cifar, sizeof f->cifar, "%s/cifar", f->folder);
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof kNames / sizeof *kNames; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", f->folder, kNames[i]);
        remove(path);
        snprintf(path, sizeof path, "%s/%s.gz", f->folder, kNames[i]);
        remove(path);
    }
    const int status = rmdir(f->folder);
    free(f);
    return status;
}

static void write_plain(const char *path, const uint8_t *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_gzipped(const char *path, const uint8_t *bytes, size_t size) {
    gzFile file = gzopen(path, "wb9");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

static size_t read_back(const char *path, uint8_t *bytes, size_t capacity) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, capacity, file);
    fclose(file);
    assert_true(size < capacity);
    return size;
}

static void put_big_endian(uint8_t *p, uint32_t value) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(value >> (24 - 8 * i));
}

// Pictures whose bytes are 0, 3, 6, …
static void make_images(uint8_t bytes[kImagesSize]) {
    put_big_endian(bytes, 0x803);
    put_big_endian(bytes + 4, kCount);
    put_big_endian(bytes + 8, kHeight);
    put_big_endian(bytes + 12, kWidth);
    for (int i = 0; i < kCount * kHeight * kWidth; i++) bytes[16 + i] = (uint8_t)(3 * i);
}

// Labels 7, 8, 9.
static void make_labels(uint8_t bytes[kLabelsSize]) {
    put_big_endian(bytes, 0x801);
    put_big_endian(bytes + 4, kCount);
    for (int i = 0; i < kCount; i++) bytes[8 + i] = (uint8_t)(7 + i);
}

static void make_cifar(uint8_t bytes[kCifarSize]) {
    for (int i = 0; i < kCifarSize; i++) bytes[i] = (uint8_t)(i * 7 % 251);
    for (int i = 0; i < kCount; i++) bytes[i * kRecord] = (uint8_t)(i + 7);
}

static void write_good_pair(const struct fixture *f) {
    uint8_t images[kImagesSize], labels[kLabelsSize];
    make_images(images);
    make_labels(labels);
    write_plain(f->images, images, sizeof images);
    write_plain(f->labels, labels, sizeof labels);
}

// ---- What is expected
// ----------------------------------------------------------------------------

static int is_good(const struct dataset *set) {
    uint8_t images[kImagesSize], labels[kLabelsSize];
    make_images(images);
    make_labels(labels);
    return set->count == kCount && set->channels == 1 && set->height == kHeight &&
           set->width == kWidth && !memcmp(set->images, images + 16, sizeof images - 16) &&
           !memcmp(set->labels, labels + 8, sizeof labels - 8);
}

static void assert_empty(const struct dataset *set) {
    assert_null(set->images);
    assert_null(set->labels);
    assert_int_equal(set->count, 0);
}

static void assert_says(const char *message, const char *part) {
    if (!strstr(message, part)) fail_msg("\"%s\" doesn't say \"%s\"", message, part);
}

static void assert_reads_pair(const struct fixture *f) {
    struct dataset set;
    char message[kMessage] = "";
    if (dataset_read_idx(&set, f->images, f->labels, message, sizeof message))
        fail_msg("%s", message);
    assert_true(is_good(&set));
    dataset_free(&set);
    assert_empty(&set);
}

static void assert_refuses_pair(const struct fixture *f, const char *culprit, const char *why) {
    struct dataset set;
    char message[kMessage] = "";
    if (!dataset_read_idx(&set, f->images, f->labels, message, sizeof message))
        fail_msg("read %s, which is damaged (%s)", culprit, why);
    assert_empty(&set);
    assert_says(message, culprit);
    assert_says(message, why);
}

// For damage that may also leave the content as it was.
static void assert_refuses_or_reads_right(const struct fixture *f) {
    struct dataset set;
    char message[kMessage] = "";
    if (dataset_read_idx(&set, f->images, f->labels, message, sizeof message)) {
        assert_says(message, f->folder);
        assert_empty(&set);
    } else {
        assert_true(is_good(&set));
        dataset_free(&set);
    }
}

static void assert_refuses_cifar(const struct fixture *f, const char *why) {
    struct dataset set;
    char message[kMessage] = "";
    assert_int_not_equal(dataset_read_cifar10(&set, f->cifar, message, sizeof message), 0);
    assert_empty(&set);
    assert_says(message, f->cifar);
    assert_says(message, why);
}

// ---- IDX
// -----------------------------------------------------------------------------------------

static void reads_plain_and_gzipped(void **state) {
    const struct fixture *f = *state;
    uint8_t images[kImagesSize], labels[kLabelsSize];
    make_images(images);
    make_labels(labels);
    for (int gzipped = 0; gzipped < 4; gzipped++) {
        (gzipped & 1 ? write_gzipped : write_plain)(f->images, images, sizeof images);
        (gzipped & 2 ? write_gzipped : write_plain)(f->labels, labels, sizeof labels);
        assert_reads_pair(f);
    }
}

static void refuses_truncated(void **state) {
    const struct fixture *f = *state;
    uint8_t images[kImagesSize], labels[kLabelsSize];
    make_images(images);
    make_labels(labels);
    write_good_pair(f);
    for (size_t size = 0; size < sizeof images; size++) {
        write_plain(f->images, images, size);
        assert_refuses_pair(f, f->images, size < 16 ? "header" : "truncated");
    }
    write_good_pair(f);
    for (size_t size = 0; size < sizeof labels; size++) {
        write_plain(f->labels, labels, size);
        assert_refuses_pair(f, f->labels, size < 8 ? "header" : "truncated");
    }
}

static void refuses_trailing_bytes(void **state) {
    const struct fixture *f = *state;
    uint8_t images[kImagesSize + 1] = {0}, labels[kLabelsSize + 1] = {0};
    make_images(images);
    make_labels(labels);
    write_good_pair(f);
    write_plain(f->images, images, sizeof images);
    assert_refuses_pair(f, f->images, "trailing bytes");
    write_gzipped(f->images, images, sizeof images);
    assert_refuses_pair(f, f->images, "trailing bytes");
    write_good_pair(f);
    write_plain(f->labels, labels, sizeof labels);
    assert_refuses_pair(f, f->labels, "trailing bytes");
}

static void refuses_flipped_headers(void **state) {
    const struct fixture *f = *state;
    uint8_t images[kImagesSize], labels[kLabelsSize];
    make_images(images);
    make_labels(labels);
    write_good_pair(f);
    for (int bit = 0; bit < 16 * 8; bit++) {
        images[bit / 8] ^= (uint8_t)(1 << bit % 8);
        write_plain(f->images, images, sizeof images);
        assert_refuses_pair(f, f->images, bit < 32 ? "starts with" : "");
        images[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    write_good_pair(f);
    for (int bit = 0; bit < 8 * 8; bit++) {
        labels[bit / 8] ^= (uint8_t)(1 << bit % 8);
        write_plain(f->labels, labels, sizeof labels);
        assert_refuses_pair(f, f->labels, bit < 32 ? "starts with" : "");
        labels[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void refuses_damaged_gzip(void **state) {
    const struct fixture *f = *state;
    uint8_t images[kImagesSize], packed[1024];
    make_images(images);
    write_good_pair(f);
    write_gzipped(f->images, images, sizeof images);
    const size_t size = read_back(f->images, packed, sizeof packed);
    for (size_t cut = 0; cut < size; cut++) {
        write_plain(f->images, packed, cut);
        assert_refuses_pair(f, f->images, "");
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        write_plain(f->images, packed, size);
        // The header's time and the bits that fill the last byte may be anything.
        assert_refuses_or_reads_right(f);
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void refuses_absurd_sizes(void **state) {
    const struct fixture *f = *state;
    static const struct {
        uint32_t count, height, width;
        const char *why;
    } kCases[] = {
        {0, kHeight, kWidth, "number of items is 0"},
        {kCount, 0, kWidth, "height is 0"},
        {kCount, kHeight, 0, "width is 0"},
        {kCount, 4097, kWidth, "height is 4097"},
        {kCount, kHeight, 0xffffffffu, "width is 4294967295"},
        {0xffffffffu, kHeight, kWidth, "number of items is 4294967295"},
        {1u << 30, 4096, 4096, "truncated"},  // 2^54 bytes claimed: nothing of it is allocated
        {kCount, kWidth, kHeight, NULL},      // the same number of bytes: may be read
    };
    write_good_pair(f);
    for (size_t i = 0; i < sizeof kCases / sizeof *kCases; i++) {
        uint8_t images[kImagesSize];
        make_images(images);
        put_big_endian(images + 4, kCases[i].count);
        put_big_endian(images + 8, kCases[i].height);
        put_big_endian(images + 12, kCases[i].width);
        write_plain(f->images, images, sizeof images);
        if (kCases[i].why) {
            assert_refuses_pair(f, f->images, kCases[i].why);
        } else {
            struct dataset set;
            assert_int_equal(dataset_read_idx(&set, f->images, f->labels, NULL, 0), 0);
            assert_int_equal(dataset_image_bytes(&set), kHeight * kWidth);
            dataset_free(&set);
        }
    }
}

static void refuses_labels_that_do_not_fit(void **state) {
    const struct fixture *f = *state;
    uint8_t labels[kLabelsSize];
    write_good_pair(f);

    make_labels(labels);
    put_big_endian(labels + 4, kCount - 1);
    write_plain(f->labels, labels, sizeof labels - 1);
    assert_refuses_pair(f, f->labels, "2 labels for the 3 pictures");

    make_labels(labels);
    labels[9] = 10;
    write_plain(f->labels, labels, sizeof labels);
    assert_refuses_pair(f, f->labels, "label 10 of item 1");
}

static void refuses_swapped_and_missing_files(void **state) {
    const struct fixture *f = *state;
    struct dataset set;
    char message[kMessage];
    write_good_pair(f);
    assert_int_not_equal(dataset_read_idx(&set, f->labels, f->images, message, sizeof message), 0);
    assert_says(message, f->labels);

    assert_int_not_equal(dataset_read_idx(&set, f->folder, f->labels, message, sizeof message), 0);
    assert_says(message, f->folder);

    remove(f->labels);
    assert_refuses_pair(f, f->labels, "cannot be opened");
    remove(f->images);
    assert_refuses_pair(f, f->images, "cannot be opened");
}

static void cuts_messages_to_the_buffer(void **state) {
    (void)state;
    struct dataset set;
    char message[8] = "abcdefg";
    assert_int_not_equal(dataset_read_idx(&set, "/nowhere/images", "/nowhere/labels", message, 4),
                         0);
    assert_memory_equal(message, "/no\0efg", 8);
    assert_int_not_equal(dataset_read_idx(&set, "/nowhere/images", "/nowhere/labels", NULL, 0), 0);
    assert_int_not_equal(dataset_read_cifar10(&set, "/nowhere/cifar", message, 0), 0);
}

// ---- A folder with MNIST's files
// -----------------------------------------------------------------

static void write_half(const struct fixture *f, const char *prefix, char separator,
                       const char *ending, const uint8_t *images) {
    uint8_t labels[kLabelsSize];
    char path[256];
    make_labels(labels);
    snprintf(path, sizeof path, "%s/%s-images%cidx3-ubyte%s", f->folder, prefix, separator, ending);
    (*ending ? write_gzipped : write_plain)(path, images, kImagesSize);
    snprintf(path, sizeof path, "%s/%s-labels%cidx1-ubyte%s", f->folder, prefix, separator, ending);
    (*ending ? write_gzipped : write_plain)(path, labels, kLabelsSize);
}

static void finds_every_name(void **state) {
    const struct fixture *f = *state;
    uint8_t images[kImagesSize];
    make_images(images);
    for (int form = 0; form < 4; form++) {
        const char separator = form & 1 ? '.' : '-';
        const char *ending = form & 2 ? ".gz" : "";
        struct fixture own = *f;
        snprintf(own.folder, sizeof own.folder, "%.40s_%d", f->folder, form);
        assert_int_equal(mkdir(own.folder, 0700), 0);
        write_half(&own, "train", separator, ending, images);
        struct dataset train, test;
        char message[kMessage];
        assert_int_not_equal(dataset_read_mnist(&train, &test, own.folder, message, sizeof message),
                             0);
        assert_says(message, "no readable t10k-images-idx3-ubyte");
        assert_empty(&train);

        write_half(&own, "t10k", separator, ending, images);
        if (dataset_read_mnist(&train, &test, own.folder, message, sizeof message))
            fail_msg("%s", message);
        assert_true(is_good(&train));
        assert_true(is_good(&test));
        dataset_free(&train);
        dataset_free(&test);

        struct fixture *copy = malloc(sizeof *copy);
        assert_non_null(copy);
        *copy = own;
        void *to_remove = copy;
        assert_int_equal(tear_down(&to_remove), 0);
    }
}

static void refuses_halves_of_different_sizes(void **state) {
    const struct fixture *f = *state;
    uint8_t images[kImagesSize];
    struct dataset train, test;
    char message[kMessage];
    make_images(images);
    write_half(f, "train", '-', "", images);
    put_big_endian(images + 8, kWidth);
    put_big_endian(images + 12, kHeight);
    write_half(f, "t10k", '-', "", images);
    assert_int_not_equal(dataset_read_mnist(&train, &test, f->folder, message, sizeof message), 0);
    assert_says(message, f->folder);
    assert_says(message, "4×5");
    assert_empty(&train);
    assert_empty(&test);
}

// ---- CIFAR-10
// ------------------------------------------------------------------------------------

static void reads_cifar(void **state) {
    const struct fixture *f = *state;
    uint8_t bytes[kCifarSize];
    make_cifar(bytes);
    for (int gzipped = 0; gzipped < 2; gzipped++) {
        (gzipped ? write_gzipped : write_plain)(f->cifar, bytes, sizeof bytes);
        struct dataset set;
        char message[kMessage];
        if (dataset_read_cifar10(&set, f->cifar, message, sizeof message)) fail_msg("%s", message);
        assert_int_equal(set.count, kCount);
        assert_int_equal(set.channels, 3);
        assert_int_equal(set.height, 32);
        assert_int_equal(set.width, 32);
        for (int i = 0; i < kCount; i++) {
            assert_int_equal(set.labels[i], i + 7);
            assert_memory_equal(set.images + i * (kRecord - 1), bytes + i * kRecord + 1,
                                kRecord - 1);
        }
        dataset_free(&set);
    }
}

static void refuses_damaged_cifar(void **state) {
    const struct fixture *f = *state;
    uint8_t bytes[kCifarSize], packed[2 * kCifarSize];
    make_cifar(bytes);
    for (size_t size = 0; size < sizeof bytes; size++) {
        // Whole records are a file; of the other lengths a sample and all next to a record's end.
        const size_t over = size % kRecord;
        if ((size && over == 0) || (over > 2 && over < kRecord - 2 && over % 101)) continue;
        write_plain(f->cifar, bytes, size);
        assert_refuses_cifar(f, "truncated");
    }
    for (int bit = 0; bit < 8; bit++) {  // flips of the label 9 that leave no class
        bytes[2 * kRecord] = (uint8_t)(9 ^ 1 << bit);
        write_plain(f->cifar, bytes, sizeof bytes);
        if (bytes[2 * kRecord] > 9) assert_refuses_cifar(f, "of item 2");
    }
    make_cifar(bytes);
    write_gzipped(f->cifar, bytes, sizeof bytes);
    const size_t size = read_back(f->cifar, packed, sizeof packed);
    for (size_t cut = 0; cut < size; cut += 13) {
        write_plain(f->cifar, packed, cut);
        assert_refuses_cifar(f, "");
    }
    for (size_t i = 10; i < size - 9; i += 11) {
        packed[i] ^= 0x10;  // not the last byte's filling, which may be anything
        write_plain(f->cifar, packed, size);
        assert_refuses_cifar(f, "");
        packed[i] ^= 0x10;
    }
    remove(f->cifar);
    assert_refuses_cifar(f, "cannot be opened");
}

// ---- Real data
// -----------------------------------------------------------------------------------

// The path of something in the folder of test data; skips the test, by name, if it isn't there.
static void need_data(char *path, size_t size, const char *name) {
    const char *root = getenv("CNN_TEST_DATA");
    snprintf(path, size, "%s/%s", root ? root : "", name);
    if (root && access(path, R_OK) == 0) return;
    print_message("skipped: %s (%s)\n", name,
                  root ? "not in the folder CNN_TEST_DATA" : "CNN_TEST_DATA isn't set");
    skip();
}

static void check_classes(const struct dataset *set, int64_t each) {
    int64_t counts[10] = {0};
    for (int64_t i = 0; i < set->count; i++) counts[set->labels[i]]++;
    for (int i = 0; i < 10; i++) assert_true(each ? counts[i] == each : counts[i] > 0);
}

static void check_mnist_like(const char *name, int64_t train_each, int first_label) {
    char path[4096], message[kMessage];
    struct dataset train, test;
    need_data(path, sizeof path, name);
    if (dataset_read_mnist(&train, &test, path, message, sizeof message)) fail_msg("%s", message);
    assert_int_equal(train.count, 60000);
    assert_int_equal(test.count, 10000);
    assert_int_equal(train.height, 28);
    assert_int_equal(train.width, 28);
    assert_int_equal(train.labels[0], first_label);
    check_classes(&train, train_each);
    dataset_free(&train);
    dataset_free(&test);
}

static void reads_the_real_mnist(void **state) {
    (void)state;
    check_mnist_like("mnist", 0, 5);
}

static void reads_the_real_fashion_mnist(void **state) {
    (void)state;
    check_mnist_like("fashion-mnist", 6000, 9);
}

static void reads_the_real_cifar(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t count;
    } kFiles[] = {{"cifar-10-subset/train5k.bin.gz", 5000},
                  {"cifar-10-subset/test1k.bin.gz", 1000}};
    for (int i = 0; i < 2; i++) {
        char path[4096], message[kMessage];
        struct dataset set;
        need_data(path, sizeof path, kFiles[i].name);
        if (dataset_read_cifar10(&set, path, message, sizeof message)) fail_msg("%s", message);
        assert_int_equal(set.count, kFiles[i].count);
        check_classes(&set, 0);
        dataset_free(&set);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_plain_and_gzipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_truncated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_trailing_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_flipped_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_damaged_gzip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_absurd_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_labels_that_do_not_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_swapped_and_missing_files, set_up, tear_down),
        cmocka_unit_test(cuts_messages_to_the_buffer),
        cmocka_unit_test_setup_teardown(finds_every_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_halves_of_different_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_cifar, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_damaged_cifar, set_up, tear_down),
        cmocka_unit_test(reads_the_real_mnist),
        cmocka_unit_test(reads_the_real_fashion_mnist),
        cmocka_unit_test(reads_the_real_cifar),
    };
    return cmocka_run_group_tests_name("data", tests, NULL, NULL);
}
