// Small values that descriptors are made of.

using System;

namespace CnnSharp
{
    /// <summary>A node of a net: what a layer gives, and the next one takes.</summary>
    public readonly struct Node : IEquatable<Node>
    {
        /// <summary>The node of an index.</summary>
        public Node(int index)
        {
            Index = index;
        }

        /// <summary>Its place in the net, from 0 in the order of adding.</summary>
        public int Index { get; }

        /// <summary>Whether both are the same node of a net.</summary>
        public bool Equals(Node other) => Index == other.Index;

        /// <summary>Whether both are the same node of a net.</summary>
        public override bool Equals(object other) => other is Node && Equals((Node)other);

        /// <summary>The index.</summary>
        public override int GetHashCode() => Index;

        /// <summary>"node 3".</summary>
        public override string ToString() => "node " + Index;

        /// <summary>Whether both are the same node of a net.</summary>
        public static bool operator ==(Node a, Node b) => a.Index == b.Index;

        /// <summary>Whether they are different nodes.</summary>
        public static bool operator !=(Node a, Node b) => a.Index != b.Index;
    }

    /// <summary>A height and a width: 5 is (5, 5). Zero stands for the default.</summary>
    public readonly struct Size2D
    {
        /// <summary>A height and a width.</summary>
        public Size2D(long height, long width)
        {
            Height = height;
            Width = width;
        }

        /// <summary>Along the rows' axis.</summary>
        public long Height { get; }

        /// <summary>Along the columns' axis.</summary>
        public long Width { get; }

        /// <summary>A square.</summary>
        public static implicit operator Size2D(int side) => new Size2D(side, side);

        /// <summary>A square.</summary>
        public static implicit operator Size2D(long side) => new Size2D(side, side);

        /// <summary>A height and a width.</summary>
        public static implicit operator Size2D((int height, int width) size) =>
            new Size2D(size.height, size.width);

        /// <summary>"5 x 3".</summary>
        public override string ToString() => Height + " x " + Width;

        internal unsafe void CopyTo(long* sizes)
        {
            sizes[0] = Height;
            sizes[1] = Width;
        }
    }

    /// <summary>What a window sees around its input: 2 is two on every side. The default is none.
    /// </summary>
    public readonly struct Padding
    {
        /// <summary>So many rows and columns on each side.</summary>
        public Padding(long top, long left, long bottom, long right)
        {
            Top = top;
            Left = left;
            Bottom = bottom;
            Right = right;
            mode = PaddingMode.Explicit;
        }

        private Padding(PaddingMode mode)
        {
            Top = Left = Bottom = Right = 0;
            this.mode = mode;
        }

        private readonly PaddingMode mode;

        /// <summary>As much as makes the output ceil(input / stride); the odd one goes below and
        /// right.</summary>
        public static Padding Same => new Padding(PaddingMode.Same);

        /// <summary>Rows above.</summary>
        public long Top { get; }

        /// <summary>Columns on the left.</summary>
        public long Left { get; }

        /// <summary>Rows below.</summary>
        public long Bottom { get; }

        /// <summary>Columns on the right.</summary>
        public long Right { get; }

        /// <summary>As many on every side.</summary>
        public static implicit operator Padding(int every) => new Padding(every, every, every, every);

        internal unsafe void CopyTo(long* sizes, out PaddingMode paddingMode)
        {
            sizes[0] = Top;
            sizes[1] = Left;
            sizes[2] = Bottom;
            sizes[3] = Right;
            paddingMode = mode;
        }
    }

    /// <summary>A number for each channel of an image: one serves all, else up to four, the fourth
    /// serving all channels after it too.</summary>
    public readonly struct ChannelValues
    {
        private readonly float first, second, third, fourth;

        /// <summary>One for each channel; zeros after the first stand for the first.</summary>
        public ChannelValues(float first, float second = 0, float third = 0, float fourth = 0)
        {
            this.first = first;
            this.second = second;
            this.third = third;
            this.fourth = fourth;
        }

        /// <summary>One for all channels.</summary>
        public static implicit operator ChannelValues(float all) => new ChannelValues(all);

        /// <summary>One to four, in the order of the channels.</summary>
        public static implicit operator ChannelValues(float[] values)
        {
            if (values == null) return new ChannelValues();
            if (values.Length > 4)
                throw new ArgumentException("at most 4 channels have a value of their own",
                                            nameof(values));
            float[] all = new float[4];
            Array.Copy(values, all, values.Length);
            return new ChannelValues(all[0], all[1], all[2], all[3]);
        }

        internal unsafe void CopyTo(float* values)
        {
            values[0] = first;
            values[1] = second;
            values[2] = third;
            values[3] = fourth;
        }
    }

    /// <summary>The library that is loaded, and what this package was made for.</summary>
    public static unsafe class Library
    {
        /// <summary>The version of the native library.</summary>
        public static Version Version
        {
            get
            {
                uint version = Native.cnn_version();
                return new Version((int)(version / 1000000), (int)(version / 1000 % 1000),
                                   (int)(version % 1000));
            }
        }

        /// <summary>The same as text, "0.1.0".</summary>
        public static string VersionText => Errors.Text(Native.cnn_version_string());

        /// <summary>The version whose interface this package speaks.</summary>
        public static Version InterfaceVersion =>
            new Version(Native.VersionMajor, Native.VersionMinor, Native.VersionPatch);

        /// <summary>The name of a status in C, "CNN_SHAPE_MISMATCH"; "CNN_UNKNOWN" for one that the
        /// library doesn't know.</summary>
        public static string NameOf(Status status) => Errors.Text(Native.cnn_status_name(status));
    }
}
