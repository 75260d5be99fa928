"""The part of a net that everything else about it needs: its nodes."""

from __future__ import annotations

import weakref
from ctypes import byref, c_char, c_size_t
from dataclasses import dataclass
from math import prod
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

from ._abi import Status, cnn_node_info
from ._arrays import Shape
from ._callbacks import interruptible
from ._errors import InvalidArgumentError, NotFoundError, call
from ._handles import Handle
from ._library import lib


@dataclass(frozen=True)
class NodeInfo:
    """A node of a net."""

    index: int
    name: str
    """Cut if longer than 255 bytes."""
    kind: str
    """"conv2d"."""
    shape: Shape
    """Of the output, the batch left out; () for a loss."""
    inputs: Tuple[int, ...]
    """The first eight."""
    input_count: int
    parameters: int
    """Elements it owns in the vector of parameters."""
    output: int
    """Its place among the net's outputs, from 1; 0: it is none."""


class Node:
    """A node of a net, as the functions that add one return it."""

    __slots__ = ("_net", "index")

    def __init__(self, net: "NetBase", index: int) -> None:
        self._net = net
        self.index = index
        """Its index in the net, from 0 in the order of adding."""

    @property
    def info(self) -> NodeInfo:
        """Everything about it."""
        return self._net.describe(self.index)

    @property
    def name(self) -> str:
        """Its name, the prefix of its tensors' names."""
        return self.info.name

    @property
    def shape(self) -> Shape:
        """Of its output, the batch left out."""
        return self.info.shape

    def __int__(self) -> int:
        return self.index

    __index__ = __int__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        return self._net is other._net and self.index == other.index

    def __hash__(self) -> int:
        return hash((id(self._net), self.index))

    def __repr__(self) -> str:
        if self._net.closed:
            return f"<cnn.Node {self.index} of a closed net>"
        info = self.info
        return f'<cnn.Node {info.index} "{info.name}": {info.kind} {info.shape}>'


NodeLike = Union[Node, int, str]
"""A node, its index or its name."""


class Port:
    """An input, output or loss of a net; of a loss the shape is its input's."""

    __slots__ = ("elements", "index", "kind", "name", "shape")

    def __init__(self, info: NodeInfo, shape: Shape) -> None:
        self.index = info.index
        self.name = info.name
        self.kind = info.kind
        self.shape = shape
        self.elements = prod(shape)


class Ports:
    """The inputs, outputs and losses of a net, in their orders."""

    __slots__ = ("inputs", "losses", "outputs")

    def __init__(self, nodes: List[NodeInfo]) -> None:
        losses = [node for node in nodes if not node.shape]
        outputs = sorted((node for node in nodes if node.output), key=lambda node: node.output)
        self.inputs = [Port(node, node.shape) for node in nodes if node.kind == "input"]
        self.outputs = [Port(node, node.shape) for node in outputs]
        self.losses = [Port(node, nodes[node.inputs[0]].shape) for node in losses]


class NetBase(Handle):
    """Nodes of a net, and calls on it."""

    _ports: Optional[Ports] = None
    _shapes: Dict[int, Dict[str, Shape]]
    _calls_back = False  # computing calls Python functions
    _hosts: List["weakref.ref[Any]"]  # layers and activations that Python computes

    def _host_failure(self) -> Optional[BaseException]:
        """What one of them raised in a thread of the library's."""
        for reference in self._hosts:
            host = reference()
            if host is not None and host.failure is not None:
                failure: BaseException = host.failure
                host.failure = None
                return failure
        return None

    def _compute(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Calls a function that may call back."""
        self._busy += 1
        try:
            if self._calls_back:
                with interruptible():
                    call(function, self._handle, *arguments)
            else:
                call(function, self._handle, *arguments)
        finally:
            self._busy -= 1

    def _interface(self) -> Ports:
        ports = self._ports
        if ports is None:
            if self._handle is None:
                call(lib.cnn_net_error, None)
            ports = self._ports = Ports(self.nodes)
        return ports

    def _index(self, node: NodeLike) -> int:
        """The index of a node of this net."""
        if isinstance(node, Node):
            if node._net is not self:
                raise InvalidArgumentError(f"{node!r} is of another net", Status.INVALID_ARGUMENT)
            return node.index
        if isinstance(node, str):
            index: int = lib.cnn_net_find_node(self._handle, node.encode())
            if index < 0:
                if self._handle is None:
                    call(lib.cnn_net_error, None)
                raise NotFoundError(f'the net has no node "{node}"', Status.NOT_FOUND)
            return index
        return node

    def node(self, node: NodeLike) -> Node:
        """The node of that name or index. NotFoundError."""
        index = self._index(node)
        if not 0 <= index < len(self):
            raise NotFoundError(
                f"the net has no node {index}; it has {len(self)}", Status.NOT_FOUND
            )
        return Node(self, index)

    def describe(self, node: NodeLike) -> NodeInfo:
        """Everything about a node. NotFoundError, OutOfRangeError."""
        index = self._index(node)
        info = cnn_node_info()
        call(lib.cnn_net_describe_node, self._handle, index, byref(info))
        return NodeInfo(
            index=index,
            name=info.name.decode("utf-8", "replace"),
            kind=info.kind.decode(),
            shape=tuple(info.shape[: info.rank]),
            inputs=tuple(info.inputs[: min(info.input_count, 8)]),
            input_count=info.input_count,
            parameters=info.parameters,
            output=info.is_output,
        )

    @property
    def nodes(self) -> List[NodeInfo]:
        """All nodes, in the order of adding."""
        return [self.describe(index) for index in range(len(self))]

    def __len__(self) -> int:
        """How many nodes it has."""
        count: int = lib.cnn_net_node_count(self._handle)
        return max(count, 0)

    def __bool__(self) -> bool:
        return True

    def summary(self) -> str:
        """A table of the net, a row a node."""
        needed = c_size_t()
        call(lib.cnn_net_summary, self._handle, None, 0, byref(needed))
        text = (c_char * needed.value)()
        call(lib.cnn_net_summary, self._handle, text, needed.value, None)
        return text.value.decode("utf-8", "replace")
