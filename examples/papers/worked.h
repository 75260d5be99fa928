// The six networks of "worked gradients" (W): each built with the library, and beside it its loss
// and gradient in closed form, in double.
#ifndef CNN_EXAMPLES_WORKED_H
#define CNN_EXAMPLES_WORKED_H

#include <cnn/cnn.h>

enum { kWorkedNetworks = 6, kWorkedInputs = 9, kWorkedParameters = 16 };

struct worked_network {
    const char *name;
    const char *loss;      // as a formula
    const char *gradient;  // likewise
    int inputs;
    int parameters;             // of theta; the last `fixed` of them don't learn
    int fixed;                  // constants of the network that live in theta
    const char *const *labels;  // of the parameters, in theta's order
    cnn_net *(*build)(void);    // not compiled
    // The loss at theta for one sample x with target y, and its gradient.
    double (*closed_form)(const double *x, double y, const double *theta, double *gradient);
};

extern const struct worked_network worked_networks[kWorkedNetworks];

#endif
