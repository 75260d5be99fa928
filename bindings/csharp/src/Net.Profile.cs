// Where a net's time goes.

using System;

namespace CnnSharp
{
    /// <summary>What a device runs as one, and how long it takes.</summary>
    public sealed class NodeTime
    {
        internal unsafe NodeTime(cnn_node_time* native)
        {
            Node = native->node < 0 ? (Node?)null : new Node(native->node);
            Operation = Errors.Text(native->operation, 192);
            SecondPass = native->second_pass != 0;
            Seconds = native->seconds;
            Flops = native->flops;
            Bytes = native->bytes;
        }

        /// <summary>That of its first operation; null: none, as of a change of layout.</summary>
        public Node? Node { get; }

        /// <summary>"convolution+pointwise direct_n16 NCHW16c".</summary>
        public string Operation { get; }

        /// <summary>Whether it is of the backward pass.</summary>
        public bool SecondPass { get; }

        /// <summary>The median of the runs.</summary>
        public double Seconds { get; }

        /// <summary>Floating-point operations of its arithmetic.</summary>
        public double Flops { get; }

        /// <summary>Of what it reads and writes, each once.</summary>
        public double Bytes { get; }
    }

    public sealed unsafe partial class Net
    {
        /// <summary>
        /// Where a compiled net's time goes: it runs on samples of no meaning, and a row tells of each
        /// launch, in order. Parameters and state stay.
        /// </summary>
        /// <param name="samples">Of each run; 0: the largest number compiled for.</param>
        /// <param name="runs">Of which each time is the median; 0: 10.</param>
        /// <param name="training">A training step's loss and gradient, without the update, in place
        /// of a run; writes the gradient.</param>
        public NodeTime[] Profile(long samples = 0, int runs = 0, bool training = false)
        {
            using (Scope scope = Scope.Begin())
            {
                cnn_error error;
                cnn_profile native = new cnn_profile();
                native.samples = samples;
                native.runs = runs;
                native.training = training ? 1 : 0;
                long needed = 0;
                Errors.Check(Native.cnn_net_profile(Handle, &native, null, 0, &needed, &error),
                             &error);
                cnn_node_time[] rows = new cnn_node_time[needed];
                NodeTime[] times = new NodeTime[needed];
                fixed (cnn_node_time* to = rows)
                {
                    Errors.Check(
                        Native.cnn_net_profile(Handle, &native, to, needed, &needed, &error),
                        &error);
                    for (int i = 0; i < times.Length; i++) times[i] = new NodeTime(to + i);
                }
                return times;
            }
        }
    }
}
