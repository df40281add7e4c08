"""Checks a wheel: its tag against the versions of the system's symbols that its programs need, and its content.

    python scripts/check-wheel.py dist/backfire-*.whl

A tag manylinux_X_Y promises that glibc X.Y is enough, with the C++ library of a distribution of that time. It needs
pyelftools, which auditwheel brings.
"""

import io
import re
import sys
import zipfile

from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

# The newest versions that the C++ library has where the manylinux tags are defined (PEP 600; gcc 8, 11, 12, 13).
CPP = {(2, 28): (3, 4, 24), (2, 34): (3, 4, 29), (2, 35): (3, 4, 30), (2, 36): (3, 4, 30), (2, 39): (3, 4, 33)}
PROVIDED = re.compile(r"lib(torch|torch_cpu|torch_cuda|c10|c10_cuda|cudart)\.so(\.\d+)?$")
SYSTEM = re.compile(r"(lib(c|m|pthread|dl|rt|stdc\+\+|gcc_s)\.so\.\d+|ld-linux-x86-64\.so\.2)$")
NEEDED = ["backfire/bin/backfire", "backfire/bin/backfire-engine", "backfire/py.typed", "backfire/licences/go-LICENSE"]


def versions(file: ELFFile) -> list[tuple[str, tuple[int, ...]]]:
    """Returns the versions of symbols that a program needs, such as ("GLIBC", (2, 34))."""
    found = []
    for section in file.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for _, auxiliaries in section.iter_versions():
                for one in auxiliaries:
                    match = re.fullmatch(r"([A-Z]+)_([\d.]+)", one.name)
                    if match:
                        found.append((match[1], tuple(int(n) for n in match[2].split("."))))
    return found


def dynamic(file: ELFFile, tag: str) -> list[str]:
    """Returns the entries of a program's dynamic section that have a tag, such as DT_NEEDED."""
    section = file.get_section_by_name(".dynamic")
    names = {"DT_NEEDED": "needed", "DT_RUNPATH": "runpath", "DT_RPATH": "rpath"}
    return [getattr(entry, names[tag]) for entry in section.iter_tags(tag)] if section else []


def check(path: str) -> list[str]:
    """Returns what is wrong with a wheel."""
    match = re.search(r"-py3-none-(?:\S*\.)?manylinux_(\d+)_(\d+)_x86_64\.whl$", path)
    if not match:
        return ["the tag is not py3-none-manylinux_X_Y_x86_64"]
    glibc, faults = (int(match[1]), int(match[2])), []
    cpp = max(limit for tag, limit in CPP.items() if tag <= glibc)
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        faults += [f"{name} is missing" for name in NEEDED if name not in names]
        metadata = wheel.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode()
        if "Requires-Dist: torch==2.11.*" not in metadata:
            faults.append("it does not require torch==2.11.*")
        if not any(n.endswith("LICENSE") and ".dist-info/" in n for n in names):
            faults.append("the licence is missing")
        for name in names:
            content = wheel.read(name)
            if not content.startswith(b"\x7fELF"):
                continue
            if not wheel.getinfo(name).external_attr >> 16 & 0o111:
                faults.append(f"{name} is not executable")
            program = ELFFile(io.BytesIO(content))
            needs = versions(program)
            for library, limit in (("GLIBC", glibc), ("GLIBCXX", cpp)):
                newest = max((v for lib, v in needs if lib == library), default=())
                print(f"{name}: {library} {'.'.join(map(str, newest)) or 'none'} of at most {'.'.join(map(str, limit))}")
                if newest > limit:
                    faults.append(f"{name} needs {library}_{'.'.join(map(str, newest))}, and the tag promises {'.'.join(map(str, limit))}")
            libraries = dynamic(program, "DT_NEEDED")
            faults += [f"{name} needs {lib}, which no one provides" for lib in libraries if not PROVIDED.match(lib) and not SYSTEM.match(lib)]
            paths = [p for entry in dynamic(program, "DT_RUNPATH") + dynamic(program, "DT_RPATH") for p in entry.split(":")]
            faults += [f"{name} looks for libraries in {p}, a place of the machine that built it" for p in paths if not p.startswith("$ORIGIN/")]
    return faults


for path in sys.argv[1:]:
    faults = check(path)
    for fault in faults:
        print(f"{path}: {fault}", file=sys.stderr)
    if faults:
        sys.exit(1)
    print(f"{path}: its tag and content hold")
