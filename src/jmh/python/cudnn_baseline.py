#!/usr/bin/env python3
"""Times torch.nn.LSTM (cuDNN) on the rows of a shapes file: python3 cudnn_baseline.py SHAPES.csv OUT.json [PRECISION,...]

Time-major, inference_mode, flatten_parameters, replays of a CUDA graph, timed with events; the median of samples.
Modes, each labelled: fp32 (TF32 off, for cuDNN and for products), tf32 (on), fp16 and bf16 (weights and data).
Weights and x are those of GpuShape.java, from the same hash. Without a GPU it runs on the CPU, untimed, so that the
outputs can still be compared (fp32 only).
"""
import csv
import json
import sys
import time

import numpy
import torch

SHOWN = 512
SAMPLES = 9
SAMPLE_MS = 20


def numbers(seed, bound, *shape):
    """Uniform in +-bound, as GpuShape.numbers."""
    count = int(numpy.prod(shape))
    v = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B1)
    v += numpy.uint32(seed * 0x85EBCA77 & 0xFFFFFFFF)
    v = (v ^ v >> numpy.uint32(16)) * numpy.uint32(0x85EBCA6B)
    v = (v ^ v >> numpy.uint32(13)) * numpy.uint32(0xC2B2AE35)
    v ^= v >> numpy.uint32(16)
    unit = (v >> numpy.uint32(8)).astype(numpy.float32) * numpy.float32(2.0**-23) - numpy.float32(1)
    return torch.from_numpy((numpy.float32(bound) * unit).reshape(shape))


def algorithm(row, precision):
    """What PyTorch picks (aten/src/ATen/native/cudnn/RNN.cpp, get_algo); cuDNN does not tell."""
    hidden, batch = row["H"], row["B"]
    if precision == "fp16" and row["layers"] == 1 and row["directions"] == 1 and hidden <= 1024:
        if hidden % 128 == 0 and row["I"] % 128 == 0 and batch % 8 == 0 and batch <= 128:
            return "PERSIST_STATIC"
    return "SMALL_H" if hidden <= 192 else "STANDARD"


def layer(row, dtype, device):
    hidden, directions = row["H"], row["directions"]
    lstm = torch.nn.LSTM(row["I"], hidden, row["layers"], bidirectional=directions == 2)
    bound = 1 / numpy.sqrt(hidden)
    with torch.no_grad():
        for k in range(row["layers"]):
            width = row["I"] if k == 0 else hidden * directions
            for d in range(directions):
                name = f"l{k}" + ("_reverse" if d else "")
                seed = 100 + 10 * (2 * k + d)
                getattr(lstm, "weight_ih_" + name).copy_(numbers(seed, bound, 4 * hidden, width))
                getattr(lstm, "weight_hh_" + name).copy_(numbers(seed + 1, bound, 4 * hidden, hidden))
                getattr(lstm, "bias_ih_" + name).copy_(numbers(seed + 2, bound, 4 * hidden))
                getattr(lstm, "bias_hh_" + name).zero_()
    lstm = lstm.to(device=device, dtype=dtype).eval()
    lstm.flatten_parameters()
    return lstm


def milliseconds(lstm, x, host):
    """The median over replays of a graph; and of whole runs, from and to fp32 arrays in pinned memory."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            lstm(x)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = lstm(x)[0]

    def sample(repeats):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(repeats):
            graph.replay()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / repeats

    source, target = host.pin_memory(), torch.empty(y.shape, dtype=torch.float32).pin_memory()

    def whole():
        start = time.perf_counter()
        x.copy_(source.to(x.device, non_blocking=True))  # converted on the device
        graph.replay()
        target.copy_(y.float(), non_blocking=True)
        torch.cuda.synchronize()
        return 1e3 * (time.perf_counter() - start)

    sample(1)
    repeats = int(max(1, min(100, SAMPLE_MS / max(sample(1), 1e-3))))
    kernels = sorted(sample(repeats) for _ in range(SAMPLES))[SAMPLES // 2]
    whole()
    return kernels, sorted(whole() for _ in range(SAMPLES))[SAMPLES // 2]


def measure(row, precision):
    cuda = torch.cuda.is_available()
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    dtype = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(precision, torch.float32)
    device = "cuda" if cuda else "cpu"
    lstm = layer(row, dtype, device)
    host = numbers(1, 1, row["T"], row["B"], row["I"])
    x = host.to(device=device, dtype=dtype)
    with torch.inference_mode():
        y = lstm(x)[0].float().flatten().cpu()
        places = torch.arange(SHOWN) * (y.numel() - 1) // (SHOWN - 1)
        kernels, whole = milliseconds(lstm, x, host) if cuda else (None, None)
        return {
            **row,
            "precision": precision,
            "cudnn_ms": kernels,
            "cudnn_total_ms": whole,
            "cudnn_algo": algorithm(row, precision),
            "y": y[places].tolist(),
        }


def main():
    shapes, out = sys.argv[1:3]
    cuda = torch.cuda.is_available()
    precisions = sys.argv[3].split(",") if len(sys.argv) > 3 else ["fp32", "tf32", "bf16", "fp16"]
    report = {
        "device": torch.cuda.get_device_name() if cuda else "cpu",
        "torch": torch.__version__,
        "cudnn": torch.backends.cudnn.version() if cuda else None,
        "rows": [],
    }
    with open(shapes, encoding="utf-8", newline="") as file:
        table = [{k: v if k == "name" else int(v) for k, v in row.items()} for row in csv.DictReader(file)]
    for row in table:
        for precision in precisions if cuda else ["fp32"]:
            try:
                measured = measure(row, precision)
            except RuntimeError as error:
                measured = {**row, "precision": precision, "error": str(error).splitlines()[0]}
            report["rows"].append(measured)
            print(f"{row['name']:22} {precision}  {measured.get('cudnn_ms', measured.get('error'))}", flush=True)
            with open(out, "w", encoding="utf-8") as file:
                json.dump(report, file)


if __name__ == "__main__":
    main()
