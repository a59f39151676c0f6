"""The HTTP service: submit, list, show and signal runs; health, readiness and metrics."""
