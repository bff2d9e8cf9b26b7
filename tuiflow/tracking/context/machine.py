"""Packages and GPUs of this machine, read from files: nothing is imported or started for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

NVIDIA = Path("/proc/driver/nvidia/gpus")
AMD = Path("/sys/class/drm")


def packages(search_path: Iterable[str]) -> list[str]:
    """`name==version` of the packages on a search path such as sys.path, sorted, names normalized.

    Read from the names of `.dist-info` and `.egg-info` entries ("Recording installed projects",
    packaging.python.org); what comes first on the path counts, as in an import.
    """
    found: dict[str, str] = {}
    for folder in dict.fromkeys(search_path):
        try:
            entries = sorted(path.name for path in Path(folder or ".").iterdir())
        except OSError:  # not there, or a zip file
            continue
        for entry in entries:
            if entry.endswith((".dist-info", ".egg-info")):
                name, _, version = entry.rpartition(".")[0].partition("-")
                version = version.partition("-")[0]  # in an .egg-info, Python's comes after it
                if not version:  # a checkout installed by `setup.py develop`
                    version = _version(Path(folder, entry, "PKG-INFO"))
                if name and version:
                    found.setdefault(_normalized(name), version)
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def _normalized(name: str) -> str:
    """As PyPI compares names (PEP 503)."""
    return "-".join(filter(None, name.lower().replace("_", "-").replace(".", "-").split("-")))


def _version(metadata: Path) -> str:
    with contextlib.suppress(OSError):
        for line in metadata.read_text("utf-8", "replace").splitlines():
            if line.startswith("Version:"):
                return line.partition(":")[2].strip()
    return ""


def gpus(environment: Mapping[str, str], nvidia: Path = NVIDIA, amd: Path = AMD) -> str:
    """The GPUs a process sees, such as `4 x NVIDIA A100-SXM4-80GB`; empty where there are none.

    Told by the NVIDIA driver's and the amdgpu driver's files; CUDA_VISIBLE_DEVICES narrows the
    former (by index in PCI order, or by UUID).
    """
    names = _nvidia(environment.get("CUDA_VISIBLE_DEVICES"), nvidia) or _amd(amd)
    counts = {name: names.count(name) for name in names}
    return ", ".join(name if n == 1 else f"{n} x {name}" for name, n in counts.items())


def _nvidia(visible: str | None, folder: Path) -> list[str]:
    cards: list[tuple[str, str]] = []
    try:
        for card in sorted(folder.iterdir()):  # named by PCI address
            lines = (card / "information").read_text("utf-8", "replace").splitlines()
            facts = dict(line.split(":", 1) for line in lines if ":" in line)
            model, uuid = facts.get("Model", "NVIDIA GPU"), facts.get("GPU UUID", "")
            cards.append((model.strip(), uuid.strip()))
    except OSError:
        return []
    if visible is None:
        return [model for model, _ in cards]
    chosen = []
    for item in filter(None, map(str.strip, visible.split(","))):
        if item.isdecimal() and int(item) < len(cards):
            chosen.append(cards[int(item)][0])
        else:
            chosen += [model for model, uuid in cards if item.startswith("GPU-") and item in uuid]
    return chosen


def _amd(folder: Path) -> list[str]:
    names = []
    for file in sorted(folder.glob("card*/device/product_name")):
        try:
            names.append(file.read_text("utf-8", "replace").strip() or "AMD GPU")
        except OSError:
            continue
    return names
