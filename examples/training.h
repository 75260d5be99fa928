// What the training examples share: a data set as the library takes it, and a progress bar.
#pragma once

#include <cnn/cnn.h>

#include "data.h"

#ifdef __cplusplus
extern "C" {
#endif

// The set's pictures, bytes scaled to 0..1, and its labels. They are borrowed: keep the set.
cnn_samples samples_of(const struct dataset *set);

// A cnn_progress_function that draws a bar with the rate and the time left on the standard error
// output, and after each epoch leaves a line with its loss and accuracy. Where that output is no
// terminal there is no bar. `user` isn't used.
int32_t show_progress(const cnn_progress *progress, void *user);

#ifdef __cplusplus
}
#endif
