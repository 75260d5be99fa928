// Devices: what there are, how one is opened, what it is.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace CnnSharp
{
    /// <summary>Memory of the host's for tensors, arenas, workspaces and packed weights of a device.
    /// Called from any thread, also from several at once.</summary>
    public interface IAllocator
    {
        /// <summary>So many bytes at a multiple of alignment (a power of two, at most 4096);
        /// IntPtr.Zero, or an exception, where there is no more.</summary>
        IntPtr Allocate(long bytes, long alignment);

        /// <summary>Gets back what Allocate gave, with the same numbers.</summary>
        void Free(IntPtr pointer, long bytes, long alignment);
    }

    /// <summary>How a device is opened.</summary>
    public sealed class DeviceOptions
    {
        /// <summary>Where built programs and tuning are kept; null: nothing is written.</summary>
        public string CacheDirectory { get; set; }

        /// <summary>Memory of the host's; null: the library's own.</summary>
        public IAllocator Allocator { get; set; }

        /// <summary>Gets what the library has to tell, from any thread, up to LogLevel. Exceptions in
        /// it are dropped.</summary>
        public Action<LogLevel, string> Log { get; set; }

        /// <summary>The most detailed level that Log wants.</summary>
        public LogLevel LogLevel { get; set; } = LogLevel.Warning;

        /// <summary>Called once, from any thread, when the device and everything that was made on it
        /// are gone, and so Allocator and Log aren't used any more.</summary>
        public Action Released { get; set; }

        /// <summary>Bytes that the device may hold at once; 0: no limit.</summary>
        public long MemoryLimit { get; set; }

        /// <summary>Threads that compute, the caller's included; 0: one per core.</summary>
        public int Threads { get; set; }

        /// <summary>
        /// The host's own threads in place of the CPU's: calls the body once for each number from 0 to
        /// below the count, on any threads, and returns when all have returned, such as
        /// <c>(count, body) => Parallel.For(0, count, body)</c>. The count is at most Threads. Called
        /// by the thread that computes, so by several at once where several nets run. Exceptions in it
        /// are dropped, and what it left out is done by the thread that computes.
        /// </summary>
        public Action<int, Action<int>> ParallelFor { get; set; }

        internal DeviceOptions Copy()
        {
            return (DeviceOptions)MemberwiseClone();
        }
    }

    // What a device's callbacks use, kept until it is released.
    internal sealed class DeviceContext
    {
        internal readonly DeviceOptions Options;
        private volatile Tuple<IntPtr, cnn_device_options_parallel_for_task> task;

        internal DeviceContext(DeviceOptions options)
        {
            Options = options.Copy();
        }

        // The library has one such function: its delegate is made once.
        internal cnn_device_options_parallel_for_task Task(IntPtr function)
        {
            Tuple<IntPtr, cnn_device_options_parallel_for_task> known = task;
            if (known == null || known.Item1 != function)
                task = known = Tuple.Create(
                    function, Marshal.GetDelegateForFunctionPointer<
                                  cnn_device_options_parallel_for_task>(function));
            return known.Item2;
        }

        internal unsafe void Fill(cnn_device_options* native, void* user, Scope scope)
        {
            native->cache_directory = scope.Text(Options.CacheDirectory);
            native->memory_limit = Options.MemoryLimit;
            native->threads = Options.Threads;
            native->released = Callbacks.DeviceReleased;
            native->released_user = user;
            if (Options.Allocator != null)
            {
                native->allocator.user = user;
                native->allocator.alloc = Callbacks.Alloc;
                native->allocator.free = Callbacks.Free;
            }
            if (Options.ParallelFor != null)
            {
                native->parallel_for = Callbacks.ParallelFor;
                native->parallel_for_user = user;
            }
            if (Options.Log == null) return;
            native->log.user = user;
            native->log.write = Callbacks.Log;
            native->log.level = Options.LogLevel;
        }
    }

    // Work that the host's threads share: each part is done once, whatever the host does.
    internal sealed unsafe class ParallelCall
    {
        private readonly DeviceContext device;
        private readonly cnn_device_options_parallel_for_task task;
        private readonly void* context;
        private readonly int[] begun;
        private int left;

        internal ParallelCall(DeviceContext device, int count, IntPtr task, void* context)
        {
            this.device = device;
            this.task = device.Task(task);
            this.context = context;
            begun = new int[count];
            left = count;
        }

        internal void Run()
        {
            try
            {
                device.Options.ParallelFor(begun.Length, Do);
            }
            catch (Exception)
            {
            }
            for (int i = 0; i < begun.Length; i++) Do(i);
            SpinWait wait = new SpinWait();
            while (Volatile.Read(ref left) > 0) wait.SpinOnce();
        }

        private void Do(int index)
        {
            if (Interlocked.Exchange(ref begun[index], 1) != 0) return;
            task(context, index);
            Interlocked.Decrement(ref left);
        }
    }

    /// <summary>A device that can be opened, or one that is open.</summary>
    public sealed class DeviceInfo
    {
        internal unsafe DeviceInfo(cnn_device_info* info)
        {
            Spec = Errors.Text(info->spec, 64);
            Backend = Errors.Text(info->backend, 32);
            Name = Errors.Text(info->name, 128);
            Vendor = Errors.Text(info->vendor, 128);
            Driver = Errors.Text(info->driver, 128);
            Kind = info->kind;
            ComputeUnits = info->compute_units;
            Memory = info->memory;
            MemoryUsed = info->memory_used;
            MemoryPeak = info->memory_peak;
        }

        /// <summary>What Device.Open takes: "cpu", "opencl:0.0".</summary>
        public string Spec { get; }

        /// <summary>"cpu", "opencl" or "reference".</summary>
        public string Backend { get; }

        /// <summary>Of the hardware, as its driver tells it.</summary>
        public string Name { get; }

        /// <summary>Who made it.</summary>
        public string Vendor { get; }

        /// <summary>The driver and its version; of the CPU the instruction set in use.</summary>
        public string Driver { get; }

        /// <summary>What sort of hardware it is.</summary>
        public DeviceKind Kind { get; }

        /// <summary>Cores, or what a driver counts.</summary>
        public int ComputeUnits { get; }

        /// <summary>Bytes; 0 where unknown.</summary>
        public long Memory { get; }

        /// <summary>Bytes held for libcnn now; 0 for a device that isn't open.</summary>
        public long MemoryUsed { get; }

        /// <summary>The most bytes that it held.</summary>
        public long MemoryPeak { get; }

        /// <summary>Its spec and name.</summary>
        public override string ToString() => Spec + " (" + Name + ")";
    }

    /// <summary>The host's own OpenCL, as cl_context, cl_device_id and cl_command_queue. Never changed
    /// and never released by libcnn, which uses it until DeviceOptions.Released is called.</summary>
    public sealed class OpenCLObjects
    {
        /// <summary>The cl_context.</summary>
        public IntPtr Context { get; set; }

        /// <summary>The cl_device_id, one of the context's.</summary>
        public IntPtr Device { get; set; }

        /// <summary>The cl_command_queue of both, in order: nets then run on it, between what the host
        /// enqueues before and after. IntPtr.Zero: libcnn makes queues of its own.</summary>
        public IntPtr Queue { get; set; }
    }

    /// <summary>Where nets compute. Many threads may use one at once. What was compiled on it keeps
    /// what it needs after Dispose.</summary>
    public sealed unsafe class Device : IDisposable
    {
        private Device(IntPtr native)
        {
            Handle = new DeviceHandle(native);
        }

        /// <summary>Holds the native device.</summary>
        public DeviceHandle Handle { get; }

        /// <summary>
        /// Opens a device. The spec is "auto" (the first OpenCL GPU, else the CPU), "cpu" (also
        /// "cpu:baseline", "cpu:avx2", "cpu:avx512": with no more than that instruction set),
        /// "opencl", "opencl:gpu", "opencl:cpu", "opencl:0.0" as List shows them, or "reference", the
        /// slow float64 truth that the others are checked by.
        /// </summary>
        public static Device Open(string spec = "auto", DeviceOptions options = null)
        {
            return Open(spec, null, options);
        }

        /// <summary>
        /// Opens a device on the host's own OpenCL, so that Data.FromOpenCL may be the host's buffers.
        /// With a queue a run whose outputs are all such buffers returns when it is enqueued, and waits
        /// for nothing; what has to be known, as a loss, is waited for.
        /// </summary>
        public static Device Open(OpenCLObjects lent, DeviceOptions options = null)
        {
            if (lent == null) throw new ArgumentNullException(nameof(lent));
            return Open(null, lent, options);
        }

        private static Device Open(string spec, OpenCLObjects lent, DeviceOptions options)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_device_options native = new cnn_device_options();
                GCHandle context = default(GCHandle);
                IntPtr device;
                if (options != null)
                {
                    DeviceContext kept = new DeviceContext(options);
                    context = GCHandle.Alloc(kept);
                    kept.Fill(&native, (void*)GCHandle.ToIntPtr(context), scope);
                }
                cnn_device_options* given = options == null ? null : &native;
                Status status;
                if (lent == null)
                    status = Native.cnn_device_open(scope.Text(spec), given, out device, &error);
                else
                {
                    cnn_opencl opencl = new cnn_opencl();
                    opencl.context = (void*)lent.Context;
                    opencl.device = (void*)lent.Device;
                    opencl.queue = (void*)lent.Queue;
                    status = Native.cnn_device_open_opencl(&opencl, given, out device, &error);
                }
                // `released` frees it, which only a device that was opened calls.
                if (status != Status.Ok && context.IsAllocated) context.Free();
                Errors.Check(status, &error);
                return new Device(device);
            }
        }

        /// <summary>The devices of this machine: the CPU, and those of every OpenCL driver.</summary>
        public static IReadOnlyList<DeviceInfo> List()
        {
            cnn_error error;
            int count = Native.cnn_device_count(&error);
            if (count < 0) throw Errors.Of((Status)(-count), &error);
            List<DeviceInfo> all = new List<DeviceInfo>();
            for (int i = 0; i < count; i++)
            {
                cnn_device_info info;
                Errors.Check(Native.cnn_device_describe(i, &info, &error), &error);
                all.Add(new DeviceInfo(&info));
            }
            return all;
        }

        /// <summary>What it is, with what it holds now.</summary>
        public DeviceInfo Info
        {
            get
            {
                cnn_error error;
                cnn_device_info info;
                Errors.Check(Native.cnn_device_get_info(Handle, &info, &error), &error);
                return new DeviceInfo(&info);
            }
        }

        /// <summary>Ends it, for all but what was compiled on it.</summary>
        public void Dispose()
        {
            Handle.Dispose();
        }
    }
}
