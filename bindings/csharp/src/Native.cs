// The C interface as it is: structs, callbacks, functions. Written by generate.py: don't edit.

using System;
using System.Runtime.InteropServices;
using System.Security;

#pragma warning disable 169, 649 // what isn't assigned here is written by C

namespace CnnSharp
{
    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int cnn_host_function(cnn_host_call* call, void* user);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int cnn_tune_function(cnn_tune_progress* progress, void* user);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int cnn_progress_function(cnn_progress* progress, void* user);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int cnn_minimize_function(cnn_minimize_progress* progress, void* user);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int cnn_product_function(long n, double* v, double* y, void* user);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void* cnn_allocator_alloc(void* user, UIntPtr size, UIntPtr align);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void cnn_allocator_free(void* user, void* pointer, UIntPtr size, UIntPtr align);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void cnn_log_write(void* user, LogLevel level, byte* message);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int cnn_reader_read(void* user, void* buffer, UIntPtr bytes, UIntPtr* got);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int cnn_writer_write(void* user, void* data, UIntPtr bytes);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void cnn_device_options_released(void* user);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void cnn_device_options_parallel_for_task(void* context, int index);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void cnn_device_options_parallel_for(void* user, int count, IntPtr task, void* context);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void cnn_host_layer_released(void* user);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int cnn_host_activation_forward(long count, float* x, float* y, void* user);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int cnn_host_activation_backward(long count, float* x, float* y, float* dy, float* dx, void* user);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate void cnn_host_activation_released(void* user);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int cnn_problem_function(long n, double* x, double* value, double* gradient, void* user);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int cnn_problem_residual_function(long m, long n, double* x, double* residuals, double* jacobian, void* user);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_error
    {
        internal Status status;
        internal int node;
        internal fixed byte message[504];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_allocator
    {
        internal void* user;
        internal IntPtr alloc;
        internal IntPtr free;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_log
    {
        internal void* user;
        internal IntPtr write;
        internal LogLevel level;
        internal int reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_reader
    {
        internal void* user;
        internal IntPtr read;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_writer
    {
        internal void* user;
        internal IntPtr write;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_device_info
    {
        internal fixed byte spec[64];
        internal fixed byte backend[32];
        internal fixed byte name[128];
        internal fixed byte vendor[128];
        internal fixed byte driver[128];
        internal DeviceKind kind;
        internal int compute_units;
        internal long memory;
        internal long memory_used;
        internal long memory_peak;
        internal fixed long reserved[13];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_device_options
    {
        internal byte* cache_directory;
        internal cnn_allocator allocator;
        internal cnn_log log;
        internal IntPtr released;
        internal void* released_user;
        internal long memory_limit;
        internal int threads;
        internal int reserved32;
        internal IntPtr parallel_for;
        internal void* parallel_for_user;
        internal fixed long reserved[10];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_opencl
    {
        internal void* context;
        internal void* device;
        internal void* queue;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_net_options
    {
        internal byte* name;
        internal ulong seed;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_connections
    {
        internal ConnectionKind kind;
        internal int shared_kernel;
        internal long fan_in;
        internal ulong seed;
        internal int* pairs;
        internal long pair_count;
        internal long* kernel_sizes;
        internal long kernel_size_count;
        internal int kernel_sizes_by_map;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_conv2d
    {
        internal byte* name;
        internal long filters;
        internal fixed long kernel[2];
        internal fixed long stride[2];
        internal fixed long dilation[2];
        internal fixed long padding[4];
        internal long groups;
        internal PaddingMode padding_mode;
        internal int no_bias;
        internal Activation activation;
        internal float slope;
        internal Initializer initializer;
        internal float initializer_scale;
        internal cnn_connections* connections;
        internal int exact;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_dense
    {
        internal byte* name;
        internal long units;
        internal int no_bias;
        internal Activation activation;
        internal float slope;
        internal Initializer initializer;
        internal float initializer_scale;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_pool2d
    {
        internal byte* name;
        internal fixed long window[2];
        internal fixed long stride[2];
        internal fixed long padding[4];
        internal PaddingMode padding_mode;
        internal int ceil_mode;
        internal int include_padding;
        internal int exact;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_weighted_subsample2d
    {
        internal byte* name;
        internal long filters;
        internal fixed long factor[2];
        internal cnn_connections* connections;
        internal int no_bias;
        internal int exact;
        internal Activation activation;
        internal float slope;
        internal Initializer initializer;
        internal float initializer_scale;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_subsample2d
    {
        internal byte* name;
        internal fixed long factor[2];
        internal int exact;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_radial_basis
    {
        internal byte* name;
        internal long units;
        internal RadialKind kind;
        internal float beta;
        internal Initializer initializer;
        internal float initializer_scale;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_plain
    {
        internal byte* name;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_reshape
    {
        internal byte* name;
        internal fixed long shape[3];
        internal int rank;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_activation
    {
        internal byte* name;
        internal Activation kind;
        internal float slope;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_dropout
    {
        internal byte* name;
        internal float rate;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_batch_norm
    {
        internal byte* name;
        internal float momentum;
        internal float epsilon;
        internal int no_scale;
        internal int no_shift;
        internal Activation activation;
        internal float slope;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_add
    {
        internal byte* name;
        internal Activation activation;
        internal float slope;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_host_call
    {
        internal long n;
        internal float** inputs;
        internal float** parameters;
        internal float* output;
        internal float* output_gradient;
        internal float** input_gradients;
        internal float** parameter_gradients;
        internal int input_count;
        internal int parameter_count;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_host_parameter
    {
        internal byte* name;
        internal fixed long shape[4];
        internal long fan_in;
        internal long fan_out;
        internal int rank;
        internal Initializer initializer;
        internal float initializer_scale;
        internal int decays;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_host_layer
    {
        internal byte* name;
        internal byte* kind;
        internal fixed long output_shape[3];
        internal cnn_host_parameter* parameters;
        internal IntPtr forward;
        internal IntPtr backward;
        internal void* user;
        internal IntPtr released;
        internal int output_rank;
        internal int parameter_count;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_host_activation
    {
        internal byte* name;
        internal byte* kind;
        internal IntPtr forward;
        internal IntPtr backward;
        internal void* user;
        internal IntPtr released;
        internal byte* opencl_forward;
        internal byte* opencl_derivative;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_loss
    {
        internal byte* name;
        internal LossKind kind;
        internal float weight;
        internal float* output_weights;
        internal long output_weight_count;
        internal int average_outputs;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_compile
    {
        internal long max_batch;
        internal long* batches;
        internal int batch_count;
        internal int inference_only;
        internal long memory_limit;
        internal double tune_seconds;
        internal long accept;
        internal fixed long reserved[6];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_tune_progress
    {
        internal long operation;
        internal long operations;
        internal double seconds;
        internal double fraction;
        internal fixed byte name[128];
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_tune
    {
        internal cnn_compile compile;
        internal double seconds;
        internal IntPtr progress;
        internal void* user;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_tune_report
    {
        internal long operations;
        internal long measured;
        internal long rejected;
        internal long kept;
        internal double seconds;
        internal double seconds_before;
        internal double seconds_after;
        internal fixed long reserved[9];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_profile
    {
        internal long samples;
        internal int runs;
        internal int training;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_node_time
    {
        internal int node;
        internal int second_pass;
        internal double seconds;
        internal double flops;
        internal double bytes;
        internal fixed byte operation[192];
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_view
    {
        internal void* data;
        internal long elements;
        internal ElementType type;
        internal Layout layout;
        internal fixed float scale[4];
        internal fixed float mean[4];
        internal void* memory;
        internal long memory_offset;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_samples
    {
        internal void* inputs;
        internal long input_elements;
        internal ElementType input_type;
        internal Layout input_layout;
        internal fixed float scale[4];
        internal fixed float mean[4];
        internal float* targets;
        internal long target_elements;
        internal void* labels;
        internal long label_elements;
        internal float* weights;
        internal long weight_elements;
        internal cnn_view* input_views;
        internal cnn_view* target_views;
        internal int input_view_count;
        internal int target_view_count;
        internal ElementType label_type;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_run
    {
        internal int softmax;
        internal int training;
        internal int restart;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_run_progress
    {
        internal int done;
        internal int reserved32;
        internal double fraction;
        internal double microseconds;
        internal double next_microseconds;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_evaluation
    {
        internal double loss;
        internal double accuracy;
        internal long samples;
        internal long correct;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_gradient_options
    {
        internal int training;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_gradient_check
    {
        internal long entries;
        internal long directions;
        internal ulong seed;
        internal double tolerance;
        internal int training;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_gradient_report
    {
        internal fixed byte worst[320];
        internal fixed byte tensor[256];
        internal long index;
        internal double error;
        internal double analytic;
        internal double numeric;
        internal double direction_error;
        internal double loss;
        internal long entries;
        internal long skipped;
        internal long directions;
        internal long skipped_directions;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_key_info
    {
        internal fixed byte name[32];
        internal Key key;
        internal int reserved32;
        internal double value;
        internal double default_value;
        internal double minimum;
        internal double maximum;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_progress
    {
        internal long epoch;
        internal long epochs;
        internal long step;
        internal long steps;
        internal double fraction;
        internal double loss;
        internal double learning_rate;
        internal double validation_loss;
        internal double validation_accuracy;
        internal double samples_per_second;
        internal double seconds;
        internal double seconds_left;
        internal int epoch_ended;
        internal int done;
        internal double next_microseconds;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_fit
    {
        internal long epochs;
        internal long batch;
        internal ulong seed;
        internal cnn_samples* validation;
        internal IntPtr progress;
        internal void* user;
        internal double progress_interval;
        internal int no_shuffle;
        internal int resume;
        internal Schedule schedule;
        internal float schedule_factor;
        internal double schedule_period;
        internal double schedule_floor;
        internal long warmup_steps;
        internal int restart;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_report
    {
        internal long epochs;
        internal long steps;
        internal double loss;
        internal double validation_loss;
        internal double validation_accuracy;
        internal double seconds;
        internal double samples_per_second;
        internal fixed long reserved[9];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_minimize_progress
    {
        internal long iteration;
        internal long evaluations;
        internal long gradient_evaluations;
        internal double value;
        internal double gradient_norm;
        internal double step_norm;
        internal double damping;
        internal double seconds;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_minimize_options
    {
        internal double gradient_tolerance;
        internal double step_tolerance;
        internal double value_tolerance;
        internal long max_iterations;
        internal long max_evaluations;
        internal double seconds;
        internal IntPtr progress;
        internal void* user;
        internal IntPtr then;
        internal long stall_iterations;
        internal double stall_tolerance;
        internal byte** tensors;
        internal long tensor_count;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_minimize_report
    {
        internal StopReason reason;
        internal int reserved32;
        internal long iterations;
        internal long evaluations;
        internal long gradient_evaluations;
        internal long products;
        internal long restarts;
        internal long handed_over;
        internal long rank;
        internal double start_value;
        internal double value;
        internal double gradient_norm;
        internal double step_norm;
        internal double damping;
        internal double condition;
        internal double seconds;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_problem
    {
        internal long parameters;
        internal IntPtr function;
        internal long residuals;
        internal IntPtr residual_function;
        internal void* user;
        internal int numeric_derivatives;
        internal int reserved32;
        internal long residual_group;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_tensor_info
    {
        internal fixed byte name[256];
        internal long offset;
        internal long elements;
        internal fixed long shape[8];
        internal int rank;
        internal int node;
        internal double rate;
        internal double regularization;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_matrix_info
    {
        internal long rows;
        internal long columns;
        internal long nonzeros;
        internal int sparse;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_convolution_info
    {
        internal fixed long input[3];
        internal fixed long output[3];
        internal fixed long kernel[2];
        internal fixed long stride[2];
        internal fixed long dilation[2];
        internal fixed long padding[4];
        internal long groups;
        internal long patch_rows;
        internal long positions;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_conv_matrix
    {
        internal double tolerance;
        internal int @unchecked;
        internal int dense;
        internal ImageOrder order;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct cnn_node_info
    {
        internal fixed byte name[256];
        internal fixed byte kind[32];
        internal fixed int inputs[8];
        internal int input_count;
        internal int rank;
        internal fixed long shape[8];
        internal long parameters;
        internal int is_output;
        internal int reserved32;
        internal fixed long reserved[8];
    }

    [SuppressUnmanagedCodeSecurity]
    internal static unsafe class Native
    {
#if CNN_STATIC || (UNITY_IOS && !UNITY_EDITOR)
        internal const string Library = "__Internal";
#else
        internal const string Library = "cnn";
#endif
        internal const int VersionMajor = 0;
        internal const int VersionMinor = 1;
        internal const int VersionPatch = 0;

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint cnn_version();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte* cnn_version_string();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern byte* cnn_status_name(Status status);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_device_count(cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_device_describe(int index, cnn_device_info* info, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_device_open(byte* spec, cnn_device_options* options, out IntPtr device, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_device_open_opencl(cnn_opencl* lent, cnn_device_options* options, out IntPtr device, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_device_get_info(DeviceHandle device, cnn_device_info* info, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void cnn_device_destroy(IntPtr device);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr cnn_net_create(cnn_net_options* options);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void cnn_net_destroy(IntPtr net);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_input(NetHandle net, byte* name, int rank, long* shape);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_conv2d(NetHandle net, int input, cnn_conv2d* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_dense(NetHandle net, int input, cnn_dense* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_max_pool2d(NetHandle net, int input, cnn_pool2d* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_average_pool2d(NetHandle net, int input, cnn_pool2d* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_weighted_subsample2d(NetHandle net, int input, cnn_weighted_subsample2d* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_subsample2d(NetHandle net, int input, cnn_subsample2d* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_radial_basis(NetHandle net, int input, cnn_radial_basis* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_global_average_pool2d(NetHandle net, int input, cnn_plain* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_flatten(NetHandle net, int input, cnn_plain* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_reshape(NetHandle net, int input, cnn_reshape* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_activation(NetHandle net, int input, cnn_activation* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_softmax(NetHandle net, int input, cnn_plain* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_dropout(NetHandle net, int input, cnn_dropout* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_batch_norm(NetHandle net, int input, cnn_batch_norm* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_add(NetHandle net, int* inputs, int count, cnn_add* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_concat(NetHandle net, int* inputs, int count, cnn_plain* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_host_layer(NetHandle net, int* inputs, int count, cnn_host_layer* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_host_activation(NetHandle net, int input, cnn_host_activation* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_bind_host_layer(NetHandle net, byte* name, cnn_host_layer* descriptor, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_bind_host_activation(NetHandle net, byte* name, cnn_host_activation* descriptor, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_loss(NetHandle net, int input, cnn_loss* descriptor);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_output(NetHandle net, int node, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_error(NetHandle net, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_compile(NetHandle net, DeviceHandle device, cnn_compile* options, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_device_tune(DeviceHandle device, NetHandle net, cnn_tune* options, cnn_tune_report* report, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_profile(NetHandle net, cnn_profile* options, cnn_node_time* times, long capacity, long* needed, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_run(NetHandle net, float* x, long x_elements, float* y, long y_elements, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_run_view(NetHandle net, cnn_view* input, cnn_view* output, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_run_many(NetHandle net, cnn_view* inputs, int input_count, cnn_view* outputs, int output_count, cnn_run* options, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_run_for(NetHandle net, cnn_view* inputs, int input_count, cnn_view* outputs, int output_count, cnn_run* options, double microseconds, cnn_run_progress* progress, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_run_async(NetHandle net, cnn_view* inputs, int input_count, cnn_view* outputs, int output_count, cnn_run* options, out IntPtr @event, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_event_is_done(EventHandle @event);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_event_wait(EventHandle @event, double microseconds, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void cnn_event_destroy(IntPtr @event);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_evaluate(NetHandle net, cnn_samples* samples, cnn_evaluation* result, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_loss_gradient(NetHandle net, cnn_samples* samples, cnn_gradient_options* options, double* loss, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_backward(NetHandle net, cnn_samples* samples, cnn_view* output_gradients, int output_count, cnn_view* input_gradients, int input_count, cnn_gradient_options* options, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_check_gradient(NetHandle net, cnn_samples* samples, cnn_gradient_check* options, cnn_gradient_report* report, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void cnn_net_cancel(NetHandle net);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr cnn_optimizer_create(OptimizerKind kind);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void cnn_optimizer_destroy(IntPtr optimizer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_optimizer_set(OptimizerHandle optimizer, Key key, double value, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_optimizer_get(OptimizerHandle optimizer, Key key, double* value, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_optimizer_key_count(OptimizerHandle optimizer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_optimizer_describe_key(OptimizerHandle optimizer, int index, cnn_key_info* info, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern OptimizerKind cnn_optimizer_get_kind(OptimizerHandle optimizer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern long cnn_optimizer_steps(OptimizerHandle optimizer);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_optimizer_reset(OptimizerHandle optimizer, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_train_step(NetHandle net, OptimizerHandle optimizer, cnn_samples* samples, double* loss, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_fit(NetHandle net, OptimizerHandle optimizer, cnn_samples* samples, cnn_fit* options, cnn_report* report, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_fit_for(NetHandle net, OptimizerHandle optimizer, cnn_samples* samples, cnn_fit* options, double microseconds, cnn_progress* progress, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_minimize(OptimizerHandle optimizer, cnn_problem* problem, double* x, cnn_minimize_options* options, cnn_minimize_report* report, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_minimize(NetHandle net, OptimizerHandle optimizer, cnn_samples* samples, cnn_minimize_options* options, cnn_minimize_report* report, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_error_curve(NetHandle net, cnn_samples* samples, float* direction, long elements, double* alphas, double* values, long count, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_conjugate_gradient(long n, IntPtr product, IntPtr preconditioner, void* user, double* b, double* x, cnn_minimize_options* options, cnn_minimize_report* report, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern long cnn_net_vector_elements(NetHandle net, VectorKind which);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_get_vector(NetHandle net, VectorKind which, float* values, long elements, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_set_vector(NetHandle net, VectorKind which, float* values, long elements, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_tensor_count(NetHandle net, VectorKind which);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_describe_tensor(NetHandle net, VectorKind which, int index, cnn_tensor_info* info, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_get_tensor(NetHandle net, VectorKind which, byte* name, float* values, long elements, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_set_tensor(NetHandle net, VectorKind which, byte* name, float* values, long elements, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_set_rate(NetHandle net, byte* name, double rate, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_set_regularization(NetHandle net, byte* name, double factor, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_set_center(NetHandle net, float* values, long elements, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_get_center(NetHandle net, float* values, long elements, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_clone(NetHandle net, out IntPtr clone, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_copy_parameters(NetHandle net, NetHandle source, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_share(NetHandle net, out IntPtr shared, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_hand_over(NetHandle shared, NetHandle source, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_init_radial_basis(NetHandle net, byte* name, cnn_samples* samples, ulong seed, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_matrix_mat(float* values, long elements, long rows, long columns, VecOrder order, out IntPtr matrix, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_matrix_vec(MatrixHandle matrix, VecOrder order, float* values, long elements, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_matrix_csr(long rows, long columns, long* row_offsets, long* column_indices, float* values, long nonzeros, out IntPtr matrix, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_matrix_get_csr(MatrixHandle matrix, long* row_offsets, long offsets, long* column_indices, float* values, long nonzeros, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern void cnn_matrix_destroy(IntPtr matrix);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_matrix_get_info(MatrixHandle matrix, cnn_matrix_info* info, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_matrix_multiply(MatrixHandle matrix, int transposed, float* x, long x_elements, float* y, long y_elements, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_describe_convolution(NetHandle net, int node, cnn_convolution_info* info, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_patches(NetHandle net, int node, float* z, long z_elements, float* phi, long phi_elements, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_patch_matrix(NetHandle net, int node, ImageOrder order, out IntPtr matrix, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_conv_matrix(NetHandle net, int node, cnn_conv_matrix* options, out IntPtr matrix, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_conv_positions(NetHandle net, int node, long* counts, long elements, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_set_conv_matrix(NetHandle net, int node, MatrixHandle matrix, cnn_conv_matrix* options, double* residual, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_unroll_conv2d(NetHandle net, int node, out IntPtr unrolled, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_node_count(NetHandle net);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_describe_node(NetHandle net, int node, cnn_node_info* info, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int cnn_net_find_node(NetHandle net, byte* name);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_summary(NetHandle net, byte* buffer, UIntPtr capacity, UIntPtr* needed, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_save(NetHandle net, byte* path, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_save_memory(NetHandle net, void* data, UIntPtr capacity, UIntPtr* bytes, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_save_writer(NetHandle net, cnn_writer* writer, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_load(byte* path, out IntPtr net, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_load_memory(void* data, UIntPtr bytes, out IntPtr net, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_net_load_reader(cnn_reader* reader, out IntPtr net, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_checkpoint_save(NetHandle net, OptimizerHandle optimizer, byte* path, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_checkpoint_save_memory(NetHandle net, OptimizerHandle optimizer, void* data, UIntPtr capacity, UIntPtr* bytes, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_checkpoint_save_writer(NetHandle net, OptimizerHandle optimizer, cnn_writer* writer, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_checkpoint_load(byte* path, out IntPtr net, out IntPtr optimizer, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_checkpoint_load_memory(void* data, UIntPtr bytes, out IntPtr net, out IntPtr optimizer, cnn_error* error);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern Status cnn_checkpoint_load_reader(cnn_reader* reader, out IntPtr net, out IntPtr optimizer, cnn_error* error);
    }
}
