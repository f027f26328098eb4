# Three images: `api` serves and has no TensorFlow; `trainer` is a worker, and any node of a Ray cluster; `trainer-gpu`
# is the same for NVIDIA GPUs. They run as user 10001 and write to /data and /tmp alone, so that the rest may be read-only.
ARG PYTHON=3.11.14-slim-bookworm

# Packages, each lock file in a stage of its own: wheels alone, so that nothing is compiled, and without pip beside them.
FROM python:${PYTHON} AS empty
RUN python -m venv --without-pip /opt/venv

FROM empty AS packages-api
COPY requirements-api.lock /locks/
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --only-binary :all: --require-hashes --requirement /locks/requirements-api.lock

FROM empty AS packages-trainer
COPY requirements-scale.lock /locks/
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --only-binary :all: --require-hashes --requirement /locks/requirements-scale.lock

FROM empty AS packages-trainer-gpu
COPY requirements-gpu.lock /locks/
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --only-binary :all: --require-hashes --requirement /locks/requirements-gpu.lock

# The code, compiled here since nothing can be written beside it later; by content, since layers may change times.
FROM empty AS code
WORKDIR /densely
COPY models_store models_store
COPY migrations migrations
COPY clients/javascript/densely.js clients/javascript/densely.js
COPY clients/python/src clients/python/src
COPY app app
RUN python -m compileall -q --invalidation-mode unchecked-hash /densely

# The profile is for login shells, by which KubeRay starts `ray`: they forget PATH.
FROM python:${PYTHON} AS runtime
RUN python -m pip uninstall --yes --quiet --root-user-action ignore setuptools wheel pip \
    && useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin densely \
    && install --directory --owner 10001 --group 10001 /data \
    && echo 'export PATH=/opt/venv/bin:$PATH' > /etc/profile.d/densely.sh
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONPATH=/densely:/densely/clients/python/src \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp TMPDIR=/tmp \
    DENSELY_HOME=/data DENSELY_MODELS_DIR=/data/models DENSELY_HOST=0.0.0.0 \
    MPLCONFIGDIR=/data/matplotlib KERAS_HOME=/data/keras RAY_USAGE_STATS_ENABLED=0
WORKDIR /densely
STOPSIGNAL SIGTERM

# What changes seldom comes first: a new release of the code alone is one small layer.
FROM runtime AS api
COPY --from=packages-api /opt/venv /opt/venv
COPY --from=code /densely /densely
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=4s --start-period=15s --retries=3 CMD ["python", "-m", "app.healthcheck"]
CMD ["python", "-m", "app.cli", "serve"]

# A worker listens nowhere: one that cannot go on ends, and is started again.
FROM runtime AS trainer
COPY --from=packages-trainer /opt/venv /opt/venv
COPY --from=code /densely /densely
USER 10001:10001
CMD ["python", "-m", "app.cli", "worker"]

FROM runtime AS trainer-gpu
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=packages-trainer-gpu /opt/venv /opt/venv
COPY --from=code /densely /densely
USER 10001:10001
CMD ["python", "-m", "app.cli", "worker"]
