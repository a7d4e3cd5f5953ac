"""Whose the files in the state folder are: an operator looks after a service as root, and its user must read them."""

import os
from pathlib import Path


def give_to_folders_owner(path: Path) -> None:
    """Give a file that root made to the owner of its folder."""
    if os.geteuid() != 0:
        return
    folder, file = path.parent.stat(), path.stat()
    if (file.st_uid, file.st_gid) != (folder.st_uid, folder.st_gid):
        os.chown(path, folder.st_uid, folder.st_gid)
