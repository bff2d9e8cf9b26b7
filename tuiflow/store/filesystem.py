"""On what kind of file system a store lies: on a network one, WAL may seem to work and corrupt."""

from __future__ import annotations

import re
from pathlib import Path

NETWORK_TYPES = {
    "nfs": "NFS",
    "nfs4": "NFS",
    "lustre": "Lustre",
    "gpfs": "GPFS",
    "beegfs": "BeeGFS",
    "fhgfs": "BeeGFS",
    "cifs": "CIFS",
    "smb3": "CIFS",
    "smbfs": "CIFS",
    "afs": "AFS",
    "ceph": "CephFS",
    "fuse.ceph": "CephFS",
    "fuse.glusterfs": "GlusterFS",
    "fuse.sshfs": "SSHFS",
    "pvfs2": "OrangeFS",
    "panfs": "PanFS",
    "wekafs": "WekaFS",
}
"""Names of network file systems, by the type that the kernel gives them."""


def mounts() -> str:
    """The mounts that this process sees (proc_pid_mountinfo(5)); empty where there is no /proc."""
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def type_of(path: Path, mountinfo: str) -> str:
    """The type of the file system that holds `path`, which need not exist; empty where unknown."""
    best, kind = -1, ""
    real = path.resolve()
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4]))
        # Of several mounts on one point, the last is on top.
        if real.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split(" ")[0]
    return kind


def network_name(path: Path) -> str | None:
    """What the network file system that holds `path` is called, None on a local disk."""
    return NETWORK_TYPES.get(type_of(path, mounts()))
