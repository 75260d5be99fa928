// What holds the native objects: each is ended once, when nothing uses it any more.

using System;
using System.Runtime.InteropServices;

namespace CnnSharp
{
    /// <summary>Holds a native device; ended in any order with what was made on it.</summary>
    public sealed class DeviceHandle : SafeHandle
    {
        internal DeviceHandle(IntPtr native) : base(IntPtr.Zero, true)
        {
            SetHandle(native);
        }

        /// <summary>Whether there is no device.</summary>
        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>Ends the device.</summary>
        protected override bool ReleaseHandle()
        {
            Native.cnn_device_destroy(handle);
            return true;
        }
    }

    /// <summary>Holds a native net. A call that uses it keeps it, also where it is disposed of
    /// meanwhile.</summary>
    public sealed class NetHandle : SafeHandle
    {
        internal NetHandle(IntPtr native) : base(IntPtr.Zero, true)
        {
            SetHandle(native);
        }

        /// <summary>Whether there is no net.</summary>
        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>Ends the net.</summary>
        protected override bool ReleaseHandle()
        {
            Native.cnn_net_destroy(handle);
            return true;
        }
    }

    /// <summary>Holds a native optimizer.</summary>
    public sealed class OptimizerHandle : SafeHandle
    {
        internal OptimizerHandle(IntPtr native) : base(IntPtr.Zero, true)
        {
            SetHandle(native);
        }

        /// <summary>Whether there is no optimizer.</summary>
        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>Ends the optimizer.</summary>
        protected override bool ReleaseHandle()
        {
            Native.cnn_optimizer_destroy(handle);
            return true;
        }
    }

    /// <summary>Holds a native matrix.</summary>
    public sealed class MatrixHandle : SafeHandle
    {
        internal MatrixHandle(IntPtr native) : base(IntPtr.Zero, true)
        {
            SetHandle(native);
        }

        /// <summary>Whether there is no matrix.</summary>
        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>Ends the matrix.</summary>
        protected override bool ReleaseHandle()
        {
            Native.cnn_matrix_destroy(handle);
            return true;
        }
    }

    /// <summary>Holds a run in progress with what it uses of the host's, which stays in its place until
    /// the run is done.</summary>
    public sealed class EventHandle : SafeHandle
    {
        private readonly Scope lent;

        internal EventHandle(IntPtr native, Scope lent) : base(IntPtr.Zero, true)
        {
            this.lent = lent;
            SetHandle(native);
        }

        /// <summary>Whether there is no run.</summary>
        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>Waits for the run and ends the event.</summary>
        protected override bool ReleaseHandle()
        {
            Native.cnn_event_destroy(handle);
            lent.Free();
            return true;
        }
    }
}
