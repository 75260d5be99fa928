// What calls throw, made from the native error and from what callbacks threw.

using System;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Threading;

namespace CnnSharp
{
    /// <summary>A call to libcnn failed. It left everything as it was.</summary>
    public class CnnException : Exception
    {
        /// <summary>An error of a status, about a node (-1: of none), with a message.</summary>
        public CnnException(Status status, int node, string message) : base(message)
        {
            Status = status;
            Node = node;
        }

        /// <summary>What sort of mistake it was.</summary>
        public Status Status { get; }

        /// <summary>The index of the node concerned, or -1.</summary>
        public int Node { get; }
    }

    /// <summary>A fit ended early: cancelled, or by a loss that isn't finite. Parameters are those of
    /// the last good step.</summary>
    public sealed class FitException : CnnException
    {
        internal FitException(CnnException cause, FitReport report)
            : base(cause.Status, cause.Node, cause.Message)
        {
            Report = report;
        }

        /// <summary>What the fit did until then.</summary>
        public FitReport Report { get; }
    }

    /// <summary>A minimisation ended early: cancelled, or where nothing is finite. What was minimised
    /// is at the best point found.</summary>
    public sealed class MinimizeException : CnnException
    {
        internal MinimizeException(CnnException cause, MinimizeReport report)
            : base(cause.Status, cause.Node, cause.Message)
        {
            Report = report;
        }

        /// <summary>What the minimisation did until then.</summary>
        public MinimizeReport Report { get; }
    }

    internal static unsafe class Errors
    {
        // What a callback threw on this thread, until the call that it cancelled returns.
        [ThreadStatic]
        private static ExceptionDispatchInfo pending;

        internal static void Keep(Exception exception)
        {
            if (pending == null) pending = ExceptionDispatchInfo.Capture(exception);
        }

        internal static void Check(Status status, cnn_error* error)
        {
            if (status != Status.Ok) throw Of(status, error);
        }

        internal static void Check(Status status, cnn_error* error, CancellationToken token)
        {
            if (status != Status.Ok) throw Of(Of(status, error), token);
        }

        // What a callback threw is thrown from here, as it was.
        internal static CnnException Of(Status status, cnn_error* error)
        {
            Rethrow();
            return new CnnException(status, error->node, Text(error->message, 504));
        }

        internal static Exception Of(Exception exception, CancellationToken token)
        {
            CnnException cancelled = exception as CnnException;
            if (cancelled != null && cancelled.Status == Status.Cancelled &&
                token.IsCancellationRequested)
                return new OperationCanceledException(exception.Message, exception, token);
            return exception;
        }

        internal static void Rethrow()
        {
            ExceptionDispatchInfo thrown = pending;
            pending = null;
            if (thrown != null) thrown.Throw();
        }

        internal static string Text(byte* text, int capacity)
        {
            if (text == null) return null;
            int length = 0;
            while (length < capacity && text[length] != 0) length++;
            return Encoding.UTF8.GetString(text, length);
        }

        internal static string Text(byte* text)
        {
            return Text(text, int.MaxValue);
        }
    }
}
