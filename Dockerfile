# backfire on the CPU build of PyTorch. From the root of the source, after "make wheel":
#
#     docker build -t backfire .
#     docker run --rm -v "$PWD/runs:/backfire/runs" backfire quick
#
# With --build-arg TORCH=torch==2.11.0 the image has PyTorch's build for CUDA. It is larger by gigabytes, and
# the wheel then needs an engine for CUDA (docs/python.md).
FROM python:3.12-slim-trixie

ARG TORCH=torch==2.11.0+cpu
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# TORCH has the version.
# hadolint ignore=DL3013
RUN pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" "$TORCH"

COPY dist/backfire-*.whl /tmp/
# The wheel is a file with its version in its name.
# hadolint ignore=DL3013
RUN pip install --no-cache-dir /tmp/backfire-*.whl && rm /tmp/backfire-*.whl \
    && useradd --create-home --uid 1000 backfire && install -d -o backfire /backfire

USER 1000
WORKDIR /backfire
ENTRYPOINT ["backfire"]
CMD ["--help"]
