# API and worker from one file; the API never imports TensorFlow, the worker's trainers do.
FROM python:3.11-slim AS base
WORKDIR /densely
ENV PYTHONUNBUFFERED=1 PYTHONPATH=/densely:/densely/clients/python/src PIP_NO_CACHE_DIR=1 \
    DENSELY_HOME=/data DENSELY_MODELS_DIR=/data/models DENSELY_HOST=0.0.0.0 KERAS_HOME=/data/keras
RUN useradd --create-home densely && mkdir -p /data && chown densely /data

# API alone: small, without TensorFlow.
FROM base AS api
COPY requirements-api.lock ./
RUN pip install --require-hashes --requirement requirements-api.lock
COPY pyproject.toml ./
COPY app app
COPY clients/python clients/python
COPY migrations migrations
COPY models_store models_store
COPY clients/javascript/densely.js clients/javascript/densely.js
USER densely
EXPOSE 8000
CMD ["python", "-m", "app.cli", "serve"]

FROM base AS worker
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock
COPY pyproject.toml ./
COPY app app
COPY clients/python clients/python
USER densely
CMD ["python", "-m", "app.cli", "worker"]

FROM base AS worker-gpu
COPY requirements-gpu.lock ./
RUN pip install --require-hashes --requirement requirements-gpu.lock
COPY pyproject.toml ./
COPY app app
COPY clients/python clients/python
USER densely
CMD ["python", "-m", "app.cli", "worker"]
