"""The services of docker-compose.yaml as plain processes on one machine instead of in containers.

This replaces what Docker provides: the files that the Dockerfile copies, folders for the container's paths, free ports
for its ports, `localhost` for the services' names, and the wheel's PostgreSQL for the image's. Services that listen on
all interfaces of their container listen on loopback here, because everybody knows the passwords.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from sandbox.processes import alive
from sandbox.redshift import engine
from tests.compose_file import ROOT, copied, services

MARK = "COMPOSE_TEST"
# Set it to the programs of another Python, such as the image's, to test the packages that the Dockerfile installs.
PROGRAMS = Path(os.environ.get("COMPOSE_TEST_PROGRAMS", Path(sys.executable).parent))
PATIENCE = 180.0  # seconds; on an idle machine nothing here takes a tenth of it
GRACE = 10.0  # seconds that Docker gives a container to stop, unless the file sets another time


class Machine:
    """The services as processes: starts, checks, stops and kills them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.services = services()
        self.mark = uuid.uuid4().hex
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {port: free_port() for port in ("5432", "5439", "9000", "4566", "8080", "8793", "8794")}
        self._hosts = re.compile(rf'(//|@|"host": ")({"|".join(self.services)})\b')
        self._ports = re.compile(rf"\b({'|'.join(self.ports)})\b")
        self._user = engine.server_user()
        self.home = folder / "opt" / "airflow"
        for name, into in copied().items():
            (self.home / into).parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, self.home / into)
        # The sandbox's ports are constants.
        constants = self.home / "sandbox" / "stack.py"
        constants.write_text(self._ports.sub(lambda found: self.ports[found[1]], constants.read_text()))
        for path in ("state", "opt/airflow/auth", "opt/airflow/logs", "home"):
            (folder / path).mkdir()

    def here(self, text: str) -> str:
        """A text of the file with this machine's host names, ports and paths."""
        text = self._hosts.sub(r"\1localhost", text)
        text = self._ports.sub(lambda found: self.ports[found[1]], text)
        text = text.replace("0.0.0.0", "127.0.0.1")
        return re.sub(r"(?<![\w.])/(opt/airflow|state)\b", rf"{self.folder}/\1", text)

    def environment(self, service: str) -> dict[str, str]:
        """A service's environment: the image's, what sharing one machine requires, and the file's."""
        bare = {
            "PATH": f"{PROGRAMS}:{engine.programs(None)}:{os.defpath}",
            "HOME": str(self.folder / "home"),
            "LC_ALL": "C.UTF-8",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__BASE_URL": f"http://localhost:{self.ports['8080']}",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": self.ports["8793"],
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": self.ports["8794"],
            MARK: self.mark,
            "SPT_NOENV": "1",  # or Airflow's process titles are written over the mark
        }
        given = self.services[service].get("environment", {})
        return bare | {name: self.here(value) for name, value in given.items()}

    def log(self, service: str) -> str:
        """The end of a service's log."""
        text = (self.folder / f"{service}.log").read_text(errors="replace")
        return f"{service}: ...{text[-3000:]}"

    def start(self, service: str) -> None:
        """Start a service once the services that it depends on are ready."""
        for other, wait in self.services[service].get("depends_on", {}).items():
            if wait["condition"] == "service_completed_successfully":
                assert 0 == self.running[other].wait(PATIENCE), self.log(other)
            else:
                self.wait_healthy(other)
        command = self.services[service].get("command")
        command = self.postgres() if command is None else [self.here(word) for word in command]
        with (self.folder / f"{service}.log").open("ab") as log:
            self.running[service] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder_of(service),
                env=self.environment(service),
                start_new_session=True,
                **(self.as_server_user() if service == "postgres" else {}),
            )

    def wait_healthy(self, service: str, seconds: float = PATIENCE) -> None:
        """Wait until a service's health check succeeds."""

        def healthy() -> bool:
            assert self.running[service].poll() is None, self.log(service)
            return self.healthy(service)

        until(healthy, f"{service} is not healthy", seconds, lambda: self.log(service))

    def healthy(self, service: str) -> bool:
        """Whether a service's health check succeeds."""
        kind, *check = self.services[service]["healthcheck"]["test"]
        assert "CMD" == kind
        done = subprocess.run(
            [self.here(word) for word in check],
            env=self.environment(service),
            cwd=self.folder_of(service),
            capture_output=True,
        )
        return done.returncode == 0

    def folder_of(self, service: str) -> Path:
        """The working directory of a service's image."""
        return Path("/") if service == "postgres" else self.home

    def stop(self, service: str) -> None:
        """Stop a service as Docker does: after SIGTERM it must end within its grace period."""
        process = self.running.pop(service)
        seconds = float(self.services[service].get("stop_grace_period", f"{GRACE}s").removesuffix("s"))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(seconds)

    def kill(self, service: str) -> None:
        """Kill a service and all processes it started, as removing a container does."""
        process = self.running.pop(service)
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended by itself
            for child in psutil.Process(process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        process.kill()
        process.wait()

    def left(self) -> list[psutil.Process]:
        """The processes started here that still run."""
        return [
            process
            for process in psutil.process_iter(["environ", "cmdline"])
            if (process.info["environ"] or {}).get(MARK) == self.mark
            or str(self.folder) in " ".join(process.info["cmdline"] or ())
            if alive(process)
        ]

    def as_server_user(self) -> dict[str, Any]:
        """How to start a process as the user whom PostgreSQL accepts."""
        user = self._user
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}

    def postgres(self) -> list[str]:
        """Create a cluster with the service's user, password and database; return the server's command line."""
        given = self.services["postgres"]["environment"]
        data = self.folder / "metadata"
        data.mkdir()
        engine.own(data, self._user)
        programs = engine.programs(self._user)
        password = self.folder / "password"
        password.write_text(given["POSTGRES_PASSWORD"])
        engine.own(password, self._user)
        words = ["-D", data, "-U", given["POSTGRES_USER"], "--pwfile", password, "--no-sync", "--encoding=UTF8"]
        subprocess.run(
            [programs / "initdb", *words, "--auth-local=trust", "--auth-host=scram-sha-256"],
            check=True, capture_output=True, cwd="/", **self.as_server_user(),
        )  # fmt: skip
        create = f"CREATE DATABASE {given['POSTGRES_DB']}"
        subprocess.run(
            [programs / "postgres", "--single", "-D", data, "postgres"],
            input=create, text=True, check=True, capture_output=True, cwd="/", **self.as_server_user(),
        )  # fmt: skip
        return [
            *map(str, (programs / "postgres", "-D", data, "-k", data, "-p", self.ports["5432"])),
            *("-c", "listen_addresses=localhost", "-c", "fsync=off"),
        ]


def free_port() -> str:
    """A TCP port on which no process listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def until(ready: Callable[[], Any], what: str, seconds: float, log: Callable[[], str]) -> Any:
    """Return the first true value of `ready`; fail with `what` and the `log` when there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := ready()):
        assert time.monotonic() < deadline, f"{what} after {seconds:.0f} s. {log()}"
        time.sleep(0.2)
    return answer
