"""llama.cpp's server: python llama_cpp.py FILE PORT KEY, in the environment of requirements-servers.txt, until it is killed.

xllamacpp holds the server's own code, in C++, and starts it.
"""

from __future__ import annotations

import sys
import threading

import xllamacpp

CONTEXT = 512
TOGETHER = 4
"""Answers at a time."""


def serve(file: str, port: int, key: str) -> None:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = file
    parameters.hostnames, parameters.port = ["127.0.0.1"], port
    parameters.api_keys = [key]
    parameters.n_parallel, parameters.n_ctx = TOGETHER, TOGETHER * CONTEXT
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3])
