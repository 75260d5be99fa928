// Nets that share parameters, for running from several threads.

using System;

namespace CnnSharp
{
    public sealed unsafe partial class Net
    {
        /// <summary>
        /// A new net of the same nodes, not compiled, for running beside others from several threads:
        /// all nets that were so made from one another share a set of parameters and state. It runs
        /// and evaluates; what would train or change it is refused (Status.BadState). Sharing a net
        /// that shares with none copies its parameters into a new set, which it isn't part of: train
        /// it, and HandOver.
        /// </summary>
        public Net Share()
        {
            cnn_error error;
            IntPtr shared;
            Errors.Check(Native.cnn_net_share(Handle, out shared, &error), &error);
            return new Net(shared, this);
        }

        /// <summary>
        /// Hands the parameters and state of a net over to all nets that share with this one, at once:
        /// each run begins with either the old or the new ones, and ends with the same. They may be
        /// running in other threads meanwhile.
        /// </summary>
        public void HandOver(Net source)
        {
            cnn_error error;
            Errors.Check(Native.cnn_net_hand_over(Handle, Needed(source, nameof(source)).Handle,
                                                  &error),
                         &error);
        }
    }
}
