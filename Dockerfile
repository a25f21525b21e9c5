# The image: one program on a slim Debian, as a user without rights. scripts/image.sh builds it and tries it.
# Base images are arguments, so that a mirror's can stand in for them.
ARG RUST_IMAGE=docker.io/library/rust:1.95-slim-bookworm
ARG NODE_IMAGE=docker.io/library/node:22-bookworm-slim
ARG DEBIAN_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${NODE_IMAGE} AS node

FROM ${RUST_IMAGE} AS build
# The image's own toolchain, whatever rust-toolchain.toml would have rustup fetch.
ENV RUSTUP_TOOLCHAIN=${RUST_VERSION} \
    GLASSBOARD_CACHE=/opt/glassboard
COPY --from=node /usr/local/bin/node /usr/local/bin/
COPY --from=node /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /src
# What a build needs, installed anew only when what lists it changes.
COPY Cargo.toml Cargo.lock rust-toolchain.toml ./
COPY scripts/common.sh scripts/setup.sh scripts/package.json scripts/package-lock.json scripts/
COPY scripts/kafka scripts/kafka
RUN scripts/setup.sh build
COPY . .
# What is compiled outlives the build, where the builder keeps caches.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    scripts/build.sh

# The program alone; --build-context program=FOLDER puts one in its place that was built before.
FROM scratch AS program
COPY --from=build /src/dist/glassboard /

FROM ${DEBIAN_IMAGE}
# Authorities' certificates, for TLS to the engines and to the collector.
RUN dpkg --status ca-certificates >/dev/null 2>&1 \
    || { apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*; }
RUN install -d -o 10001 -g 10001 -m 700 /data
COPY --from=program /glassboard /usr/local/bin/
ENV GLASSBOARD_LISTEN=0.0.0.0:3000 \
    GLASSBOARD_DATA=/data
# A number, so that Kubernetes can tell that it is not root.
USER 10001:10001
# Embedded, all data; on shared engines the spool of API events. Nothing else is written to.
VOLUME /data
WORKDIR /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["glassboard", "health"]
ENTRYPOINT ["glassboard"]
LABEL org.opencontainers.image.title="Glassboard" \
      org.opencontainers.image.description="A message board with glass walls" \
      org.opencontainers.image.licenses="Apache-2.0"
