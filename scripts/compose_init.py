"""Set the admin's password in Airflow: what airflow-init in docker-compose.yaml does after `airflow db migrate`.

Airflow's SimpleAuthManager reads passwords from a JSON file, {"user": "password"}, which it must be able to write to.
Without that file it generates a password at every start with an empty volume and prints it to the log.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

EXAMPLE = "example"  # the secrets of .env.example begin with it


def main() -> None:
    """Replace the file, readable by its owner only."""
    password = os.environ["ADMIN_PASSWORD"]
    file = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    unfinished = file.with_suffix(".new")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps({"admin": password}))
    unfinished.rename(file)
    print("The user admin has the password of SPARKIFY_ADMIN_PASSWORD in .env")
    if password.startswith(EXAMPLE):
        print("WARNING: .env has the secrets of .env.example, which are public: change them before you keep data here")


if __name__ == "__main__":
    main()
