// Saving and loading models and checkpoints: paths, streams, bytes.

using System;
using System.IO;
using System.Runtime.InteropServices;

namespace CnnSharp
{
    // What reader and writer callbacks use.
    internal sealed class StreamContext
    {
        private readonly Stream stream;
        private readonly byte[] buffer = new byte[65536];

        internal StreamContext(Stream stream)
        {
            if (stream == null) throw new ArgumentNullException(nameof(stream));
            this.stream = stream;
        }

        internal long Read(IntPtr target, long bytes)
        {
            int got = stream.Read(buffer, 0, (int)Math.Min(bytes, buffer.Length));
            Marshal.Copy(buffer, 0, target, got);
            return got;
        }

        internal void Write(IntPtr source, long bytes)
        {
            for (long done = 0; done < bytes;)
            {
                int part = (int)Math.Min(bytes - done, buffer.Length);
                Marshal.Copy((IntPtr)((long)source + done), buffer, 0, part);
                stream.Write(buffer, 0, part);
                done += part;
            }
        }
    }

    public sealed unsafe partial class Net
    {
        /// <summary>Saves the net as a safetensors file: parameters and state under their names, the
        /// network in its metadata.</summary>
        public void Save(string path)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                Errors.Check(Native.cnn_net_save(Handle, scope.Text(path), &error), &error);
            }
        }

        /// <summary>Writes the same into a stream.</summary>
        public void Save(Stream stream)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_writer writer = new cnn_writer();
                writer.user = scope.Context(new StreamContext(stream));
                writer.write = Callbacks.Write;
                Errors.Check(Native.cnn_net_save_writer(Handle, &writer, &error), &error);
            }
        }

        /// <summary>The same as bytes.</summary>
        public byte[] ToBytes()
        {
            cnn_error error;
            UIntPtr bytes;
            Status status = Native.cnn_net_save_memory(Handle, null, UIntPtr.Zero, &bytes, &error);
            if (status != Status.LimitExceeded) Errors.Check(status, &error);
            byte[] all = new byte[(long)bytes];
            fixed (byte* data = all)
                Errors.Check(Native.cnn_net_save_memory(Handle, data, bytes, &bytes, &error), &error);
            return all;
        }

        /// <summary>Loads a net from a file, checking everything before using it. It isn't compiled.
        /// </summary>
        public static Net Load(string path)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                IntPtr net;
                Errors.Check(Native.cnn_net_load(scope.Text(path), out net, &error), &error);
                return new Net(net);
            }
        }

        /// <summary>Loads a net from a stream, from where it stands.</summary>
        public static Net Load(Stream stream)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_reader reader = new cnn_reader();
                IntPtr net;
                reader.user = scope.Context(new StreamContext(stream));
                reader.read = Callbacks.Read;
                Errors.Check(Native.cnn_net_load_reader(&reader, out net, &error), &error);
                return new Net(net);
            }
        }

        /// <summary>Loads a net from bytes, such as a Unity TextAsset's.</summary>
        public static Net Load(ReadOnlySpan<byte> bytes)
        {
            cnn_error error;
            IntPtr net;
            fixed (byte* data = &MemoryMarshal.GetReference(bytes))
                Errors.Check(Native.cnn_net_load_memory(data, (UIntPtr)(uint)bytes.Length, out net,
                                                        &error),
                             &error);
            return new Net(net);
        }

        /// <summary>Loads a net from bytes.</summary>
        public static Net Load(byte[] bytes)
        {
            return Load(new ReadOnlySpan<byte>(Needed(bytes, nameof(bytes))));
        }

        internal static Net OfNative(IntPtr native)
        {
            return new Net(native);
        }
    }

    /// <summary>A net with its optimizer's state, the step and the place within a fit: what a file
    /// needs so that training goes on. Each net loads from a checkpoint too.</summary>
    public sealed unsafe class Checkpoint
    {
        private Checkpoint(IntPtr net, IntPtr optimizer)
        {
            Net = Net.OfNative(net);
            Optimizer = new Optimizer(optimizer);
        }

        /// <summary>The net, not compiled.</summary>
        public Net Net { get; }

        /// <summary>The optimizer, bound to it.</summary>
        public Optimizer Optimizer { get; }

        /// <summary>Saves to a file.</summary>
        public static void Save(Net net, Optimizer optimizer, string path)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                Errors.Check(Native.cnn_checkpoint_save(Of(net), Of(optimizer), scope.Text(path),
                                                        &error),
                             &error);
            }
        }

        /// <summary>Saves into a stream.</summary>
        public static void Save(Net net, Optimizer optimizer, Stream stream)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_writer writer = new cnn_writer();
                writer.user = scope.Context(new StreamContext(stream));
                writer.write = Callbacks.Write;
                Errors.Check(Native.cnn_checkpoint_save_writer(Of(net), Of(optimizer), &writer,
                                                               &error),
                             &error);
            }
        }

        /// <summary>A checkpoint as bytes.</summary>
        public static byte[] ToBytes(Net net, Optimizer optimizer)
        {
            cnn_error error;
            UIntPtr bytes;
            Status status = Native.cnn_checkpoint_save_memory(Of(net), Of(optimizer), null,
                                                              UIntPtr.Zero, &bytes, &error);
            if (status != Status.LimitExceeded) Errors.Check(status, &error);
            byte[] all = new byte[(long)bytes];
            fixed (byte* data = all)
                Errors.Check(Native.cnn_checkpoint_save_memory(Of(net), Of(optimizer), data, bytes,
                                                               &bytes, &error),
                             &error);
            return all;
        }

        /// <summary>Loads from a file; Status.NotFound for one without an optimizer.</summary>
        public static Checkpoint Load(string path)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                IntPtr net, optimizer;
                Errors.Check(Native.cnn_checkpoint_load(scope.Text(path), out net, out optimizer,
                                                        &error),
                             &error);
                return new Checkpoint(net, optimizer);
            }
        }

        /// <summary>Loads from a stream, from where it stands.</summary>
        public static Checkpoint Load(Stream stream)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_reader reader = new cnn_reader();
                IntPtr net, optimizer;
                reader.user = scope.Context(new StreamContext(stream));
                reader.read = Callbacks.Read;
                Errors.Check(Native.cnn_checkpoint_load_reader(&reader, out net, out optimizer, &error),
                             &error);
                return new Checkpoint(net, optimizer);
            }
        }

        /// <summary>Loads from bytes.</summary>
        public static Checkpoint Load(ReadOnlySpan<byte> bytes)
        {
            cnn_error error;
            IntPtr net, optimizer;
            fixed (byte* data = &MemoryMarshal.GetReference(bytes))
                Errors.Check(Native.cnn_checkpoint_load_memory(data, (UIntPtr)(uint)bytes.Length,
                                                               out net, out optimizer, &error),
                             &error);
            return new Checkpoint(net, optimizer);
        }

        /// <summary>Loads from bytes.</summary>
        public static Checkpoint Load(byte[] bytes)
        {
            if (bytes == null) throw new ArgumentNullException(nameof(bytes));
            return Load(new ReadOnlySpan<byte>(bytes));
        }

        private static NetHandle Of(Net net)
        {
            if (net == null) throw new ArgumentNullException(nameof(net));
            return net.Handle;
        }

        private static OptimizerHandle Of(Optimizer optimizer)
        {
            if (optimizer == null) throw new ArgumentNullException(nameof(optimizer));
            return optimizer.Handle;
        }
    }
}
