#!/usr/bin/env python3
"""Writes src/Native.cs and src/Enums.cs from include/cnn/cnn.h.

    python3 generate.py            writes both
    python3 generate.py --check    compares instead; also that src/ uses every function and field
"""

import pathlib
import re
import sys
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))
import header  # noqa: E402

SOURCES = HERE / "src"

# Public name of each enum, what is cut from the front of its constants, and whether it is public.
ENUMS = {
    "cnn_status": ("Status", "CNN_", True),
    "cnn_log_level": ("LogLevel", "CNN_LOG_", True),
    "cnn_device_kind": ("DeviceKind", "CNN_DEVICE_", True),
    "cnn_activation_kind": ("Activation", "CNN_", True),
    "cnn_initializer": ("Initializer", "CNN_INIT_", True),
    "cnn_padding": ("PaddingMode", "CNN_", False),
    "cnn_connection_kind": ("ConnectionKind", "CNN_CONNECT_", True),
    "cnn_radial_kind": ("RadialKind", "CNN_RADIAL_", True),
    "cnn_loss_kind": ("LossKind", "CNN_LOSS_", True),
    "cnn_accept": ("Accept", "CNN_ACCEPT_", False),
    "cnn_type": ("ElementType", "CNN_", True),
    "cnn_layout": ("Layout", "CNN_", True),
    "cnn_optimizer_kind": ("OptimizerKind", "CNN_", True),
    "cnn_line_search": ("LineSearch", "CNN_SEARCH_", True),
    "cnn_key": ("Key", "CNN_", True),
    "cnn_schedule": ("Schedule", "CNN_SCHEDULE_", True),
    "cnn_stop": ("StopReason", "CNN_STOP_", True),
    "cnn_vector": ("VectorKind", "CNN_", True),
    "cnn_order": ("ImageOrder", "CNN_ORDER_", True),
    "cnn_vec_order": ("VecOrder", "CNN_VEC_", True),
}

# What an enum is, where the header doesn't say it or says it to C programmers.
SUMMARIES = {
    "cnn_log_level": "How detailed a message of the log is.",
    "cnn_device_kind": "What sort of hardware a device is.",
    "cnn_accept": "Faster ways of a device that round more than its usual ones do.",
    "cnn_padding": "How a window meets the edges of its input.",
    "cnn_type": "The type of the elements of <see cref=\"Data\"/>.",
    "cnn_layout": "The order of an image's elements in memory.",
    "cnn_order": "The order of an image's elements in the vectors of a matrix form.",
    "cnn_vec_order": "The order of a matrix's elements in a vector.",
    "cnn_schedule": "How the learning rate a goes over the epochs: its value at epoch e (a fraction "
    "within an epoch counts), E being all epochs.",
}
VALUES = {
    "CNN_OK": "success",
    "CNN_INVALID_ARGUMENT": "a null, a wrong enum value, a contradiction between properties",
    "CNN_BAD_STATE": "a call out of order: not compiled, compiled for inference only",
    "CNN_LOG_SILENT": "nothing at all",
    "CNN_LOG_ERROR": "what failed",
    "CNN_LOG_WARNING": "what may be a mistake",
    "CNN_LOG_INFO": "what was chosen",
    "CNN_LOG_DEBUG": "everything",
    "CNN_DEVICE_CPU": "a central processor",
    "CNN_DEVICE_GPU": "a graphics processor",
    "CNN_DEVICE_OTHER": "something else",
    "CNN_LEARNING_RATE": "the rate, a above",
    "CNN_MOMENTUM": "the momentum",
    "CNN_BETA1": "b1, the decay of the mean of gradients",
    "CNN_BETA2": "b2, the decay of the mean of their squares",
    "CNN_EPSILON": "what is added to a divisor, or the least curvature that a quasi-Newton update "
    "takes",
    "CNN_WEIGHT_DECAY": "how much of the parameters a step takes away",
    "CNN_C2": "of the line searches",
    "CNN_AVERAGE": "of gradient descent: how much of the floating mean of directions stays",
    "CNN_SEARCH_PERIOD": "of gradient descent: steps for each search along the line",
    "CNN_STOP_ITERATIONS": "as many iterations as allowed",
    "CNN_STOP_EVALUATIONS": "as many evaluations as allowed",
    "CNN_STOP_TIME": "the time was up",
    "CNN_ACCEPT_WINOGRAD_4X4": "3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3)",
    "CNN_FLOAT32": "System.Single",
    "CNN_UINT8": "System.Byte",
    "CNN_INT32": "System.Int32",
    "CNN_INT64": "System.Int64",
    "CNN_NCHW": "channel by channel",
    "CNN_NHWC": "pixel by pixel, as cameras and pictures give them",
    "CNN_ORDER_CHW": "(c H + y) W + x",
    "CNN_ORDER_HWC": "(y W + x) C + c",
}
SPELLING = {
    "UINT8": "UInt8",
    "ADAMW": "AdamW",
    "ADAGRAD": "AdaGrad",
    "RMSPROP": "RmsProp",
    "NONLINEAR_CG": "NonlinearCG",
    "GAUSS_NEWTON_CG": "GaussNewtonCG",
    "CG_UPDATE": "CGUpdate",
    "CG_ITERATIONS": "CGIterations",
    "CG_TOLERANCE": "CGTolerance",
    "FULL_ADAGRAD": "FullAdaGrad",
    "FULL_RMSPROP": "FullRmsProp",
    "SILU": "SiLU",
    "NO_DECREASE": "NoDecrease",
}

# What the functions and types that comments of enums mention are called here.
SAID = {
    "cnn_net_cancel": "Net.Cancel",
    "cnn_net_minimize": "Net.Minimize",
    "cnn_minimize": "Minimizer.Minimize",
    "cnn_optimizer_describe_key": "Optimizer.Keys",
    "cnn_optimizer_reset": "Optimizer.Reset",
    "cnn_net_set_regularization": "Net.SetRegularization",
    "cnn_net_set_center": "Net.SetCenter",
    "cnn_net_host_layer": "Net.HostLayer",
    "cnn_line_search": "LineSearch",
}

# Fields that no source has a use for: an error's status is what its call returned.
UNUSED = {"reserved", "reserved32", "status"}

SYMBOLS = {"alpha", "beta", "lambda", "theta"}

PRIMITIVES = {
    "char": "byte",
    "uint8_t": "byte",
    "int32_t": "int",
    "uint32_t": "uint",
    "int64_t": "long",
    "uint64_t": "ulong",
    "size_t": "UIntPtr",
    "float": "float",
    "double": "double",
    "void": "void",
}
KEYWORDS = set(
    "base checked event fixed in is lock object operator out params ref string unchecked".split()
)


def constant_name(constant: str, prefix: str) -> str:
    rest = constant[len(prefix) :]
    return SPELLING.get(rest) or "".join(part.capitalize() for part in rest.split("_"))


class Writer:
    def __init__(self, api: header.Api):
        self.api = api
        unknown = [e.name for e in api.enums if e.name not in ENUMS]
        if unknown:
            sys.exit(f"generate.py: give these enums a name in ENUMS: {', '.join(unknown)}")
        self.constants = {
            v.name: f"{ENUMS[e.name][0]}.{constant_name(v.name, ENUMS[e.name][1])}"
            for e in api.enums
            for v in e.values
        }

    # Comments.

    def _say(self, text: str) -> str:
        """A comment of the header as XML, with the names of this package."""

        def name(match: "re.Match[str]") -> str:
            word = match.group()
            if word in self.constants:
                return f'<see cref="{self.constants[word]}"/>'
            if word not in SAID:
                sys.exit(f"generate.py: say in SAID what {word} is called here")
            return f"<c>{SAID[word]}</c>"

        return re.sub(r"\b(?:cnn_|CNN_)\w+\b", name, escape(text))

    def _summary(self, text: str, indent: str) -> str:
        # Formulas keep their letters.
        if re.match(r"[a-z][a-z-]+[ ,.;]|[a-z-]+$", text) and text.split()[0] not in SYMBOLS:
            text = text[:1].upper() + text[1:]
        if not text.endswith((".", ")", ">", ":")):
            text += "."
        words, lines, line = text.split(" "), [], ""
        for word in words:
            if line and len(indent) + 4 + len(line) + 1 + len(word) > 100:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
        if len(lines) == 1 and len(indent) + 23 + len(lines[0]) <= 100:
            return f"{indent}/// <summary>{lines[0]}</summary>\n"
        body = "".join(f"{indent}/// {each}\n" for each in lines)
        return f"{indent}/// <summary>\n{body}{indent}/// </summary>\n"

    # Enums.

    def enums(self) -> str:
        out = [
            "// The enums of the C interface. Written by generate.py: don't edit.\n\n",
            "namespace CnnSharp\n{\n",
        ]
        for i, enum in enumerate(self.api.enums):
            name, prefix, public = ENUMS[enum.name]
            comment = " ".join(enum.comment.split())
            said = SUMMARIES.get(enum.name) or self._say(comment)
            if not said:
                sys.exit(f"generate.py: say in SUMMARIES what {enum.name} is")
            out.append("\n" if i else "")
            out.append(self._summary(said, "    "))
            out.append(f"    {'public' if public else 'internal'} enum {name}\n    {{\n")
            for value in enum.values:
                comment = " ".join(value.comment.split())
                said = VALUES.get(value.name) or self._say(comment)
                if not said:
                    sys.exit(f"generate.py: say in VALUES what {value.name} is")
                out.append(self._summary(said, "        "))
                out.append(f"        {constant_name(value.name, prefix)} = {value.value},\n")
            out.append("    }\n")
        out.append("}\n")
        return "".join(out)

    # The native layer.

    def _base(self, base: str) -> str:
        if base in ENUMS:
            return ENUMS[base][0]
        alias = next((a for a in self.api.aliases if a.name == base), None)
        return PRIMITIVES.get(alias.type.base if alias else base, base)

    def _is_function(self, kind: header.Type) -> bool:
        return bool(kind.signature) or any(c.name == kind.base for c in self.api.callbacks)

    def _type(self, kind: header.Type) -> str:
        if self._is_function(kind):
            return "IntPtr"
        if self.api.is_handle(kind.base):
            return "IntPtr" + "*" * (kind.pointers - 1)
        return self._base(kind.base) + "*" * kind.pointers

    @staticmethod
    def _name(name: str) -> str:
        return "@" + name if name in KEYWORDS else name

    def _parameter(self, parameter: header.Parameter, safe: bool) -> str:
        kind, name = parameter.type, self._name(parameter.name)
        if self.api.is_handle(kind.base) and safe:
            if kind.pointers == 2:
                return f"out IntPtr {name}"
            short = "".join(p.capitalize() for p in kind.base.split("_")[1:])
            return f"{short}Handle {name}"
        return f"{self._type(kind)} {name}"

    def _parameters(self, signature: header.Signature, safe: bool) -> str:
        return ", ".join(self._parameter(p, safe) for p in signature.parameters)

    def _delegate(self, name: str, signature: header.Signature) -> str:
        # What a callback gets to call comes first.
        inner = [p for p in signature.parameters if p.type.signature]
        return "".join(self._delegate(f"{name}_{p.name}", p.type.signature) for p in inner) + (
            "    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]\n"
            f"    internal unsafe delegate {self._type(signature.returns)} {name}"
            f"({self._parameters(signature, False)});\n\n"
        )

    def _struct(self, struct: header.Struct) -> str:
        out = [
            "    [StructLayout(LayoutKind.Sequential)]\n",
            f"    internal unsafe struct {struct.name}\n    {{\n",
        ]
        for field in struct.fields:
            kind, name = field.type, self._name(field.name)
            if kind.array is None:
                out.append(f"        internal {self._type(kind)} {name};\n")
            else:
                element = header.Type(kind.base)
                base = "int" if kind.base in ENUMS else self._type(element)
                out.append(f"        internal fixed {base} {name}[{kind.array}];\n")
        out.append("    }\n\n")
        return "".join(out)

    def _function(self, function: header.Function) -> str:
        # What ends a handle is called by the handle itself, with what it holds.
        safe = not function.name.endswith("_destroy")
        return (
            "        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]\n"
            f"        internal static extern {self._type(function.signature.returns)} "
            f"{function.name}({self._parameters(function.signature, safe)});\n"
        )

    def native(self) -> str:
        out = [
            "// The C interface as it is: structs, callbacks, functions. Written by generate.py: "
            "don't edit.\n\n",
            "using System;\nusing System.Runtime.InteropServices;\nusing System.Security;\n\n",
            "#pragma warning disable 169, 649 // what isn't assigned here is written by C\n\n",
            "namespace CnnSharp\n{\n",
        ]
        for callback in self.api.callbacks:
            out.append(self._delegate(callback.name, callback.signature))
        for struct in self.api.structs:
            for field in struct.fields:
                if field.type.signature:
                    out.append(self._delegate(f"{struct.name}_{field.name}", field.type.signature))
        for struct in self.api.structs:
            out.append(self._struct(struct))
        out.append("    [SuppressUnmanagedCodeSecurity]\n")
        out.append("    internal static unsafe class Native\n    {\n")
        out.append(
            "#if CNN_STATIC || (UNITY_IOS && !UNITY_EDITOR)\n"
            '        internal const string Library = "__Internal";\n'
            "#else\n"
            '        internal const string Library = "cnn";\n'
            "#endif\n"
        )
        for name, value in self.api.macros.items():
            short = "".join(part.capitalize() for part in name.split("_")[1:])
            out.append(f"        internal const int {short} = {value};\n")
        for function in self.api.functions:
            out.append("\n" + self._function(function))
        out.append("    }\n}\n")
        return "".join(out)


def unused(api: header.Api) -> list:
    """Functions that no hand-written source calls, and fields that none reads or writes."""
    code = "".join(
        p.read_text(encoding="utf-8") for p in SOURCES.glob("*.cs") if p.name != "Native.cs"
    )
    called = set(re.findall(r"Native\.(cnn_\w+)", code))
    used = set(re.findall(r"(?:->|\.)@?(\w+)", code))
    fields = [
        f"{s.name}.{f.name}"
        for s in api.structs
        for f in s.fields
        if f.name not in used and f.name not in UNUSED
    ]
    return [f.name for f in api.functions if f.name not in called] + fields


def main() -> int:
    api = header.read()
    writer = Writer(api)
    files = {SOURCES / "Native.cs": writer.native(), SOURCES / "Enums.cs": writer.enums()}
    if sys.argv[1:] != ["--check"]:
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
        return 0
    failed = 0
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path.name} isn't what generate.py writes from cnn.h", file=sys.stderr)
            failed = 1
    for name in unused(api):
        print(f"no source uses {name}", file=sys.stderr)
        failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
