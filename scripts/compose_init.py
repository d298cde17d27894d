"""Let Airflow know the admin's password: what airflow-init in docker-compose.yaml does beside `airflow db migrate`.

Airflow's SimpleAuthManager takes passwords from a file, {"user": "password"} in JSON, which must be writable for it.
Without one it makes up a password at every start with an empty volume and prints it to the log.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

EXAMPLE = "example"  # what the secrets of .env.example begin with


def main() -> None:
    """Write the file anew, readable for its owner only."""
    password = os.environ["ADMIN_PASSWORD"]
    file = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    unfinished = file.with_suffix(".new")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps({"admin": password}))
    unfinished.rename(file)
    print("The user admin has the password of SPARKIFY_ADMIN_PASSWORD in .env")
    if password.startswith(EXAMPLE):
        print("WARNING: .env has secrets of .env.example, which everybody knows: change them before you keep data here")


if __name__ == "__main__":
    main()
