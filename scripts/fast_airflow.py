"""The `airflow` command without garbage collection: a short command takes half the time and 20 MB more memory.

Only for a laptop and for tests: a long-running command needs the collector.
"""

import atexit
import gc
import sys

gc.disable()
atexit.register(gc.freeze)

from airflow.__main__ import main  # noqa: E402  # with the collector off: most of the time goes into imports

if __name__ == "__main__":
    sys.argv[0] = "airflow"
    main()
