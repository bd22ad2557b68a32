#!/usr/bin/env python3
"""The example's LSTM layer as the least program on PyTorch, to hold a whole process beside one of `lethe run`.

Usage: cold_start.py lstm.safetensors x.npy y.npy
x [B, T, I] is read, all hidden states [B, T, H] are written.
"""

import json
import sys

import numpy as np
import torch


def weights(file):
    """The arrays of a safetensors file of single precision."""
    with open(file, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        data = f.read()
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            array = np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"])
            arrays[name.rsplit(".", 1)[-1]] = torch.from_numpy(array.copy())
    return arrays


def main(model, x, y):
    state = weights(model)
    hidden, inputs = state["weight_hh_l0"].shape[1], state["weight_ih_l0"].shape[1]
    lstm = torch.nn.LSTM(inputs, hidden, batch_first=True)
    lstm.load_state_dict(state)
    with torch.no_grad():
        np.save(y, lstm(torch.from_numpy(np.load(x)))[0].numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
