"""Net: all that can be done with a network."""

from __future__ import annotations

import threading
from ctypes import byref, c_void_p
from typing import Any, Optional, Tuple, Union


from . import _abi, _files
from ._abi import Status
from ._base import NodeLike
from ._building import Building
from ._enums import LayoutLike
from ._errors import BusyError, OutOfMemoryError, call
from ._events import Running
from ._files import Source, Target
from ._library import lib
from ._matrices import MatrixForms
from ._minimizing import Minimizing
from ._optimizers import Optimizer, adopted
from ._parameters import Parameters
from ._samples import Inputs, Numbers, Samples


class Net(Building, Running, Minimizing, Parameters, MatrixForms):
    """A directed acyclic graph of layers, its parameters and, once compiled, its plan for a device.

        net = cnn.Net()
        x = net.input("image", (1, 28, 28))
        x = net.conv2d(x, filters=32, kernel=5, padding="same", activation="relu")
        x = net.max_pool2d(x, window=2)
        net.loss(net.dense(x, units=10), "softmax_cross_entropy")
        net.compile("auto", max_batch=64)
        net.fit(cnn.Adam(learning_rate=1e-3), images, labels, scale=1 / 255, epochs=5)

    name  kept in files and the summary
    seed  of initial weights and dropout

    A net belongs to one thread at a time; only cancel() may be called while another uses it. Arrays
    are row-major, [n, *shape], images [n, C, H, W]; float32 (inputs uint8 too) and contiguous ones
    are read and written in place, others converted.
    """

    def __init__(self, name: str = "net", *, seed: int = 0) -> None:
        options = _abi.cnn_net_options(name=name.encode(), seed=seed)
        handle = lib.cnn_net_create(byref(options))
        if not handle:
            raise OutOfMemoryError("net: out of memory", Status.OUT_OF_MEMORY)
        self._begin(handle)

    def _begin(self, handle: int) -> None:
        # cancel() comes from other threads, perhaps as the net ends.
        self._ending = threading.RLock()
        self._handing_over = 0
        self._shapes = {}
        self._hosts = []
        self._adopt(handle, lib.cnn_net_destroy)

    @classmethod
    def _of(cls, handle: c_void_p, like: "Optional[Net]" = None) -> "Net":
        assert handle.value is not None
        net = cls.__new__(cls)
        net._begin(handle.value)
        if like is not None:
            net._calls_back = like._calls_back
            net._hosts = like._hosts.copy()
        return net

    def close(self) -> None:
        """Ends the net. BusyError while a call on it is in progress."""
        with self._ending:
            if self._handing_over:
                raise BusyError("close: parameters are being handed over", Status.BUSY)
            super().close()

    def cancel(self) -> None:
        """Asks the call in progress on the net to stop, within one node's time: it raises
        CancelledError. Does nothing when there is none. From any thread."""
        with self._ending:
            super().cancel()

    def clone(self) -> "Net":
        """A new net with the same nodes, parameters and state, not compiled. Functions of
        host-defined layers are shared."""
        handle = c_void_p()
        call(lib.cnn_net_clone, self._handle, byref(handle))
        return self._of(handle, self)

    __copy__ = clone

    def __deepcopy__(self, memo: Any) -> "Net":
        return self.clone()

    def share(self) -> "Net":
        """A new net of the same nodes, not compiled, for running beside others from several threads:
        all nets that were so made from one another share a set of parameters and state. Sharing such
        a net gives another of its set; sharing any other copies its parameters into a new set, which
        it isn't part of: it may be trained on, and handed over.

        A net of a set runs and evaluates, is read, saved, compiled and cloned; whatever would change
        or train it raises BadStateError, partial_run UnsupportedError. Each net still belongs to one
        thread at a time, and none waits for another."""
        handle = c_void_p()
        call(lib.cnn_net_share, self._handle, byref(handle))
        return self._of(handle, self)

    def hand_over(self, source: "Net") -> None:
        """Hands source's parameters and state over to all nets that share with this one, at once:
        each run is with either the old or the new ones. Other threads may be using them meanwhile,
        this net too; source belongs to the caller. ShapeMismatchError for tensors of other names or
        shapes; BadStateError for a net that shares with none."""
        with self._ending:
            self._handing_over += 1
        try:
            call(lib.cnn_net_hand_over, self._handle, source.handle)
        finally:
            with self._ending:
                self._handing_over -= 1

    def unroll_conv2d(self, node: NodeLike) -> "Net":
        """A new net, not compiled, with that conv2d as the dense layer that it is a special case of,
        followed by a reshape "<name>_image" to the convolution's output."""
        handle = c_void_p()
        call(lib.cnn_net_unroll_conv2d, self._handle, self._index(node), byref(handle))
        return self._of(handle, self)

    def init_radial_basis(
        self,
        name: str,
        inputs: Union[Inputs, Samples],
        *,
        seed: int = 0,
        scale: Optional[Numbers] = None,
        mean: Optional[Numbers] = None,
        layout: LayoutLike = "nchw",
    ) -> None:
        """Sets centres and widths of the radial basis layer of that name from data, at least as many
        samples as units, by k-means++ and up to 10 of Lloyd's iterations; the net must be compiled.
        NotFoundError; InvalidArgumentError for a node of another kind; OutOfRangeError for too few
        samples; NotFiniteError."""
        bound = self._bound(inputs, None, None, scale, mean, layout, targeted=False)
        self._compute(lib.cnn_net_init_radial_basis, name.encode(), byref(bound.struct), seed)

    def save(self, target: Target) -> None:
        """Saves the model, a safetensors file, to a path (written beside it and renamed) or to a
        file opened for writing bytes. InputOutputError; what the file raises."""
        _files.save(target, lib.cnn_net_save, lib.cnn_net_save_writer, self._handle)

    def to_bytes(self) -> bytes:
        """The model as bytes."""
        return _files.save_bytes(lib.cnn_net_save_memory, self._handle)

    @classmethod
    def load(cls, source: Source) -> "Net":
        """The model in a path, bytes or a file opened for reading bytes; not compiled. Everything is
        checked before it is used: BadFileError, IncompatibleError, InputOutputError. Host-defined
        layers have to be bound (bind_host_layer) before compile()."""
        handle = c_void_p()
        _files.load(
            source, lib.cnn_net_load, lib.cnn_net_load_memory, lib.cnn_net_load_reader, handle
        )
        return cls._of(handle)

    def __reduce__(self) -> Any:
        return type(self).load, (self.to_bytes(),)

    def __repr__(self) -> str:
        if self.closed:
            return "<cnn.Net, closed>"
        state = "not compiled" if self._device is None else f"on {self._device.info.spec}"
        return f"<cnn.Net: {len(self)} nodes, {self.parameters.elements} parameters, {state}>"

    def __str__(self) -> str:
        return repr(self) if self.closed else self.summary()


def save_checkpoint(net: Net, optimizer: Optimizer, target: Target) -> None:
    """Saves a model with the optimizer's state, the step and the place within fit, to a path or a
    file opened for writing bytes."""
    _files.save(
        target, lib.cnn_checkpoint_save, lib.cnn_checkpoint_save_writer, net.handle, optimizer.handle
    )


def checkpoint_to_bytes(net: Net, optimizer: Optimizer) -> bytes:
    """The same as bytes."""
    return _files.save_bytes(lib.cnn_checkpoint_save_memory, net.handle, optimizer.handle)


def load_checkpoint(source: Source) -> Tuple[Net, Optimizer]:
    """The net, not compiled, and its optimizer, bound to it, of a path, bytes or a file opened for
    reading bytes. NotFoundError for a file without an optimizer; otherwise as Net.load."""
    net, optimizer = c_void_p(), c_void_p()
    _files.load(
        source,
        lib.cnn_checkpoint_load,
        lib.cnn_checkpoint_load_memory,
        lib.cnn_checkpoint_load_reader,
        net,
        optimizer,
    )
    assert optimizer.value is not None
    return Net._of(net), adopted(optimizer.value)


