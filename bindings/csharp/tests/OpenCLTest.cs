// A device on the host's own OpenCL, where there is one.

using System;
using System.Linq;
using System.Runtime.InteropServices;

namespace CnnSharp.Tests
{
    internal static unsafe class OpenCLTest
    {
        private const string CL = "libOpenCL.so.1";

        [DllImport(CL)]
        private static extern int clGetPlatformIDs(uint count, IntPtr[] platforms, out uint got);

        [DllImport(CL)]
        private static extern int clGetDeviceIDs(IntPtr platform, ulong type, uint count,
                                                 IntPtr[] devices, out uint got);

        [DllImport(CL)]
        private static extern IntPtr clCreateContext(IntPtr properties, uint count, IntPtr[] devices,
                                                     IntPtr notify, IntPtr user, out int error);

        [DllImport(CL)]
        private static extern IntPtr clCreateCommandQueue(IntPtr context, IntPtr device,
                                                          ulong properties, out int error);

        [DllImport(CL)]
        private static extern IntPtr clCreateBuffer(IntPtr context, ulong flags, UIntPtr size,
                                                    IntPtr host, out int error);

        [DllImport(CL)]
        private static extern int clEnqueueWriteBuffer(IntPtr queue, IntPtr buffer, uint blocking,
                                                       UIntPtr offset, UIntPtr size, float[] data,
                                                       uint count, IntPtr wait, IntPtr done);

        [DllImport(CL)]
        private static extern int clEnqueueReadBuffer(IntPtr queue, IntPtr buffer, uint blocking,
                                                      UIntPtr offset, UIntPtr size, float[] data,
                                                      uint count, IntPtr wait, IntPtr done);

        [DllImport(CL)]
        private static extern int clReleaseMemObject(IntPtr buffer);

        [DllImport(CL)]
        private static extern int clReleaseCommandQueue(IntPtr queue);

        [DllImport(CL)]
        private static extern int clReleaseContext(IntPtr context);

        [Test("a run on the host's queue, between the host's buffers")]
        private static void Lent()
        {
            // Without a driver there is nothing to lend.
            if (Device.List().All(d => d.Backend != "opencl")) return;
            uint got;
            int error;
            IntPtr[] platform = new IntPtr[1], device = new IntPtr[1];
            Expect.Equal(0, clGetPlatformIDs(1, platform, out got));
            Expect.Equal(0, clGetDeviceIDs(platform[0], 0xFFFFFFFF, 1, device, out got));
            IntPtr context = clCreateContext(IntPtr.Zero, 1, device, IntPtr.Zero, IntPtr.Zero,
                                             out error);
            IntPtr queue = clCreateCommandQueue(context, device[0], 0, out error);
            IntPtr buffer = clCreateBuffer(context, 1, (UIntPtr)1024u, IntPtr.Zero, out error);
            Expect.Equal(0, error, "OpenCL's error");

            float[] x = Some.Numbers(64), wanted, y = new float[3];
            using (Net net = Some.Classifier()) wanted = net.Run(x);
            int released = 0;
            using (Device lent = Device.Open(
                       new OpenCLObjects { Context = context, Device = device[0], Queue = queue },
                       new DeviceOptions { Released = () => released++ }))
            using (Net net = Some.Classifier(lent))
            {
                Expect.Equal("opencl", lent.Info.Backend);
                clEnqueueWriteBuffer(queue, buffer, 0, (UIntPtr)64u, (UIntPtr)256u, x, 0, IntPtr.Zero,
                                     IntPtr.Zero);
                Data from = Data.FromOpenCL(buffer, 64, ElementType.Float32, 64);
                net.RunView(from, Data.FromOpenCL(buffer, 3, ElementType.Float32, 512));
                clEnqueueReadBuffer(queue, buffer, 1, (UIntPtr)512u, (UIntPtr)12u, y, 0, IntPtr.Zero,
                                    IntPtr.Zero);
                Expect.Near(wanted, y, 1e-4);
                Array.Clear(y, 0, 3);
                net.RunView(from, y);
                Expect.Near(wanted, y, 1e-4, "of an output on the host");
                Expect.Throws<ArgumentException>(
                    () => net.Evaluate(new Samples { Inputs = from, Labels = new byte[1] }));
                net.Evaluate(new Samples { InputViews = new View[] { from }, Labels = new byte[1] });
                using (Net cpu = Some.Classifier())
                    Expect.Throws<CnnException>(() => cpu.RunView(from, y));
                Expect.Throws<CnnException>(() => net.RunView(
                    Data.FromOpenCL(buffer, 64, ElementType.Float32, 2), y));
            }
            Expect.Equal(1, released, "releases");
            Expect.Throws(Status.InvalidArgument, () => Device.Open(new OpenCLObjects()));
            Expect.Throws<ArgumentNullException>(() => Device.Open((OpenCLObjects)null));
            Expect.Equal(0, clReleaseMemObject(buffer));
            Expect.Equal(0, clReleaseCommandQueue(queue));
            Expect.Equal(0, clReleaseContext(context));
        }
    }
}
