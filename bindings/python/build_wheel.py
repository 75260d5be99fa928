"""Builds the wheel "libcnn", which has the package cnn and the library in it. It needs neither
setuptools nor the network: it is the build backend of pyproject.toml too.

    python3 build_wheel.py [--library FILE] [--platform TAG] [FOLDER]

--library   libcnn.so, cnn.dll or libcnn.dylib; default: CNN_LIBRARY, else ../../build/libcnn.so
--platform  what the library runs on, default: this machine, "linux_x86_64"
FOLDER      where the wheel goes, default: the current one; its path is printed
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import os
import re
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Dict, List, Optional

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
NAME = "libcnn"
# The earliest time that a zip archive knows, so that the same sources give the same bytes.
TIME = (1980, 1, 1, 0, 0, 0)


def version() -> str:
    """That of the interface that the package is for."""
    text = (HERE / "cnn" / "_abi.py").read_text(encoding="utf-8")
    found = re.search(r"^VERSION = \((\d+), (\d+), (\d+)\)$", text, re.M)
    if not found:
        raise SystemExit("cnn/_abi.py has no version")
    return ".".join(found.groups())


def library_file(given: Optional[str]) -> Path:
    """The library that the wheel carries."""
    chosen = given or os.environ.get("CNN_LIBRARY") or str(REPOSITORY / "build" / "libcnn.so")
    path = Path(chosen)
    if not path.is_file():
        raise SystemExit(
            f"{path} isn't there: build libcnn first (cmake -S . -B build && cmake --build build), "
            "or say where it is by --library or CNN_LIBRARY"
        )
    return path


def library_name(path: Path) -> str:
    """What the package looks for beside itself."""
    if path.suffix == ".dll":
        return "cnn.dll"
    return "libcnn.dylib" if path.suffix == ".dylib" else "libcnn.so"


def metadata() -> str:
    """METADATA, with README.md as the long description."""
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {NAME}",
        f"Version: {version()}",
        "Summary: Convolutional networks in any program: create, train and run them in this process",
        "License: see LICENSE",
        "Requires-Python: >=3.9",
        "Requires-Dist: numpy",
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(lines) + "\n\n" + readme


def license_text() -> bytes:
    path = REPOSITORY / "LICENSE"
    return path.read_bytes() if path.exists() else b""


def contents(library: Path, tag: str) -> Dict[str, bytes]:
    """Every file of the wheel but RECORD."""
    info = f"{NAME}-{version()}.dist-info"
    files = {
        f"cnn/{path.name}": path.read_bytes()
        for path in sorted((HERE / "cnn").iterdir())
        if path.suffix == ".py" or path.name == "py.typed"
    }
    files[f"cnn/{library_name(library)}"] = library.read_bytes()
    files[f"{info}/METADATA"] = metadata().encode()
    files[f"{info}/LICENSE"] = license_text()
    files[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: build_wheel.py\nRoot-Is-Purelib: false\n" f"Tag: {tag}\n"
    ).encode()
    return files


def record(files: Dict[str, bytes], name: str) -> str:
    """RECORD: a line a file, with its hash and size."""
    lines = []
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(data)}")
    return "\n".join([*lines, f"{name},,"]) + "\n"


def write_wheel(folder: Path, library: Path, platform: Optional[str]) -> Path:
    """Writes the wheel; where it is."""
    machine = platform or re.sub(r"[-. ]", "_", sysconfig.get_platform())
    tag = f"py3-none-{machine}"
    files = contents(library, tag)
    name = f"{NAME}-{version()}.dist-info/RECORD"
    files[name] = record(files, name).encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{NAME}-{version()}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            mode = 0o755 if path.endswith((".so", ".dll", ".dylib")) else 0o644
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, data)
    return wheel


# ---- The hooks of a build backend (PEP 517) ----


def get_requires_for_build_wheel(config_settings: Optional[Dict[str, Any]] = None) -> List[str]:
    return []


def build_wheel(
    wheel_directory: str,
    config_settings: Optional[Dict[str, Any]] = None,
    metadata_directory: Optional[str] = None,
) -> str:
    settings = config_settings or {}
    library = library_file(settings.get("library"))
    return write_wheel(Path(wheel_directory), library, settings.get("platform")).name


def get_requires_for_build_sdist(config_settings: Optional[Dict[str, Any]] = None) -> List[str]:
    return []


def build_sdist(sdist_directory: str, config_settings: Optional[Dict[str, Any]] = None) -> str:
    """The sources of the package; a wheel of them needs the library."""
    root = f"{NAME}-{version()}"
    paths = sorted([*HERE.glob("*.py"), *HERE.glob("*.toml"), *HERE.glob("*.md")])
    paths += sorted(p for p in (HERE / "cnn").iterdir() if p.suffix == ".py" or p.name == "py.typed")
    with tarfile.open(Path(sdist_directory) / f"{root}.tar.gz", "w:gz") as archive:
        for path in paths:
            archive.add(path, f"{root}/{path.relative_to(HERE)}")
        data = metadata().encode()
        entry = tarfile.TarInfo(f"{root}/PKG-INFO")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return f"{root}.tar.gz"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library")
    parser.add_argument("--platform")
    parser.add_argument("folder", nargs="?", default=".")
    options = parser.parse_args()
    print(write_wheel(Path(options.folder), library_file(options.library), options.platform))


if __name__ == "__main__":
    main()
