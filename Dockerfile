# API and worker from one image; the API never imports TensorFlow, the worker's trainers do.
FROM python:3.11-slim AS base
WORKDIR /densely
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock pyproject.toml README.md ./
COPY app app
COPY migrations migrations
COPY models_store models_store
RUN useradd --create-home densely && mkdir -p /data && chown densely /data
ENV DENSELY_HOME=/data DENSELY_MODELS_DIR=/data/models DENSELY_HOST=0.0.0.0 KERAS_HOME=/data/keras

# API alone: small, without TensorFlow. The lock serves as constraints, so what is installed is what it pins.
FROM base AS api
RUN pip install --constraint requirements.lock setuptools \
    && pip install --constraint requirements.lock --no-build-isolation --editable ".[postgres]"
USER densely
EXPOSE 8000
CMD ["densely", "serve"]

FROM base AS worker
RUN pip install --require-hashes --requirement requirements.lock \
    && pip install --no-deps --no-build-isolation --editable .
USER densely
CMD ["densely", "worker"]

FROM base AS worker-gpu
RUN pip install --constraint requirements.lock setuptools \
    && pip install --constraint requirements.lock --no-build-isolation --editable ".[gpu,postgres]"
USER densely
CMD ["densely", "worker"]
