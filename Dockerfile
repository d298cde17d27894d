# One image for Airflow's services and for the sandbox; docker-compose.yaml builds it.
FROM apache/airflow:3.3.2-python3.12

# A new volume gets its owner from the folder that it covers.
USER root
RUN install --directory --owner=airflow --group=root /state /opt/airflow/auth
USER airflow
WORKDIR /opt/airflow

# The very packages that the tests run with, less the development ones. `sync` also takes out the two hundred for other
# services that the image brings: some cannot live with these versions (aiobotocore wants an older botocore).
COPY --chown=airflow:root requirements.txt constraints.txt ./
RUN sed '/^# Development$/,$d' requirements.txt \
    | uv pip compile --quiet --no-cache --constraints constraints.txt --output-file /tmp/packages.txt - \
    && uv pip sync --quiet --no-cache --compile-bytecode /tmp/packages.txt \
    && rm /tmp/packages.txt

COPY --chown=airflow:root dags dags
COPY --chown=airflow:root plugins plugins
COPY --chown=airflow:root include include
COPY --chown=airflow:root sandbox sandbox
COPY --chown=airflow:root scripts/compose_init.py scripts/recent_listening.py scripts/
