// What C calls: static methods, as ahead-of-time compilers (IL2CPP) want them, that find the
// host's delegates by `user`. No exception ever crosses into C.

using System;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace CnnSharp
{
    // IL2CPP looks for an attribute of this name, in any namespace.
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class MonoPInvokeCallbackAttribute : Attribute
    {
        public MonoPInvokeCallbackAttribute(Type type)
        {
            Type = type;
        }

        public Type Type { get; }
    }

    // The delegates are kept by fields: C holds no more than their addresses.
    internal static unsafe class Callbacks
    {
        private const int Cancel = 1;

        private static readonly cnn_allocator_alloc alloc = OnAlloc;
        private static readonly cnn_allocator_free free = OnFree;
        private static readonly cnn_log_write log = OnLog;
        private static readonly cnn_device_options_released deviceReleased = OnDeviceReleased;
        private static readonly cnn_device_options_parallel_for parallelFor = OnParallelFor;
        private static readonly cnn_reader_read read = OnRead;
        private static readonly cnn_writer_write write = OnWrite;
        private static readonly cnn_host_function hostForward = OnHostForward;
        private static readonly cnn_host_function hostBackward = OnHostBackward;
        private static readonly cnn_host_layer_released hostReleased = OnHostReleased;
        private static readonly cnn_host_activation_forward activationForward = OnActivationForward;
        private static readonly cnn_host_activation_backward activationBackward =
            OnActivationBackward;
        private static readonly cnn_progress_function progress = OnProgress;
        private static readonly cnn_tune_function tuneProgress = OnTuneProgress;
        private static readonly cnn_minimize_function minimizeProgress = OnMinimizeProgress;
        private static readonly cnn_problem_function function = OnFunction;
        private static readonly cnn_problem_residual_function residuals = OnResiduals;
        private static readonly cnn_product_function product = OnProduct;
        private static readonly cnn_product_function preconditioner = OnPreconditioner;

        internal static readonly IntPtr Alloc = Address(alloc);
        internal static readonly IntPtr Free = Address(free);
        internal static readonly IntPtr Log = Address(log);
        internal static readonly IntPtr DeviceReleased = Address(deviceReleased);
        internal static readonly IntPtr ParallelFor = Address(parallelFor);
        internal static readonly IntPtr Read = Address(read);
        internal static readonly IntPtr Write = Address(write);
        internal static readonly IntPtr HostForward = Address(hostForward);
        internal static readonly IntPtr HostBackward = Address(hostBackward);
        internal static readonly IntPtr HostReleased = Address(hostReleased);
        internal static readonly IntPtr ActivationForward = Address(activationForward);
        internal static readonly IntPtr ActivationBackward = Address(activationBackward);
        internal static readonly IntPtr Progress = Address(progress);
        internal static readonly IntPtr TuneProgress = Address(tuneProgress);
        internal static readonly IntPtr MinimizeProgress = Address(minimizeProgress);
        internal static readonly IntPtr Function = Address(function);
        internal static readonly IntPtr Residuals = Address(residuals);
        internal static readonly IntPtr Product = Address(product);
        internal static readonly IntPtr Preconditioner = Address(preconditioner);

        private static IntPtr Address(Delegate method)
        {
            return Marshal.GetFunctionPointerForDelegate(method);
        }

        private static T Target<T>(void* user)
        {
            return (T)GCHandle.FromIntPtr((IntPtr)user).Target;
        }

        private static T Release<T>(void* user)
        {
            GCHandle handle = GCHandle.FromIntPtr((IntPtr)user);
            T target = (T)handle.Target;
            handle.Free();
            return target;
        }

        private static int Failed(Exception exception)
        {
            Errors.Keep(exception);
            return Cancel;
        }

        // ---- Devices: from any thread, so that nobody could catch what these throw ----

        [MonoPInvokeCallback(typeof(cnn_allocator_alloc))]
        private static void* OnAlloc(void* user, UIntPtr size, UIntPtr align)
        {
            try
            {
                return (void*)Target<DeviceContext>(user).Options.Allocator.Allocate((long)size,
                                                                                     (long)align);
            }
            catch (Exception)
            {
                return null;
            }
        }

        [MonoPInvokeCallback(typeof(cnn_allocator_free))]
        private static void OnFree(void* user, void* pointer, UIntPtr size, UIntPtr align)
        {
            try
            {
                Target<DeviceContext>(user).Options.Allocator.Free((IntPtr)pointer, (long)size,
                                                                   (long)align);
            }
            catch (Exception)
            {
            }
        }

        [MonoPInvokeCallback(typeof(cnn_log_write))]
        private static void OnLog(void* user, LogLevel level, byte* message)
        {
            try
            {
                Target<DeviceContext>(user).Options.Log(level, Errors.Text(message));
            }
            catch (Exception)
            {
            }
        }

        [MonoPInvokeCallback(typeof(cnn_device_options_released))]
        private static void OnDeviceReleased(void* user)
        {
            try
            {
                Action released = Release<DeviceContext>(user).Options.Released;
                if (released != null) released();
            }
            catch (Exception)
            {
            }
        }

        [MonoPInvokeCallback(typeof(cnn_device_options_parallel_for))]
        private static void OnParallelFor(void* user, int count, IntPtr task, void* context)
        {
            new ParallelCall(Target<DeviceContext>(user), count, task, context).Run();
        }

        // ---- Streams ----

        [MonoPInvokeCallback(typeof(cnn_reader_read))]
        private static int OnRead(void* user, void* buffer, UIntPtr bytes, UIntPtr* got)
        {
            try
            {
                *got = (UIntPtr)(ulong)Target<StreamContext>(user).Read((IntPtr)buffer, (long)bytes);
                return 0;
            }
            catch (Exception exception)
            {
                return Failed(exception);
            }
        }

        [MonoPInvokeCallback(typeof(cnn_writer_write))]
        private static int OnWrite(void* user, void* data, UIntPtr bytes)
        {
            try
            {
                Target<StreamContext>(user).Write((IntPtr)data, (long)bytes);
                return 0;
            }
            catch (Exception exception)
            {
                return Failed(exception);
            }
        }

        // ---- Layers of the host's own ----

        [MonoPInvokeCallback(typeof(cnn_host_function))]
        private static int OnHostForward(cnn_host_call* call, void* user)
        {
            HostContext context = Target<HostContext>(user);
            try
            {
                context.Forward(new HostCall(call, context));
                return 0;
            }
            catch (Exception exception)
            {
                context.Thrown = ExceptionDispatchInfo.Capture(exception);
                return Failed(exception);
            }
        }

        [MonoPInvokeCallback(typeof(cnn_host_function))]
        private static int OnHostBackward(cnn_host_call* call, void* user)
        {
            HostContext context = Target<HostContext>(user);
            try
            {
                context.Backward(new HostCall(call, context));
                return 0;
            }
            catch (Exception exception)
            {
                context.Thrown = ExceptionDispatchInfo.Capture(exception);
                return Failed(exception);
            }
        }

        [MonoPInvokeCallback(typeof(cnn_host_layer_released))]
        private static void OnHostReleased(void* user)
        {
            try
            {
                Action released = Release<HostContext>(user).Released;
                if (released != null) released();
            }
            catch (Exception)
            {
            }
        }

        [MonoPInvokeCallback(typeof(cnn_host_activation_forward))]
        private static int OnActivationForward(long count, float* x, float* y, void* user)
        {
            HostContext context = Target<HostContext>(user);
            try
            {
                int n = checked((int)count);
                context.ActivationForward(new ReadOnlySpan<float>(x, n), new Span<float>(y, n));
                return 0;
            }
            catch (Exception exception)
            {
                context.Thrown = ExceptionDispatchInfo.Capture(exception);
                return Failed(exception);
            }
        }

        [MonoPInvokeCallback(typeof(cnn_host_activation_backward))]
        private static int OnActivationBackward(long count, float* x, float* y, float* dy, float* dx,
                                                void* user)
        {
            HostContext context = Target<HostContext>(user);
            try
            {
                int n = checked((int)count);
                context.ActivationBackward(
                    new ReadOnlySpan<float>(x, n), new ReadOnlySpan<float>(y, n),
                    new ReadOnlySpan<float>(dy, n), new Span<float>(dx, n));
                return 0;
            }
            catch (Exception exception)
            {
                context.Thrown = ExceptionDispatchInfo.Capture(exception);
                return Failed(exception);
            }
        }

        // ---- Training and minimising ----

        [MonoPInvokeCallback(typeof(cnn_progress_function))]
        private static int OnProgress(cnn_progress* progress, void* user)
        {
            try
            {
                return Target<FitContext>(user).Goes(new FitProgress(progress)) ? 0 : Cancel;
            }
            catch (Exception exception)
            {
                return Failed(exception);
            }
        }

        [MonoPInvokeCallback(typeof(cnn_tune_function))]
        private static int OnTuneProgress(cnn_tune_progress* progress, void* user)
        {
            try
            {
                return Target<TuneContext>(user).Progress(new TuneProgress(progress)) ? 0 : Cancel;
            }
            catch (Exception exception)
            {
                return Failed(exception);
            }
        }

        [MonoPInvokeCallback(typeof(cnn_minimize_function))]
        private static int OnMinimizeProgress(cnn_minimize_progress* progress, void* user)
        {
            try
            {
                return Target<ProblemContext>(user).Goes(new MinimizeProgress(progress)) ? 0 : Cancel;
            }
            catch (Exception exception)
            {
                return Failed(exception);
            }
        }

        [MonoPInvokeCallback(typeof(cnn_problem_function))]
        private static int OnFunction(long n, double* x, double* value, double* gradient, void* user)
        {
            try
            {
                ProblemContext context = Target<ProblemContext>(user);
                int count = checked((int)n);
                *value = context.Problem.Function(
                    new ReadOnlySpan<double>(x, count),
                    new Span<double>(gradient, gradient == null ? 0 : count));
                return context.Token.IsCancellationRequested ? Cancel : 0;
            }
            catch (Exception exception)
            {
                return Failed(exception);
            }
        }

        [MonoPInvokeCallback(typeof(cnn_problem_residual_function))]
        private static int OnResiduals(long m, long n, double* x, double* residuals, double* jacobian,
                                       void* user)
        {
            try
            {
                ProblemContext context = Target<ProblemContext>(user);
                int rows = checked((int)m), columns = checked((int)n);
                int entries = jacobian == null ? 0 : checked(rows * columns);
                context.Problem.ResidualFunction(new ReadOnlySpan<double>(x, columns),
                                                 new Span<double>(residuals, rows),
                                                 new Span<double>(jacobian, entries));
                return context.Token.IsCancellationRequested ? Cancel : 0;
            }
            catch (Exception exception)
            {
                return Failed(exception);
            }
        }

        [MonoPInvokeCallback(typeof(cnn_product_function))]
        private static int OnProduct(long n, double* v, double* y, void* user)
        {
            return Multiply(n, v, y, Target<ProblemContext>(user).Product, user);
        }

        [MonoPInvokeCallback(typeof(cnn_product_function))]
        private static int OnPreconditioner(long n, double* v, double* y, void* user)
        {
            return Multiply(n, v, y, Target<ProblemContext>(user).Preconditioner, user);
        }

        private static int Multiply(long n, double* v, double* y, Product product, void* user)
        {
            try
            {
                int count = checked((int)n);
                product(new ReadOnlySpan<double>(v, count), new Span<double>(y, count));
                return Target<ProblemContext>(user).Token.IsCancellationRequested ? Cancel : 0;
            }
            catch (Exception exception)
            {
                return Failed(exception);
            }
        }
    }
}
