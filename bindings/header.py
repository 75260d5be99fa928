#!/usr/bin/env python3
"""Reads include/cnn/cnn.h, for the generators of the bindings' native layers.

    import header
    api = header.read()                 # or header.read(path)
    for e in api.enums: ...             # Enum(name, values, comment)
    for s in api.structs: ...           # Struct(name, fields, comment)
    for h in api.handles: ...           # Handle(name, comment): opaque
    for c in api.callbacks: ...         # Callback(name, signature, comment): function pointer types
    for a in api.aliases: ...           # Alias(name, type, comment): cnn_node
    for f in api.functions: ...         # Function(name, signature, comment)
    api.macros                          # {"CNN_VERSION_MAJOR": 0, ...}
    api.section("cnn_net_run")          # "Running"

Everything is in the order of the header. What it doesn't understand it refuses, with the line.

    python3 bindings/header.py          checks sizes and offsets against tests/abi/layout.txt and
                                        functions against tests/abi/symbols.txt
"""

import dataclasses
import pathlib
import re
import sys
from typing import Dict, List, Optional, Tuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = ROOT / "include" / "cnn" / "cnn.h"

# Size and alignment of what the header is made of, where pointers have 8 bytes.
PRIMITIVES = {
    "char": 1,
    "uint8_t": 1,
    "int32_t": 4,
    "uint32_t": 4,
    "int64_t": 8,
    "uint64_t": 8,
    "size_t": 8,
    "float": 4,
    "double": 8,
}
POINTER = 8


@dataclasses.dataclass(frozen=True)
class Type:
    """A C type: `base` behind `pointers` stars, with what is const.

    `const float *const *x` is Type("float", 2, True); whether pointers themselves are const makes
    no difference to a caller and isn't kept. `array` is the length of an array field.
    """

    base: str
    pointers: int = 0
    const: bool = False
    array: Optional[int] = None
    signature: Optional["Signature"] = None  # of a function pointer written in place; base is ""

    def __str__(self) -> str:
        if self.signature:
            return str(self.signature)
        text = ("const " if self.const else "") + self.base
        if self.pointers:
            text += " " + "*" * self.pointers
        return text if self.array is None else f"{text}[{self.array}]"


@dataclasses.dataclass(frozen=True)
class Parameter:
    name: str
    type: Type


@dataclasses.dataclass(frozen=True)
class Signature:
    returns: Type
    parameters: Tuple[Parameter, ...]

    def __str__(self) -> str:
        return f"{self.returns} ({', '.join(str(p.type) for p in self.parameters)})"


@dataclasses.dataclass(frozen=True)
class Constant:
    name: str
    value: int
    comment: str


@dataclasses.dataclass(frozen=True)
class Enum:
    name: str
    values: Tuple[Constant, ...]
    comment: str


@dataclasses.dataclass(frozen=True)
class Field:
    name: str
    type: Type
    comment: str


@dataclasses.dataclass(frozen=True)
class Struct:
    name: str
    fields: Tuple[Field, ...]
    comment: str


@dataclasses.dataclass(frozen=True)
class Handle:
    name: str
    comment: str


@dataclasses.dataclass(frozen=True)
class Alias:
    name: str
    type: Type
    comment: str


@dataclasses.dataclass(frozen=True)
class Callback:
    name: str
    signature: Signature
    comment: str


@dataclasses.dataclass(frozen=True)
class Function:
    name: str
    signature: Signature
    comment: str


@dataclasses.dataclass
class Api:
    macros: Dict[str, int] = dataclasses.field(default_factory=dict)
    enums: List[Enum] = dataclasses.field(default_factory=list)
    structs: List[Struct] = dataclasses.field(default_factory=list)
    handles: List[Handle] = dataclasses.field(default_factory=list)
    aliases: List[Alias] = dataclasses.field(default_factory=list)
    callbacks: List[Callback] = dataclasses.field(default_factory=list)
    functions: List[Function] = dataclasses.field(default_factory=list)
    sections: Dict[str, str] = dataclasses.field(default_factory=dict)

    def section(self, name: str) -> str:
        """The heading that a declaration stands below."""
        return self.sections[name]

    def struct(self, name: str) -> Struct:
        return next(s for s in self.structs if s.name == name)

    def function(self, name: str) -> Function:
        return next(f for f in self.functions if f.name == name)

    def is_struct(self, name: str) -> bool:
        return any(s.name == name for s in self.structs)

    def is_handle(self, name: str) -> bool:
        return any(h.name == name for h in self.handles)

    def layout(self, name: str) -> Tuple[int, int, List[Tuple[str, int, int]]]:
        """Size and alignment of a struct, and name, offset and size of each field (64 bits)."""
        offset, largest, rows = 0, 1, []
        for field in self.struct(name).fields:
            size, align = self._size(field.type)
            offset += -offset % align
            rows.append((field.name, offset, size))
            offset += size
            largest = max(largest, align)
        return offset + -offset % largest, largest, rows

    def _size(self, kind: Type) -> Tuple[int, int]:
        if kind.pointers or kind.signature or any(c.name == kind.base for c in self.callbacks):
            size = align = POINTER
        elif self.is_struct(kind.base):
            size, align, _ = self.layout(kind.base)
        else:
            size = align = PRIMITIVES[self._plain(kind.base)]
        return size * (1 if kind.array is None else kind.array), align

    def _plain(self, name: str) -> str:
        if any(e.name == name for e in self.enums):
            return "int32_t"
        alias = next((a for a in self.aliases if a.name == name), None)
        return alias.type.base if alias else name


class Refused(Exception):
    """A line of the header that isn't understood."""


_TOKEN = re.compile(
    r"(?P<comment>/\*.*?\*/)|(?P<word>[A-Za-z_]\w*)|(?P<number>-?\d+)|(?P<mark>[{}()\[\];,*=])|"
    r"(?P<space>\s+)|(?P<other>.)",
    re.S,
)
_SECTION = re.compile(r"/\* ---- (.*?) ---- \*/")


def _clean(comment: str) -> str:
    """The text of a comment, without its frame; an empty line stays one."""
    body = re.sub(r"^/\*\*?<?|\*/$", "", comment)
    lines = [re.sub(r"^\s*\*? ?", "", line).rstrip() for line in body.split("\n")]
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines).strip())
    return "\n\n".join(" ".join(p.split()) for p in paragraphs)


class _Parser:
    def __init__(self, text: str):
        self.api = Api()
        self.tokens: List[Tuple[str, str, int]] = []
        self.at = 0
        self.heading = ""
        # Doc comments come before what they tell of, or (with "<") after it.
        self.after: Dict[int, str] = {}
        self.before: Dict[int, str] = {}
        self._tokenise(self._without_directives(text))

    def _without_directives(self, text: str) -> str:
        for name, value in re.findall(r"^#define (CNN_\w+) (\d+)$", text, re.M):
            self.api.macros[name] = int(value)
        # Blanked, not cut: line numbers stay.
        def blank(match: "re.Match[str]") -> str:
            return "\n" * match.group().count("\n")

        text = re.sub(r"^#ifdef __cplusplus$.*?^#endif$", blank, text, flags=re.M | re.S)
        return re.sub(r"^#.*$", "", text, flags=re.M)

    def _tokenise(self, text: str) -> None:
        line = 1
        for match in _TOKEN.finditer(text):
            kind, token = str(match.lastgroup), match.group()
            index = len(self.tokens)
            if kind == "comment":
                if token.startswith("/**<"):
                    self._append(self.after, index - 1, token)
                elif token.startswith("/**"):
                    self._append(self.before, index, token)
                elif heading := _SECTION.match(token):
                    self.tokens.append(("section", heading.group(1), line))
            elif kind == "other":
                raise Refused(f"line {line}: {token!r}")
            elif kind != "space" and token != "CNN_API":
                self.tokens.append((kind, token, line))
            line += token.count("\n")

    @staticmethod
    def _append(where: Dict[int, str], index: int, comment: str) -> None:
        where[index] = " ".join(filter(None, (where.get(index), _clean(comment))))

    # Reading tokens.

    def _peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place][1] if place < len(self.tokens) else ""

    def _next(self) -> str:
        if self.at >= len(self.tokens):
            raise Refused("unexpected end of the header")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def _expect(self, *tokens: str) -> None:
        for token in tokens:
            line = self.tokens[min(self.at, len(self.tokens) - 1)][2]
            got = self._next()
            if got != token:
                raise Refused(f"line {line}: {got!r} where {token!r} should be")

    def _number(self) -> int:
        kind, token, line = self.tokens[self.at]
        if kind != "number":
            raise Refused(f"line {line}: {token!r} where a number should be")
        self.at += 1
        return int(token)

    # Declarations.

    def parse(self) -> Api:
        while self.at < len(self.tokens):
            if self.tokens[self.at][0] == "section":
                self.heading = self._next()
                continue
            start = self.at
            name = self._declaration(self.before.get(start, ""))
            if name:
                self.api.sections[name] = self.heading
        return self.api

    def _declaration(self, comment: str) -> str:
        if self._peek() == "enum":
            raise Refused(f"line {self.tokens[self.at][2]}: an enum without a typedef before it")
        if self._peek() != "typedef":
            return self._function(comment)
        self._next()
        if self._peek() == "struct":
            return self._struct(comment)
        kind, name = self._declarator()
        self._expect(";")
        if kind.signature:
            self.api.callbacks.append(Callback(name, kind.signature, comment))
        elif self._peek() == "enum":
            self._enum(name, comment)
        else:
            self.api.aliases.append(Alias(name, kind, comment))
        return name

    def _struct(self, comment: str) -> str:
        self._expect("struct")
        name = self._next()
        if self._peek() != "{":
            self._expect(name, ";")
            self.api.handles.append(Handle(name, comment))
            return name
        self._expect("{")
        fields = []
        while self._peek() != "}":
            said = self.before.get(self.at, "")
            kind, field = self._declarator()
            self._expect(";")
            said = " ".join(filter(None, (said, self.after.get(self.at - 1))))
            fields.append(Field(field, kind, said))
        self._expect("}", name, ";")
        self.api.structs.append(Struct(name, tuple(fields), comment))
        return name

    def _enum(self, name: str, comment: str) -> None:
        comment = " ".join(filter(None, (comment, self.before.get(self.at))))
        self._expect("enum", "{")
        values = []
        while self._peek() != "}":
            said = self.before.get(self.at, "")
            constant = self._next()
            self._expect("=")
            value = self._number()
            after = self.after.get(self.at - 1)  # of the last one, which has no comma
            if self._peek() == ",":
                self._next()
                after = after or self.after.get(self.at - 1)
            said = " ".join(filter(None, (said, after)))
            values.append(Constant(constant, value, said))
        self._expect("}", ";")
        self.api.enums.append(Enum(name, tuple(values), comment))

    def _function(self, comment: str) -> str:
        returns, name = self._declarator()
        parameters = self._parameters()
        self._expect(";")
        self.api.functions.append(Function(name, Signature(returns, parameters), comment))
        return name

    def _parameters(self) -> Tuple[Parameter, ...]:
        self._expect("(")
        parameters = []
        if self._peek() == "void" and self._peek(1) == ")":
            self._next()
        while self._peek() != ")":
            kind, name = self._declarator()
            parameters.append(Parameter(name, kind))
            if self._peek() == ",":
                self._next()
        self._expect(")")
        return tuple(parameters)

    def _declarator(self) -> Tuple[Type, str]:
        """A type and the name it declares: `const char *name`, `int64_t kernel[2]`,
        `int32_t (*read)(void *user, ...)`."""
        const = self._peek() == "const"
        if const:
            self._next()
        kind, base, line = self.tokens[self.at]
        if kind != "word":
            raise Refused(f"line {line}: {base!r} where a type should be")
        self.at += 1
        pointers = self._stars()
        if self._peek() == "(" and self._peek(1) == "*":
            self._expect("(", "*")
            name = self._next()
            self._expect(")")
            signature = Signature(Type(base, pointers, const), self._parameters())
            return Type("", signature=signature), name
        name = self._next()
        array = None
        if self._peek() == "[":
            self._next()
            array = self._number()
            self._expect("]")
        return Type(base, pointers, const, array), name

    def _stars(self) -> int:
        pointers = 0
        while self._peek() in ("*", "const"):
            pointers += self._next() == "*"
        return pointers


def read(path: pathlib.Path = HEADER) -> Api:
    return _Parser(pathlib.Path(path).read_text(encoding="utf-8")).parse()


def layout_text(api: Api) -> str:
    """What `abi_layout_test --print` prints, from the header alone."""
    lines = []
    for struct in api.structs:
        size, _, fields = api.layout(struct.name)
        lines.append(f"{struct.name} size {size}")
        lines += [f"{struct.name}.{name} at {at} size {n}" for name, at, n in fields]
    return "\n".join(lines) + "\n"


def _check() -> int:
    api = read()
    failed = 0

    def compare(what: str, have: List[str], want: List[str]) -> None:
        nonlocal failed
        for line in sorted(set(have) ^ set(want)):
            where = "the header" if line in have else what
            print(f"only in {where}: {line}", file=sys.stderr)
            failed = 1

    abi = ROOT / "tests" / "abi"
    compare(
        "layout.txt",
        layout_text(api).splitlines(),
        (abi / "layout.txt").read_text().splitlines(),
    )
    compare(
        "symbols.txt",
        [f.name for f in api.functions],
        [w for w in (abi / "symbols.txt").read_text().split() if w.startswith("cnn_")],
    )
    if not failed:
        print(f"{len(api.functions)} functions, {len(api.structs)} structs, {len(api.enums)} enums")
    return failed


if __name__ == "__main__":
    sys.exit(_check())
