// Lists the devices that networks can run on here, with what to pass as --device.
#include <cnn/cnn.h>
#include <stdio.h>

int main(void) {
    cnn_error error;
    const int32_t count = cnn_device_count(&error);
    if (count < 0) return fprintf(stderr, "%s\n", error.message), 1;

    printf("libcnn %s\n", cnn_version_string());
    for (int32_t i = 0; i < count; i++) {
        cnn_device_info info;
        if (cnn_device_describe(i, &info, &error)) {
            fprintf(stderr, "%s\n", error.message);
            return 1;
        }
        const char *kind = info.kind == CNN_DEVICE_CPU   ? "CPU"
                           : info.kind == CNN_DEVICE_GPU ? "GPU"
                                                         : "other";
        printf("%-12s %-5s %s, %s, %d compute units, %lld MiB\n", info.spec, kind, info.name,
               info.driver, (int)info.compute_units, (long long)(info.memory >> 20));
    }
    return 0;
}
