"""What the sandbox adds to moto 5.2, where it accepts and ignores what a cluster's life depends on.

Each addition goes by AWS's own documentation, not by what a pipeline would like; a version of moto that has one makes
it superfluous. They are made in moto's server process, before it serves.
"""

from __future__ import annotations


def add() -> None:
    """Make all additions."""
    from sandbox.moto_additions import authorization, clusters

    clusters.add()
    authorization.add()
