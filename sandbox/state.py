"""The folder in which a sandbox keeps what it has: who uses it now, and where the running one is reached."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path

from sandbox.processes import SandboxError

COMMAND = "SANDBOX_COMMAND"  # the variable that tells which COMMAND runs beside the sandbox


class State:
    """A state directory. At most one process holds it, by a lock that ends with the process, however that ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._lock = self.folder / "lock"
        self._environment = self.folder / "environment.json"
        self._descriptor: int | None = None

    def take(self) -> None:
        """Hold the directory, creating it where needed, until release(). Raises SandboxError when another holds it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode()
            os.close(descriptor)
            text = f"{self.folder} is in use by process {holder}: stop it or choose another --state"
            raise SandboxError(text) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor
        self._environment.unlink(missing_ok=True)

    def release(self) -> None:
        """Let others have the directory."""
        self._environment.unlink(missing_ok=True)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def publish(self, environment: dict[str, str]) -> None:
        """Tell other processes how the running sandbox is reached."""
        unfinished = self._environment.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(environment, indent=1))
        unfinished.rename(self._environment)

    def environment(self) -> dict[str, str] | None:
        """How the sandbox running here is reached; None when none runs or it is still starting."""
        if self.holder() is None:
            return None
        try:
            found: dict[str, str] = json.loads(self._environment.read_text())
        except FileNotFoundError:
            return None
        return found

    def holder(self) -> int | None:
        """The id of the process that holds the directory; None when there is none."""
        try:
            descriptor = os.open(self._lock, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(os.read(descriptor, 20) or b"0") or None
        else:
            return None
        finally:
            os.close(descriptor)

    def wait_released(self, seconds: float = 60) -> None:
        """Wait until nobody holds the directory. Raises SandboxError when that takes longer than `seconds`."""
        deadline = time.monotonic() + seconds
        while (holder := self.holder()) is not None:
            if time.monotonic() > deadline:
                raise SandboxError(f"process {holder} still holds {self.folder} after {seconds:.0f} seconds")
            time.sleep(0.05)
