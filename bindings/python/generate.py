"""Writes cnn/_abi.py, the ctypes declarations of libcnn, from include/cnn/cnn.h.

    python3 generate.py            writes the file
    python3 generate.py --check    fails where it isn't what the header says
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import List, Optional, Sequence

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))
import header  # noqa: E402

OUTPUT = HERE / "cnn" / "_abi.py"

SCALARS = {
    "int32_t": "c_int32",
    "uint32_t": "c_uint32",
    "int64_t": "c_int64",
    "uint64_t": "c_uint64",
    "size_t": "c_size_t",
    "float": "c_float",
    "double": "c_double",
    "char": "c_char",
}

# Enumerations as Python has them: the class, and what the names of its constants begin with in C.
ENUMS = {
    "cnn_status": ("Status", "CNN_"),
    "cnn_log_level": ("LogLevel", "CNN_LOG_"),
    "cnn_device_kind": ("DeviceKind", "CNN_DEVICE_"),
    "cnn_activation_kind": ("Activation", "CNN_"),
    "cnn_initializer": ("Initializer", "CNN_INIT_"),
    "cnn_padding": ("Padding", "CNN_"),
    "cnn_connection_kind": ("Connection", "CNN_CONNECT_"),
    "cnn_radial_kind": ("Radial", "CNN_RADIAL_"),
    "cnn_loss_kind": ("Loss", "CNN_LOSS_"),
    "cnn_accept": ("Accept", "CNN_ACCEPT_"),
    "cnn_type": ("Type", "CNN_"),
    "cnn_layout": ("Layout", "CNN_"),
    "cnn_optimizer_kind": ("OptimizerKind", "CNN_"),
    "cnn_line_search": ("LineSearch", "CNN_SEARCH_"),
    "cnn_key": ("Key", "CNN_"),
    "cnn_schedule": ("Schedule", "CNN_SCHEDULE_"),
    "cnn_stop": ("Stop", "CNN_STOP_"),
    "cnn_vector": ("Vector", "CNN_"),
    "cnn_order": ("Order", "CNN_ORDER_"),
    "cnn_vec_order": ("VecOrder", "CNN_VEC_"),
}


class Writer:
    """The text of _abi.py."""

    def __init__(self, api: header.Api) -> None:
        self.api = api
        self.lines: List[str] = []
        self.enums = {enum.name for enum in api.enums}
        self.structs = {struct.name for struct in api.structs}
        self.handles = {handle.name for handle in api.handles}
        self.callbacks = {callback.name for callback in api.callbacks}
        self.aliases = {alias.name: alias.type.base for alias in api.aliases}

    def scalar(self, name: str) -> Optional[str]:
        """The ctypes name of a number's type."""
        plain = "int32_t" if name in self.enums else self.aliases.get(name, name)
        return SCALARS.get(plain)

    def value(self, kind: header.Type) -> str:
        """The ctypes expression for a type, as a parameter or a field. A callback's pointers come as
        plain addresses."""
        if kind.signature is not None:
            return self.function(kind.signature)
        if kind.base in self.callbacks:
            return kind.base
        if kind.pointers == 0:
            scalar = self.scalar(kind.base)
            if scalar:
                return scalar
            if kind.base in self.structs:
                return kind.base
            raise SystemExit(f"an unknown type: {kind}")
        if kind.base in self.handles:
            return "c_void_p" if kind.pointers == 1 else "POINTER(c_void_p)"
        if kind.pointers == 1 and kind.base in self.structs:
            return f"POINTER({kind.base})"
        if kind.pointers == 1 and kind.base == "char" and kind.const:
            return "c_char_p"
        return "c_void_p"

    def result(self, kind: header.Type) -> str:
        """Of a function's result."""
        return "None" if kind.base == "void" and not kind.pointers else self.value(kind)

    def function(self, signature: header.Signature) -> str:
        """CFUNCTYPE(...) of a function pointer."""
        parameters = [
            "c_void_p" if parameter.type.signature else self.value(parameter.type)
            for parameter in signature.parameters
        ]
        return f"CFUNCTYPE({', '.join([self.result(signature.returns), *parameters])})"

    def field(self, kind: header.Type) -> str:
        """The ctypes expression of a field."""
        value = self.value(kind)
        return value if kind.array is None else f"{value} * {kind.array}"

    def annotation(self, kind: header.Type) -> str:
        """What Python sees when it reads the field."""
        value = self.field(kind)
        if value.startswith("c_char * "):
            return "Bytes"
        if "POINTER" in value or "CFUNCTYPE" in value or value in self.callbacks:
            return "Any"
        if kind.array is not None:
            return "Any"
        if value in ("c_float", "c_double"):
            return "float"
        if value == "c_char_p":
            return "Optional[bytes]"
        if value == "c_void_p":
            return "Optional[int]"
        return "int" if value.startswith("c_") else value

    def write(self) -> str:
        version = [self.api.macros[f"CNN_VERSION_{part}"] for part in ("MAJOR", "MINOR", "PATCH")]
        self.lines = [
            '"""The C interface of libcnn for ctypes. Written by generate.py from include/cnn/cnn.h."""',
            "",
            "from __future__ import annotations",
            "",
            "import ctypes",
            "from ctypes import CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_double, c_float",
            "from ctypes import c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p",
            "from enum import IntEnum",
            "from typing import Any, Callable, Dict, Literal, Optional, Tuple",
            "",
            'Bytes = bytes  # that a field "bytes" does not hide',
            f"VERSION = {tuple(version)}",
        ]
        for enum in self.api.enums:
            self.enum(enum)
        self.lines.append("")
        for callback in self.api.callbacks:
            # Their structs come below; a callback takes their address.
            value = re.sub(r"POINTER\(\w+\)", "c_void_p", self.function(callback.signature))
            self.lines += ["", f"{callback.name} = {value}"]
        for struct in self.api.structs:
            self.struct(struct)
        self.functions(self.api.functions)
        return "\n".join(self.lines) + "\n"

    def enum(self, enum: header.Enum) -> None:
        if enum.name not in ENUMS:
            raise SystemExit(f"generate.py has no name for the constants of {enum.name}")
        name, prefix = ENUMS[enum.name]
        self.lines += ["", "", f"class {name}(IntEnum):", f'    """{enum.name}."""', ""]
        constants = [constant.name[len(prefix) :] for constant in enum.values]
        for constant, value in zip(constants, enum.values):
            self.lines.append(f"    {constant} = {value.value}")
        names = ", ".join(f'"{constant.lower()}"' for constant in constants)
        self.lines += ["", "", f"{name}Name = Literal[{names}]"]

    def struct(self, struct: header.Struct) -> None:
        self.lines += ["", "", f"class {struct.name}(Structure):", "    _fields_ = ["]
        for field in struct.fields:
            self.lines.append(f'        ("{field.name}", {self.field(field.type)}),')
        self.lines += ["    ]", ""]
        for field in struct.fields:
            self.lines.append(f"    {field.name}: {self.annotation(field.type)}")

    def argument(self, kind: header.Type) -> str:
        """Of a function: a function pointer may be NULL there, which ctypes takes as an address."""
        value = self.value(kind)
        return "c_void_p" if value in self.callbacks else value

    def functions(self, functions: Sequence[header.Function]) -> None:
        self.lines += ["", "", "class Library(ctypes.CDLL):"]
        self.lines += ['    """The loaded library; functions are declared by PROTOTYPES."""', ""]
        for function in functions:
            self.lines.append(f"    {function.name}: Callable[..., Any]")
        self.lines += ["", "", "PROTOTYPES: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {"]
        for function in functions:
            result = self.result(function.signature.returns)
            arguments = [self.argument(p.type) for p in function.signature.parameters]
            comma = "," if len(arguments) == 1 else ""
            self.lines.append(f'    "{function.name}": ({result}, ({", ".join(arguments)}{comma})),')
        self.lines.append("}")


def main() -> int:
    text = Writer(header.read()).write()
    if sys.argv[1:] == ["--check"]:
        if OUTPUT.exists() and OUTPUT.read_text(encoding="utf-8") == text:
            return 0
        print(f"{OUTPUT} isn't what cnn.h says: run generate.py", file=sys.stderr)
        return 1
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    OUTPUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
