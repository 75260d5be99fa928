// Runs beside the calling thread.

using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading;
using System.Threading.Tasks;

namespace CnnSharp
{
    /// <summary>
    /// A run in progress, made by Net.RunAsync: await it, wait for it, or look at it once a frame.
    /// What it was given stays in its place until it is done. Any thread may use it. One that is
    /// forgotten is waited for by the collector.
    /// </summary>
    public sealed unsafe class PendingRun : IDisposable
    {
        private readonly Net net;
        private readonly EventHandle handle;
        private readonly CancellationToken token;
        private Cancellation cancellation;
        private bool finished;
        private ExceptionDispatchInfo failure;
        private TaskCompletionSource<bool> completion;

        internal PendingRun(Net net, EventHandle handle, CancellationToken token)
        {
            this.net = net;
            this.handle = handle;
            this.token = token;
            try
            {
                cancellation = Cancellation.Begin(net.Handle, token);
            }
            catch (OperationCanceledException)
            {
                net.Cancel();
                handle.Dispose();
                throw;
            }
        }

        /// <summary>Whether it is done, or failed, or was cancelled. Never waits. Of a device without
        /// threads of its own (one of 1 thread, or with ParallelFor) it isn't before someone waits.
        /// </summary>
        public bool IsDone
        {
            get
            {
                lock (handle)
                    if (finished) return true;
                try
                {
                    return Native.cnn_event_is_done(handle) == 1;
                }
                catch (ObjectDisposedException)
                {
                    return true;
                }
            }
        }

        /// <summary>Waits until it is done. Throws what the run came to, and what a layer of the
        /// host's threw in it.</summary>
        public void Wait()
        {
            Wait(-1);
        }

        /// <summary>Waits for so long; false: it isn't done. Where no other thread computes the run
        /// this one does, and may take longer.</summary>
        public bool Wait(TimeSpan timeout)
        {
            return Wait(Math.Max(timeout.TotalMilliseconds * 1000, 0));
        }

        /// <summary>A task that ends with it; a thread of the pool waits meanwhile.</summary>
        public Task Completion
        {
            get
            {
                TaskCompletionSource<bool> made = new TaskCompletionSource<bool>();
                TaskCompletionSource<bool> first = Interlocked.CompareExchange(ref completion, made,
                                                                               null);
                if (first != null) return first.Task;
                ThreadPool.QueueUserWorkItem(unused => Complete(made));
                return made.Task;
            }
        }

        /// <summary>What <c>await</c> uses.</summary>
        public TaskAwaiter GetAwaiter()
        {
            return Completion.GetAwaiter();
        }

        /// <summary>Waits for it and ends it, whatever it came to.</summary>
        public void Dispose()
        {
            Cancellation begun;
            lock (handle)
            {
                begun = cancellation;
                cancellation = null;
            }
            handle.Dispose();
            if (begun != null) begun.Dispose();
        }

        private void Complete(TaskCompletionSource<bool> task)
        {
            try
            {
                Wait(-1);
                task.SetResult(true);
            }
            catch (OperationCanceledException)
            {
                task.SetCanceled();
            }
            catch (Exception exception)
            {
                task.SetException(exception);
            }
        }

        private bool Wait(double microseconds)
        {
            cnn_error error;
            Status status;
            lock (handle)
                if (finished) return Outcome();
            try
            {
                status = Native.cnn_event_wait(handle, microseconds, &error);
            }
            catch (ObjectDisposedException)
            {
                lock (handle)
                    if (finished) return Outcome();
                throw new ObjectDisposedException(nameof(PendingRun));
            }
            if (status == Status.Busy) return false;
            Finish(status, &error);
            return Outcome();
        }

        private void Finish(Status status, cnn_error* error)
        {
            lock (handle)
            {
                if (finished) return;
                finished = true;
                if (status != Status.Ok)
                    failure = ExceptionDispatchInfo.Capture(
                        Errors.Of(net.Failure(status, error), token));
            }
            Dispose();
        }

        private bool Outcome()
        {
            if (failure != null) failure.Throw();
            return true;
        }
    }

    public sealed unsafe partial class Net
    {
        /// <summary>
        /// RunMany that returns at once: <c>await net.RunAsync(inputs, outputs)</c>. Until it is done
        /// inputs and outputs belong to it, and computing with the net or changing it is refused
        /// (Status.Busy); reading, saving and Cancel are allowed. On the CPU one of the device's own
        /// threads computes it, or where it has none whoever waits; on OpenCL it is enqueued.
        /// </summary>
        public PendingRun RunAsync(IReadOnlyList<View> inputs, IReadOnlyList<View> outputs,
                                   RunOptions options = null,
                                   CancellationToken token = default(CancellationToken))
        {
            token.ThrowIfCancellationRequested();
            foreach (HostContext host in hosts) host.Thrown = null;
            // Kept by the event.
            Scope scope = new Scope();
            IntPtr native;
            try
            {
                cnn_error error;
                cnn_run run = new cnn_run();
                Status status = Native.cnn_net_run_async(
                    Handle, View.Fill(inputs, scope, false), Needed(inputs, nameof(inputs)).Count,
                    View.Fill(outputs, scope, true), Needed(outputs, nameof(outputs)).Count,
                    RunOptions.Fill(options, &run), out native, &error);
                Errors.Check(status, &error);
            }
            catch
            {
                scope.Free();
                throw;
            }
            return new PendingRun(this, new EventHandle(native, scope), token);
        }

        // What a run came to: where a layer of the host's threw on another thread, that.
        internal Exception Failure(Status status, cnn_error* error)
        {
            try
            {
                CnnException exception = Errors.Of(status, error);
                if (status == Status.Cancelled)
                    foreach (HostContext host in hosts)
                        if (host.Thrown != null) host.Thrown.Throw();
                return exception;
            }
            catch (Exception thrown)
            {
                return thrown;
            }
        }
    }
}
