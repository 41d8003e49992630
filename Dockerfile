# One image for all three services: `ccax run --service …` says which one a container is.

# The files a browser needs, by the lock file alone.
FROM node:24-slim AS assets
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# A virtual environment with the pinned, hashed dependencies and the program itself in it.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/ccax
# Dependencies change seldom and code often: this layer is kept while the pins are.
COPY requirements/build.txt requirements/run.txt requirements/
RUN /opt/ccax/bin/pip install --require-hashes -r requirements/build.txt -r requirements/run.txt
COPY . .
COPY --from=assets /src/node_modules node_modules
RUN /opt/ccax/bin/python tools/assets.py --copy-only \
 && /opt/ccax/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 ccax \
 && useradd --uid 10001 --gid ccax --no-create-home --home-dir /var/lib/ccax ccax \
 && install --directory --owner=ccax --group=ccax /var/lib/ccax
COPY --from=build /opt/ccax /opt/ccax
ENV PATH=/opt/ccax/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CCAX_DATA_DIR=/var/lib/ccax \
    CCAX_HTTP_HOST=0.0.0.0 \
    CCAX_SFTP_HOST=0.0.0.0
WORKDIR /var/lib/ccax
VOLUME /var/lib/ccax
USER ccax
EXPOSE 8080 2222
ENTRYPOINT ["ccax"]
CMD ["run"]
