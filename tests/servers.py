"""A PostgreSQL server with PostGIS in a temporary folder, for as long as the tests run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser import require

USERS = ("postgres", "nobody")
"""Unprivileged users under whom a server may run when the tests run as root, which PostgreSQL refuses."""


def program(name: str) -> str | None:
    """Give the path of one of the server's programs: on the path, or where Debian keeps them."""
    found = shutil.which(name)
    if found:
        return found
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(places[0]) if places else None


def postgis_there(pg_ctl: str) -> bool:
    """Tell whether the server that ``pg_ctl`` starts has the PostGIS extension."""
    config = Path(os.path.realpath(pg_ctl)).with_name("pg_config")
    if not config.exists():
        return True  # starting it will tell
    share = subprocess.run([config, "--sharedir"], capture_output=True, text=True, check=True).stdout.strip()
    return (Path(share) / "extension" / "postgis.control").exists()


def _unprivileged() -> dict[str, object]:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd

    for name in USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return {}


@contextmanager
def postgis() -> Iterator[str]:
    """Give the URL of an empty database with PostGIS; skip or fail (see ``browser.require``) where none can be started."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    require(initdb and pg_ctl, "no PostgreSQL server found (apt-get install postgresql postgis)")
    require(postgis_there(pg_ctl), "PostgreSQL has no PostGIS (apt-get install postgresql-XX-postgis-3)")
    who = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="riskmap-postgres-"))
    data = folder / "data"
    try:
        folder.chmod(0o755)
        if who:
            os.chown(folder, who["user"], who["group"])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        run = {"cwd": folder, **who}
        subprocess.run(
            [initdb, "-D", data, "-U", "riskmap", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True,
            capture_output=True,
            **run,
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        # a server that keeps the pipes of its parent would never let it go
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started = [pg_ctl, "-D", data, "-l", folder / "log", "-w", "-o", options, "start"]
        subprocess.run(started, check=True, **silent, **run)
        yield f"postgresql://riskmap@127.0.0.1:{port}/postgres"
    finally:
        if (data / "postmaster.pid").exists():
            subprocess.run([pg_ctl, "-D", data, "-m", "immediate", "stop"], check=False, capture_output=True, **who)
        shutil.rmtree(folder, ignore_errors=True)
