"""What keeps answers of PostgreSQL with their questions; the rest of the backend is seen through sessions."""

import asyncio

import pytest

from sandbox.redshift.backend import Backend


def test_an_exchange_ends_before_its_cancellation_does(tmp_path):
    heard = []

    async def exchange() -> None:
        await asyncio.sleep(0.05)
        heard.append("the answer")

    async def cancel_early() -> None:
        backend = Backend(None)
        backend.socket_directory = tmp_path  # where no PostgreSQL is to be asked
        task = asyncio.create_task(backend.unbroken(exchange()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ["the answer"] == heard

    asyncio.run(cancel_early())
