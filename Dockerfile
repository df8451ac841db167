# One image for both programs:
#   docker build -t im .
#   docker run im server start --zk zk1:2181 --host 0.0.0.0
#   docker run -p 7000:7000 im balancer start --zk zk1:2181 --host 0.0.0.0
FROM python:3.11-slim AS build
WORKDIR /src
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY cluster cluster
COPY balancer balancer
COPY client_sdk client_sdk
COPY server server
RUN python -m venv /app && /app/bin/pip install --no-cache-dir .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home im
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1
USER im
EXPOSE 7177 7000
CMD ["server", "start", "--host", "0.0.0.0"]
