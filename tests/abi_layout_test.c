/* The size of every public struct and the place of each field, against tests/abi/layout.txt.
 * Given --print it writes that file's text instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <cnn/cnn.h>

typedef struct row {
    const char *name;
    size_t offset;
    size_t size;
} row;

/* A struct's own row has no offset. tests/abi_test.sh sees to it that none is missing. */
#define STRUCT(type) \
    { #type, SIZE_MAX, sizeof(type) }
#define FIELD(type, field) \
    { #type "." #field, offsetof(type, field), sizeof(((type *)NULL)->field) }

/* clang-format off */
static const row rows[] = {
    STRUCT(cnn_error),
    FIELD(cnn_error, status),
    FIELD(cnn_error, node),
    FIELD(cnn_error, message),
    STRUCT(cnn_allocator),
    FIELD(cnn_allocator, user),
    FIELD(cnn_allocator, alloc),
    FIELD(cnn_allocator, free),
    STRUCT(cnn_log),
    FIELD(cnn_log, user),
    FIELD(cnn_log, write),
    FIELD(cnn_log, level),
    FIELD(cnn_log, reserved),
    STRUCT(cnn_reader),
    FIELD(cnn_reader, user),
    FIELD(cnn_reader, read),
    STRUCT(cnn_writer),
    FIELD(cnn_writer, user),
    FIELD(cnn_writer, write),
    STRUCT(cnn_device_info),
    FIELD(cnn_device_info, spec),
    FIELD(cnn_device_info, backend),
    FIELD(cnn_device_info, name),
    FIELD(cnn_device_info, vendor),
    FIELD(cnn_device_info, driver),
    FIELD(cnn_device_info, kind),
    FIELD(cnn_device_info, compute_units),
    FIELD(cnn_device_info, memory),
    FIELD(cnn_device_info, memory_used),
    FIELD(cnn_device_info, memory_peak),
    FIELD(cnn_device_info, reserved),
    STRUCT(cnn_device_options),
    FIELD(cnn_device_options, cache_directory),
    FIELD(cnn_device_options, allocator),
    FIELD(cnn_device_options, log),
    FIELD(cnn_device_options, released),
    FIELD(cnn_device_options, released_user),
    FIELD(cnn_device_options, memory_limit),
    FIELD(cnn_device_options, threads),
    FIELD(cnn_device_options, reserved32),
    FIELD(cnn_device_options, reserved),
    STRUCT(cnn_net_options),
    FIELD(cnn_net_options, name),
    FIELD(cnn_net_options, seed),
    FIELD(cnn_net_options, reserved),
    STRUCT(cnn_conv2d),
    FIELD(cnn_conv2d, name),
    FIELD(cnn_conv2d, filters),
    FIELD(cnn_conv2d, kernel),
    FIELD(cnn_conv2d, stride),
    FIELD(cnn_conv2d, dilation),
    FIELD(cnn_conv2d, padding),
    FIELD(cnn_conv2d, groups),
    FIELD(cnn_conv2d, padding_mode),
    FIELD(cnn_conv2d, no_bias),
    FIELD(cnn_conv2d, activation),
    FIELD(cnn_conv2d, slope),
    FIELD(cnn_conv2d, initializer),
    FIELD(cnn_conv2d, initializer_scale),
    FIELD(cnn_conv2d, reserved),
    STRUCT(cnn_dense),
    FIELD(cnn_dense, name),
    FIELD(cnn_dense, units),
    FIELD(cnn_dense, no_bias),
    FIELD(cnn_dense, activation),
    FIELD(cnn_dense, slope),
    FIELD(cnn_dense, initializer),
    FIELD(cnn_dense, initializer_scale),
    FIELD(cnn_dense, reserved32),
    FIELD(cnn_dense, reserved),
    STRUCT(cnn_pool2d),
    FIELD(cnn_pool2d, name),
    FIELD(cnn_pool2d, window),
    FIELD(cnn_pool2d, stride),
    FIELD(cnn_pool2d, padding),
    FIELD(cnn_pool2d, padding_mode),
    FIELD(cnn_pool2d, ceil_mode),
    FIELD(cnn_pool2d, include_padding),
    FIELD(cnn_pool2d, reserved32),
    FIELD(cnn_pool2d, reserved),
    STRUCT(cnn_plain),
    FIELD(cnn_plain, name),
    FIELD(cnn_plain, reserved),
    STRUCT(cnn_activation),
    FIELD(cnn_activation, name),
    FIELD(cnn_activation, kind),
    FIELD(cnn_activation, slope),
    FIELD(cnn_activation, reserved),
    STRUCT(cnn_dropout),
    FIELD(cnn_dropout, name),
    FIELD(cnn_dropout, rate),
    FIELD(cnn_dropout, reserved32),
    FIELD(cnn_dropout, reserved),
    STRUCT(cnn_batch_norm),
    FIELD(cnn_batch_norm, name),
    FIELD(cnn_batch_norm, momentum),
    FIELD(cnn_batch_norm, epsilon),
    FIELD(cnn_batch_norm, no_scale),
    FIELD(cnn_batch_norm, no_shift),
    FIELD(cnn_batch_norm, activation),
    FIELD(cnn_batch_norm, slope),
    FIELD(cnn_batch_norm, reserved),
    STRUCT(cnn_add),
    FIELD(cnn_add, name),
    FIELD(cnn_add, activation),
    FIELD(cnn_add, slope),
    FIELD(cnn_add, reserved),
    STRUCT(cnn_loss),
    FIELD(cnn_loss, name),
    FIELD(cnn_loss, kind),
    FIELD(cnn_loss, weight),
    FIELD(cnn_loss, reserved),
    STRUCT(cnn_compile),
    FIELD(cnn_compile, max_batch),
    FIELD(cnn_compile, batches),
    FIELD(cnn_compile, batch_count),
    FIELD(cnn_compile, inference_only),
    FIELD(cnn_compile, memory_limit),
    FIELD(cnn_compile, reserved),
    STRUCT(cnn_view),
    FIELD(cnn_view, data),
    FIELD(cnn_view, elements),
    FIELD(cnn_view, type),
    FIELD(cnn_view, layout),
    FIELD(cnn_view, scale),
    FIELD(cnn_view, mean),
    FIELD(cnn_view, reserved),
    STRUCT(cnn_samples),
    FIELD(cnn_samples, inputs),
    FIELD(cnn_samples, input_elements),
    FIELD(cnn_samples, input_type),
    FIELD(cnn_samples, input_layout),
    FIELD(cnn_samples, scale),
    FIELD(cnn_samples, mean),
    FIELD(cnn_samples, targets),
    FIELD(cnn_samples, target_elements),
    FIELD(cnn_samples, labels),
    FIELD(cnn_samples, label_elements),
    FIELD(cnn_samples, weights),
    FIELD(cnn_samples, weight_elements),
    FIELD(cnn_samples, input_views),
    FIELD(cnn_samples, target_views),
    FIELD(cnn_samples, input_view_count),
    FIELD(cnn_samples, target_view_count),
    FIELD(cnn_samples, label_type),
    FIELD(cnn_samples, reserved32),
    FIELD(cnn_samples, reserved),
    STRUCT(cnn_run),
    FIELD(cnn_run, softmax),
    FIELD(cnn_run, training),
    FIELD(cnn_run, reserved),
    STRUCT(cnn_evaluation),
    FIELD(cnn_evaluation, loss),
    FIELD(cnn_evaluation, accuracy),
    FIELD(cnn_evaluation, samples),
    FIELD(cnn_evaluation, correct),
    FIELD(cnn_evaluation, reserved),
    STRUCT(cnn_gradient_options),
    FIELD(cnn_gradient_options, training),
    FIELD(cnn_gradient_options, reserved32),
    FIELD(cnn_gradient_options, reserved),
    STRUCT(cnn_key_info),
    FIELD(cnn_key_info, name),
    FIELD(cnn_key_info, key),
    FIELD(cnn_key_info, reserved32),
    FIELD(cnn_key_info, value),
    FIELD(cnn_key_info, default_value),
    FIELD(cnn_key_info, minimum),
    FIELD(cnn_key_info, maximum),
    FIELD(cnn_key_info, reserved),
    STRUCT(cnn_progress),
    FIELD(cnn_progress, epoch),
    FIELD(cnn_progress, epochs),
    FIELD(cnn_progress, step),
    FIELD(cnn_progress, steps),
    FIELD(cnn_progress, fraction),
    FIELD(cnn_progress, loss),
    FIELD(cnn_progress, learning_rate),
    FIELD(cnn_progress, validation_loss),
    FIELD(cnn_progress, validation_accuracy),
    FIELD(cnn_progress, samples_per_second),
    FIELD(cnn_progress, seconds),
    FIELD(cnn_progress, seconds_left),
    FIELD(cnn_progress, epoch_ended),
    FIELD(cnn_progress, reserved32),
    FIELD(cnn_progress, reserved),
    STRUCT(cnn_fit),
    FIELD(cnn_fit, epochs),
    FIELD(cnn_fit, batch),
    FIELD(cnn_fit, seed),
    FIELD(cnn_fit, validation),
    FIELD(cnn_fit, progress),
    FIELD(cnn_fit, user),
    FIELD(cnn_fit, progress_interval),
    FIELD(cnn_fit, no_shuffle),
    FIELD(cnn_fit, resume),
    FIELD(cnn_fit, schedule),
    FIELD(cnn_fit, schedule_factor),
    FIELD(cnn_fit, schedule_period),
    FIELD(cnn_fit, schedule_floor),
    FIELD(cnn_fit, warmup_steps),
    FIELD(cnn_fit, reserved),
    STRUCT(cnn_report),
    FIELD(cnn_report, epochs),
    FIELD(cnn_report, steps),
    FIELD(cnn_report, loss),
    FIELD(cnn_report, validation_loss),
    FIELD(cnn_report, validation_accuracy),
    FIELD(cnn_report, seconds),
    FIELD(cnn_report, samples_per_second),
    FIELD(cnn_report, reserved),
    STRUCT(cnn_tensor_info),
    FIELD(cnn_tensor_info, name),
    FIELD(cnn_tensor_info, offset),
    FIELD(cnn_tensor_info, elements),
    FIELD(cnn_tensor_info, shape),
    FIELD(cnn_tensor_info, rank),
    FIELD(cnn_tensor_info, node),
    FIELD(cnn_tensor_info, rate),
    FIELD(cnn_tensor_info, regularization),
    FIELD(cnn_tensor_info, reserved),
    STRUCT(cnn_node_info),
    FIELD(cnn_node_info, name),
    FIELD(cnn_node_info, kind),
    FIELD(cnn_node_info, inputs),
    FIELD(cnn_node_info, input_count),
    FIELD(cnn_node_info, rank),
    FIELD(cnn_node_info, shape),
    FIELD(cnn_node_info, parameters),
    FIELD(cnn_node_info, is_output),
    FIELD(cnn_node_info, reserved32),
    FIELD(cnn_node_info, reserved),
};
/* clang-format on */

enum { row_count = sizeof rows / sizeof rows[0] };

static void format(const row *r, char *line, size_t capacity) {
    if (r->offset == SIZE_MAX) {
        snprintf(line, capacity, "%s size %zu\n", r->name, r->size);
    } else {
        snprintf(line, capacity, "%s at %zu size %zu\n", r->name, r->offset, r->size);
    }
}

static void layout_is_the_committed_one(void **state) {
    (void)state;
    /* The file is for 64-bit pointers. */
    if (sizeof(void *) != 8) skip();
    FILE *file = fopen(CNN_TEST_DIR "/abi/layout.txt", "r");
    assert_non_null(file);
    char expected[256], actual[256];
    for (int i = 0; i < row_count; i++) {
        format(&rows[i], actual, sizeof actual);
        assert_non_null(fgets(expected, sizeof expected, file));
        assert_string_equal(actual, expected);
    }
    assert_null(fgets(expected, sizeof expected, file));
    fclose(file);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        for (int i = 0; i < row_count; i++) {
            char line[256];
            format(&rows[i], line, sizeof line);
            fputs(line, stdout);
        }
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(layout_is_the_committed_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
