"""The whole sandbox: its parts started side by side and stopped in order, and the variables that lead to them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import socket
import ssl
import sys
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

import uvloop

from sandbox import aws
from sandbox.processes import PROJECT, Child, Children, SandboxError, port_holder
from sandbox.redshift import engine, tls
from sandbox.redshift.copy import CopySettings, copy_from_s3
from sandbox.redshift.rewrite import late_views, plan
from sandbox.redshift.server import RedshiftServer

WORK_BUCKET = "sparkify-work"
DEFAULT_BUCKET = "udacity-dend"

# Variables of the caller's that would lead COMMAND's clients elsewhere, or let them fail.
FOREIGN = (
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_REGION", "AWS_ROLE_ARN"),
    *("PGSERVICE", "PGHOSTADDR", "PGOPTIONS", "PGSSLMODE", "PGPASSFILE", "PGREQUIRESSL"),
)


@dataclasses.dataclass(frozen=True)
class Ports:
    """TCP ports; 0 is a free one."""

    redshift: int = 0
    s3: int = 0
    aws: int = 0


# Redshift's own; S3's and the other APIs' as the best-known local servers of these (MinIO, LocalStack) have them.
STANDARD_PORTS = Ports(redshift=5439, s3=9000, aws=4566)


class Stack:
    """A local Redshift, S3 and AWS over the state directory `state`; `buckets` holds one folder per bucket.

    They listen on the address `host`. After start(), `variables` are the environment variables by which clients on this
    machine reach them, and `airflow_defaults` are for an Airflow whose settings nobody chose: with `keeps_records`, its
    own records are in the sandbox's PostgreSQL, as an Airflow of several processes needs it.
    """

    def __init__(
        self,
        state: Path,
        buckets: Path | None,
        ports: Ports,
        mark: str,
        host: str = aws.HOST,
        *,
        keeps_records: bool = False,
    ) -> None:
        self._keeps_records = keeps_records
        self._state = state
        self._buckets = buckets
        self._ports = ports
        self._host = host
        self.children = Children(state / "log", mark)
        self._engine = engine.Engine(state, self.children)
        self._server: RedshiftServer | None = None
        self._loop = uvloop.new_event_loop()
        self._aws_listener: socket.socket | None = None
        self._aws: asyncio.Task[None] | None = None
        self.variables: dict[str, str] = {}
        self.airflow_defaults = airflow_defaults(state)

    async def start(self) -> None:
        """Start everything. Raises SandboxError; what was started by then is stopped by stop()."""
        folder = self._state / "s3"
        aws.lay_out_buckets(folder, self._buckets)
        (folder / WORK_BUCKET).mkdir(exist_ok=True)
        for port in (self._ports.redshift, self._ports.s3):
            listen(port, self._host).close()
        self._aws_listener = listen(self._ports.aws, self._host)
        await self.children.open()
        s3 = asyncio.create_task(aws.start_s3(self.children, folder, self._host, self._ports.s3))
        postgresql = asyncio.create_task(self._engine.start())
        try:
            certificate, *_ = await asyncio.gather(asyncio.to_thread(tls.context, self._state / "tls"), s3, postgresql)
        finally:
            s3.cancel()
            postgresql.cancel()
            await asyncio.gather(s3, postgresql, return_exceptions=True)
        if await self._engine.has_late_views():
            late_views.exist.set()
        self._server = self._redshift(s3.result(), certificate)
        await self._endpoint(self._server.start())
        aws_url = f"http://{aws.HOST}:{self._aws_listener.getsockname()[1]}"
        self._aws = asyncio.create_task(aws.start_aws_when_called(self.children, self._aws_listener))
        self.variables = {
            **service_variables(self._server.port, s3.result(), aws_url),
            # Who asks for TLS gets it. Where nobody asks, it would cost a connection half as long again for nothing.
            "PGSSLMODE": "disable",
            "SANDBOX_TLS_AUTHORITY": str(self._state / "tls" / tls.AUTHORITY),
            "AIRFLOW_VAR_SPARKIFY_BUCKET": main_bucket(self._buckets),
            "AIRFLOW_VAR_SPARKIFY_WORK_PREFIX": f"s3://{WORK_BUCKET}/",
        }
        if self._keeps_records:
            self.airflow_defaults["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = await self._engine.airflow_database()

    async def stop(self) -> None:
        """Stop everything: the endpoint first, so that no client is left in the middle of an answer."""
        if self._aws is not None:
            self._aws.cancel()
            await asyncio.gather(self._aws, return_exceptions=True)
        if self._aws_listener is not None:
            self._aws_listener.close()
        if self._server is not None:
            await self._endpoint(self._server.stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
        await self._engine.stop()
        await self.children.close()

    async def failure(self) -> SandboxError:
        """Wait until a part ends that should not have, and say which."""
        child: Child = await self.children.first_to_end()
        return child.failure(f"ended unexpectedly with status {child.process.returncode}")

    async def _endpoint(self, work: Coroutine[Any, Any, None]) -> None:
        """Await something in the endpoint's own event loop: uvloop, whose roundtrips are half as long.

        It cannot start processes as another user, so that all else stays in asyncio's.
        """
        if not self._loop.is_running():
            threading.Thread(target=self._loop.run_forever, name="redshift", daemon=True).start()
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def _redshift(self, s3_url: str, certificate: ssl.SSLContext) -> RedshiftServer:
        settings = CopySettings(
            s3_endpoint=s3_url,
            access_key_id=aws.ACCESS_KEY_ID,
            secret_access_key=aws.SECRET_ACCESS_KEY,
            region=aws.REGION,
            service_dsn=self._engine.dsn(),
        )
        return RedshiftServer(
            socket_directory=self._engine.socket_directory,
            host=self._host,
            port=self._ports.redshift,
            copy_settings=settings,
            plan=plan,
            copy=copy_from_s3,
            tls=certificate,
        )


def listen(port: int, host: str = aws.HOST) -> socket.socket:
    """A socket that listens on a port. Raises SandboxError when it is taken, saying by whom if known."""
    try:
        return socket.create_server((host, port), backlog=128)
    except OSError as error:
        holder = port_holder(port) or "another process"
        raise SandboxError(f"port {port} is taken by {holder}: stop that first ({error.strerror})") from error


def main_bucket(buckets: Path | None) -> str:
    """The bucket a pipeline is to read: the only one there is, else the public one's name."""
    names = [folder.name for folder in aws.bucket_folders(buckets)]
    return names[0] if len(names) == 1 else DEFAULT_BUCKET


def service_variables(redshift_port: int, s3_url: str, aws_url: str) -> dict[str, str]:
    """The variables that lead libpq, boto3 and Airflow to these services."""
    redshift = {
        "conn_type": "redshift",
        "host": aws.HOST,
        "port": redshift_port,
        "login": engine.USER,
        "password": engine.PASSWORD,
        "schema": engine.DATABASE,
        # Without a name redshift_connector looks for its caller's on the whole stack, up to 60 ms a connection.
        "extra": {"ssl": False, "application_name": "airflow"},
    }
    aws_default = {
        "conn_type": "aws",
        "login": aws.ACCESS_KEY_ID,
        "password": aws.SECRET_ACCESS_KEY,
        "extra": {
            "region_name": aws.REGION,
            "endpoint_url": aws_url,
            "service_config": {"s3": {"endpoint_url": s3_url}},
        },
    }
    return {
        "AIRFLOW_CONN_REDSHIFT": json.dumps(redshift),
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(aws_default),
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ENDPOINT_URL_S3": s3_url,
        "AWS_ACCESS_KEY_ID": aws.ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": aws.SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": aws.REGION,
        "PGHOST": aws.HOST,
        "PGPORT": str(redshift_port),
        "PGUSER": engine.USER,
        "PGPASSWORD": engine.PASSWORD,
        "PGDATABASE": engine.DATABASE,
    }


def airflow_defaults(state: Path) -> dict[str, str]:
    """Airflow's settings for a laptop, for what the caller has not set himself."""
    return {
        "AIRFLOW_HOME": str(state / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",  # no login; the web server is on loopback
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__HOST": aws.HOST,
        # A changed DAG file shows within seconds, a new one and what DAG files import or read within ten.
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "10",
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "5",
    }


def environment(
    callers: Mapping[str, str], defaults: Mapping[str, str], variables: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a COMMAND: the caller's, led to the sandbox, and with this Python's own programs first."""
    kept = {name: value for name, value in callers.items() if name not in FOREIGN}
    path = f"{Path(sys.executable).parent}:{kept.get('PATH', '/usr/bin:/bin')}"
    # A proxy for the world outside must not be asked for this machine.
    direct = ",".join(filter(None, [kept.get("NO_PROXY") or kept.get("no_proxy"), aws.HOST, "localhost"]))
    return {
        **defaults,
        **kept,
        **variables,
        "PATH": path,
        "NO_PROXY": direct,
        "no_proxy": direct,
    }
