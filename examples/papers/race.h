// The curves of a race, and their files.
#ifndef CNN_EXAMPLES_RACE_H
#define CNN_EXAMPLES_RACE_H

#include <cnn/cnn.h>

struct curve {
    const char *name;
    int count, capacity;
    struct curve_point {
        double evaluations, seconds, value;
    } * points;
};

// Returns 0, or 1 for want of memory.
int curve_add(struct curve *curve, double evaluations, double seconds, double value);
void curve_free(struct curve *curve);

// Writes FOLDER/race.csv, a row a point, and FOLDER/race.svg, the value against evaluations, both
// on logarithmic scales. Returns 0, or 1 after saying on the standard error output what failed.
int curves_write(const char *folder, const struct curve *curves, int count);

#endif
