# One image for Airflow's services and the sandbox; docker-compose.yaml builds it.
FROM apache/airflow:3.3.2-python3.12

# A new volume takes its owner from the folder that it is mounted on.
USER root
RUN install --directory --owner=airflow --group=root /state /opt/airflow/auth
USER airflow
WORKDIR /opt/airflow

# The packages that the tests run with, without those for development. `sync` also removes two hundred packages for other
# services that come with the image: some do not work with these versions (aiobotocore needs an older botocore).
COPY --chown=airflow:root requirements.txt requirements-dev.txt constraints.txt ./
RUN sed '/^# Development$/,$d' requirements-dev.txt \
    | uv pip compile --quiet --no-cache --constraints constraints.txt --output-file /tmp/packages.txt - \
    && uv pip sync --quiet --no-cache --compile-bytecode /tmp/packages.txt \
    && rm /tmp/packages.txt

COPY --chown=airflow:root dags dags
COPY --chown=airflow:root plugins plugins
COPY --chown=airflow:root include include
COPY --chown=airflow:root sandbox sandbox
COPY --chown=airflow:root scripts/compose_init.py scripts/recent_listening.py scripts/
