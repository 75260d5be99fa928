// What every program begins with.
#pragma OPENCL FP_CONTRACT OFF

#define LANES 16
// Work-groups of one item: the CPU class's form.
#define SINGLE __attribute__((reqd_work_group_size(1, 1, 1)))
