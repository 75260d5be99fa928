// What is computed on: arrays, memory and pointers of the host's, lent for the call.

using System;
using System.Buffers;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace CnnSharp
{
    /// <summary>
    /// The elements of a tensor of the host's: an array (of any rank), a Memory, or what lies at a
    /// pointer. Nothing is copied; it is pinned while a call uses it. Arrays and memory convert by
    /// themselves.
    /// </summary>
    public readonly struct Data
    {
        private readonly object source; // an array, or a boxed ReadOnlyMemory
        private readonly IntPtr pointer;
        private readonly long start; // bytes
        private readonly bool readOnly;
        private readonly bool opencl; // pointer is a cl_mem, start the offset in it

        private Data(object source, IntPtr pointer, long start, long length, ElementType type,
                     bool readOnly, bool opencl = false)
        {
            this.source = source;
            this.opencl = opencl;
            this.pointer = pointer;
            this.start = start;
            this.readOnly = readOnly;
            Length = length;
            Type = type;
        }

        /// <summary>How many elements.</summary>
        public long Length { get; }

        /// <summary>Their type.</summary>
        public ElementType Type { get; }

        internal bool IsNull => source == null && pointer == IntPtr.Zero;

        /// <summary>An array of any rank, of float, byte, int or long, in row-major order.</summary>
        public static Data FromArray(Array array)
        {
            if (array == null) return new Data();
            return new Data(array, IntPtr.Zero, 0, array.LongLength, TypeOf(array), false);
        }

        /// <summary>What lies at a pointer, such as a Unity NativeArray or a camera's frame. It must
        /// stay there for the call.</summary>
        public static Data FromPointer(IntPtr pointer, long length,
                                       ElementType type = ElementType.Float32)
        {
            return new Data(null, pointer, 0, length, type, false);
        }

        /// <summary>
        /// A cl_mem, a buffer of the context that the net's device was opened with (Device.Open of
        /// OpenCLObjects), from an offset in bytes. It is read or written where it lies. Only in views:
        /// Samples take it by InputViews and TargetViews.
        /// </summary>
        public static Data FromOpenCL(IntPtr memory, long length,
                                      ElementType type = ElementType.Float32, long offset = 0)
        {
            return new Data(null, memory, offset, length, type, false, true);
        }

        private static ElementType TypeOf(Array array)
        {
            Type element = array.GetType().GetElementType();
            if (element == typeof(float)) return ElementType.Float32;
            if (element == typeof(byte)) return ElementType.UInt8;
            if (element == typeof(int)) return ElementType.Int32;
            if (element == typeof(long)) return ElementType.Int64;
            throw new ArgumentException("elements are float, byte, int or long, not " + element,
                                        nameof(array));
        }

        private static int SizeOf(ElementType type)
        {
            return type == ElementType.UInt8 ? 1 : type == ElementType.Int64 ? 8 : 4;
        }

        private static Data From<T>(ReadOnlyMemory<T> memory, ElementType type, bool readOnly)
        {
            ArraySegment<T> part;
            if (MemoryMarshal.TryGetArray(memory, out part))
                return new Data(part.Array, IntPtr.Zero, part.Offset * (long)SizeOf(type), part.Count,
                                type, readOnly);
            return new Data(memory, IntPtr.Zero, 0, memory.Length, type, readOnly);
        }

        /// <summary>An array.</summary>
        public static implicit operator Data(float[] array) => FromArray(array);

        /// <summary>An array.</summary>
        public static implicit operator Data(byte[] array) => FromArray(array);

        /// <summary>An array.</summary>
        public static implicit operator Data(int[] array) => FromArray(array);

        /// <summary>An array.</summary>
        public static implicit operator Data(long[] array) => FromArray(array);

        /// <summary>A part of an array, or other memory.</summary>
        public static implicit operator Data(Memory<float> memory) =>
            From<float>(memory, ElementType.Float32, false);

        /// <summary>A part of an array, or other memory.</summary>
        public static implicit operator Data(ReadOnlyMemory<float> memory) =>
            From(memory, ElementType.Float32, true);

        /// <summary>A part of an array, or other memory.</summary>
        public static implicit operator Data(Memory<byte> memory) =>
            From<byte>(memory, ElementType.UInt8, false);

        /// <summary>A part of an array, or other memory.</summary>
        public static implicit operator Data(ReadOnlyMemory<byte> memory) =>
            From(memory, ElementType.UInt8, true);

        /// <summary>A part of an array, or other memory.</summary>
        public static implicit operator Data(Memory<int> memory) =>
            From<int>(memory, ElementType.Int32, false);

        /// <summary>A part of an array, or other memory.</summary>
        public static implicit operator Data(ReadOnlyMemory<int> memory) =>
            From(memory, ElementType.Int32, true);

        /// <summary>A part of an array, or other memory.</summary>
        public static implicit operator Data(Memory<long> memory) =>
            From<long>(memory, ElementType.Int64, false);

        /// <summary>A part of an array, or other memory.</summary>
        public static implicit operator Data(ReadOnlyMemory<long> memory) =>
            From(memory, ElementType.Int64, true);

        internal unsafe void* Pin(Scope scope)
        {
            if (opencl)
                throw new ArgumentException("an OpenCL buffer can only be given in a View, not as " +
                                            "Inputs, Targets, Labels or Weights of Samples");
            if (source == null) return (void*)pointer;
            Array array = source as Array;
            // Neither a null nor an empty array has an address.
            if (array != null) return array.LongLength == 0 ? null : (byte*)scope.Pin(array) + start;
            return scope.Pin(PinMemory());
        }

        internal unsafe void Fill(cnn_view* view, Scope scope, bool written)
        {
            if (opencl)
            {
                view->memory = (void*)pointer;
                view->memory_offset = start;
                return;
            }
            if (written && readOnly)
                throw new ArgumentException("an output is written, but its memory is read-only");
            view->data = Pin(scope);
        }

        private MemoryHandle PinMemory()
        {
            switch (Type)
            {
                case ElementType.UInt8: return ((ReadOnlyMemory<byte>)source).Pin();
                case ElementType.Int32: return ((ReadOnlyMemory<int>)source).Pin();
                case ElementType.Int64: return ((ReadOnlyMemory<long>)source).Pin();
                default: return ((ReadOnlyMemory<float>)source).Pin();
            }
        }
    }

    /// <summary>
    /// A tensor of the host's with its order in memory and how its values are meant:
    /// value = (raw - mean) * scale of each channel. Of an output, a target and a gradient, Scale and
    /// Mean aren't used. An array or a Memory converts by itself.
    /// </summary>
    public sealed class View
    {
        /// <summary>The elements: n samples of them.</summary>
        public Data Data { get; set; }

        /// <summary>Their order; the default is channel by channel.</summary>
        public Layout Layout { get; set; }

        /// <summary>The factor of each channel; the default is 1.</summary>
        public ChannelValues Scale { get; set; }

        /// <summary>What is taken from each channel before that; the default is 0.</summary>
        public ChannelValues Mean { get; set; }

        /// <summary>Plain elements, channel by channel.</summary>
        public static implicit operator View(Data data) => new View { Data = data };

        /// <summary>Plain elements, channel by channel.</summary>
        public static implicit operator View(float[] array) => new View { Data = array };

        /// <summary>Bytes, channel by channel.</summary>
        public static implicit operator View(byte[] array) => new View { Data = array };

        /// <summary>Labels.</summary>
        public static implicit operator View(int[] array) => new View { Data = array };

        /// <summary>Labels.</summary>
        public static implicit operator View(long[] array) => new View { Data = array };

        /// <summary>Plain elements, channel by channel.</summary>
        public static implicit operator View(Memory<float> memory) => new View { Data = memory };

        /// <summary>Plain elements, channel by channel.</summary>
        public static implicit operator View(ReadOnlyMemory<float> memory) =>
            new View { Data = memory };

        internal unsafe void Fill(cnn_view* view, Scope scope, bool written)
        {
            Data.Fill(view, scope, written);
            view->elements = Data.Length;
            view->type = Data.Type;
            view->layout = Layout;
            Scale.CopyTo(view->scale);
            Mean.CopyTo(view->mean);
        }

        internal static unsafe cnn_view* Fill(IReadOnlyList<View> views, Scope scope, bool written)
        {
            if (views == null || views.Count == 0) return null;
            cnn_view* all = (cnn_view*)scope.Allocate(views.Count * (long)sizeof(cnn_view));
            for (int i = 0; i < views.Count; i++)
                if (views[i] != null) views[i].Fill(all + i, scope, written);
            return all;
        }
    }

    /// <summary>
    /// Samples to train on or to evaluate. One input and one loss are served by Inputs and by
    /// Targets or Labels; several by InputViews and TargetViews, in the order in which inputs and
    /// losses were added to the net. The number of samples follows from the number of elements.
    /// </summary>
    public sealed class Samples
    {
        /// <summary>n samples of float or byte; value = (raw - Mean) * Scale.</summary>
        public Data Inputs { get; set; }

        /// <summary>Their order; the default is channel by channel.</summary>
        public Layout InputLayout { get; set; }

        /// <summary>The factor of each channel; the default is 1.</summary>
        public ChannelValues Scale { get; set; }

        /// <summary>What is taken from each channel before that; the default is 0.</summary>
        public ChannelValues Mean { get; set; }

        /// <summary>float, of the shape of the loss's input, channel by channel.</summary>
        public Data Targets { get; set; }

        /// <summary>Instead of Targets: indices of classes, byte, int or long; one a sample, or for a
        /// loss on a map one a place.</summary>
        public Data Labels { get; set; }

        /// <summary>float: how much each sample counts; the default is 1.</summary>
        public Data Weights { get; set; }

        /// <summary>Instead of Inputs, for a net with several.</summary>
        public IReadOnlyList<View> InputViews { get; set; }

        /// <summary>Instead of Targets and Labels: float, or labels.</summary>
        public IReadOnlyList<View> TargetViews { get; set; }

        internal unsafe void Fill(cnn_samples* samples, Scope scope)
        {
            samples->inputs = Inputs.Pin(scope);
            samples->input_elements = Inputs.Length;
            samples->input_type = Inputs.Type;
            samples->input_layout = InputLayout;
            Scale.CopyTo(samples->scale);
            Mean.CopyTo(samples->mean);
            samples->targets = (float*)Floats(Targets, nameof(Targets)).Pin(scope);
            samples->target_elements = Targets.Length;
            samples->labels = Labels.Pin(scope);
            samples->label_elements = Labels.Length;
            samples->label_type = Labels.Type;
            samples->weights = (float*)Floats(Weights, nameof(Weights)).Pin(scope);
            samples->weight_elements = Weights.Length;
            samples->input_views = View.Fill(InputViews, scope, false);
            samples->input_view_count = InputViews == null ? 0 : InputViews.Count;
            samples->target_views = View.Fill(TargetViews, scope, false);
            samples->target_view_count = TargetViews == null ? 0 : TargetViews.Count;
        }

        private static Data Floats(Data data, string what)
        {
            if (!data.IsNull && data.Type != ElementType.Float32)
                throw new ArgumentException(what + " are float, not " + data.Type);
            return data;
        }
    }
}
