// What a call lends to C: pinned arrays, text and structs in native memory, handles. Given back at
// its end.

using System;
using System.Buffers;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace CnnSharp
{
    // Reused by each thread, so that calls in a game's frame leave nothing for the collector.
    internal sealed unsafe class Scope : IDisposable
    {
        [ThreadStatic]
        private static Scope free;

        private Scope next;
        private GCHandle[] pins = new GCHandle[8];
        private int pinCount;
        private IntPtr[] blocks = new IntPtr[8];
        private int blockCount;
        private readonly List<SafeHandle> handles = new List<SafeHandle>();
        private readonly List<MemoryHandle> memories = new List<MemoryHandle>();

        internal static Scope Begin()
        {
            Scope scope = free;
            if (scope == null) return new Scope();
            free = scope.next;
            scope.next = null;
            return scope;
        }

        internal void* Pin(Array array)
        {
            Add(GCHandle.Alloc(array, GCHandleType.Pinned));
            return (void*)pins[pinCount - 1].AddrOfPinnedObject();
        }

        internal void* Pin(MemoryHandle memory)
        {
            memories.Add(memory);
            return memory.Pointer;
        }

        // What a callback gets back as its `user`.
        internal void* Context(object context)
        {
            Add(GCHandle.Alloc(context));
            return (void*)GCHandle.ToIntPtr(pins[pinCount - 1]);
        }

        // Native memory, zero.
        internal void* Allocate(long bytes)
        {
            if (blockCount == blocks.Length) Array.Resize(ref blocks, 2 * blockCount);
            byte* block = (byte*)Marshal.AllocHGlobal((IntPtr)Math.Max(bytes, 1));
            blocks[blockCount++] = (IntPtr)block;
            for (long i = 0; i < bytes; i++) block[i] = 0;
            return block;
        }

        // UTF-8, zero-terminated; null for null.
        internal byte* Text(string text)
        {
            if (text == null) return null;
            if (text.IndexOf('\0') >= 0)
                throw new ArgumentException("a text for libcnn has no zero characters", nameof(text));
            int bytes = Encoding.UTF8.GetByteCount(text);
            byte* copy = (byte*)Allocate(bytes + 1);
            fixed (char* characters = text)
                Encoding.UTF8.GetBytes(characters, text.Length, copy, bytes);
            return copy;
        }

        internal long* Longs(IReadOnlyList<long> values)
        {
            if (values == null || values.Count == 0) return null;
            long* copy = (long*)Allocate(values.Count * (long)sizeof(long));
            for (int i = 0; i < values.Count; i++) copy[i] = values[i];
            return copy;
        }

        internal float* Floats(IReadOnlyList<float> values)
        {
            if (values == null || values.Count == 0) return null;
            float* copy = (float*)Allocate(values.Count * (long)sizeof(float));
            for (int i = 0; i < values.Count; i++) copy[i] = values[i];
            return copy;
        }

        // Kept until the scope ends, whoever disposes of it.
        internal IntPtr Hold(SafeHandle handle)
        {
            bool held = false;
            handle.DangerousAddRef(ref held);
            if (held) handles.Add(handle);
            return handle.DangerousGetHandle();
        }

        public void Dispose()
        {
            Free();
            next = free;
            free = this;
        }

        // Gives all back, without keeping the scope for this thread's next call.
        internal void Free()
        {
            for (int i = 0; i < pinCount; i++) pins[i].Free();
            for (int i = 0; i < blockCount; i++) Marshal.FreeHGlobal(blocks[i]);
            foreach (SafeHandle handle in handles) handle.DangerousRelease();
            foreach (MemoryHandle memory in memories) memory.Dispose();
            pinCount = blockCount = 0;
            handles.Clear();
            memories.Clear();
        }

        private void Add(GCHandle pin)
        {
            if (pinCount == pins.Length) Array.Resize(ref pins, 2 * pinCount);
            pins[pinCount++] = pin;
        }
    }

    // Cancels the call in progress on a net when a token asks for it; null for a token that can't.
    internal sealed class Cancellation : IDisposable
    {
        private readonly NetHandle net;
        private bool ended;
        private CancellationTokenRegistration registration;

        private Cancellation(NetHandle net)
        {
            this.net = net;
        }

        internal static Cancellation Begin(NetHandle net, CancellationToken token)
        {
            if (!token.CanBeCanceled) return null;
            token.ThrowIfCancellationRequested();
            Cancellation cancellation = new Cancellation(net);
            cancellation.registration = token.Register(cancellation.Cancel);
            return cancellation;
        }

        public void Dispose()
        {
            lock (this) ended = true;
            registration.Dispose();
        }

        private void Cancel()
        {
            // A cancel before the native call has begun has no effect: so once more, until it ends.
            if (Once()) ThreadPool.QueueUserWorkItem(Repeat);
        }

        private void Repeat(object unused)
        {
            do Thread.Sleep(1);
            while (Once());
        }

        private bool Once()
        {
            lock (this)
            {
                if (ended) return false;
                try
                {
                    Native.cnn_net_cancel(net);
                }
                catch (ObjectDisposedException)
                {
                    return false;
                }
                return true;
            }
        }
    }
}
