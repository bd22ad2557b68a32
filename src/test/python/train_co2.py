#!/usr/bin/env python3
"""Trains the LSTM forecaster of the carbon dioxide example and records what PyTorch answers.

Four years of weekly CO2 go in, as 52 time steps of four weeks; the next year's 52 weeks come out.
Weeks before 1990 train the network, which never sees the years from 1990 on. Its settings were
chosen with --validate, which trains on the weeks before 1985 and measures on 1985-1989, so the
held-out years chose nothing either.

Written and run with Python 3.11.2, PyTorch 1.13.0a0 (Debian 12's python3-torch 1.13.1) and NumPy
1.24.2 on one x86-64 thread; other versions give another network of about the same quality.

    python3 src/test/python/train_co2.py [--validate]
"""

import argparse
import csv
import datetime
import json
import pathlib
import struct

import numpy as np
import torch

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "resources/dev/lethe/examples/co2"
HISTORY, HORIZON = 208, 52
WEEKS = 4  # that one time step holds
STRIDE = 4  # weeks between the starts of two held-out windows
LSTM_ALONE = 16  # windows whose final hidden states are recorded
HIDDEN, EPOCHS, BATCH, RATE = 48, 60, 64, 4e-3
NOISE = 0.4  # ppm added to the training windows, so that no single week is trusted too far
TILT = 0.5  # ppm a year added to their growth, which changes from one year to the next


class Forecaster(torch.nn.Module):
    """x [batch, 52, 4] -> [batch, 52], both in ppm above the window's last week."""

    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(WEEKS, HIDDEN, batch_first=True)
        self.head = torch.nn.Linear(HIDDEN, HORIZON)

    def forward(self, x):
        y, _ = self.lstm(x)
        return self.head(y[:, -1, :])


def load():
    """The Saturdays of the record, and its ppm with gaps filled on a straight line."""
    with open(FOLDER / "co2.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    weeks = [datetime.date.fromisoformat(row["week"]) for row in rows]
    known = [i for i, row in enumerate(rows) if row["ppm"]]
    ppm = np.interp(range(len(rows)), known, [float(rows[i]["ppm"]) for i in known])
    return weeks, ppm, known


def windows(ppm, starts):
    """ppm before and after each start: [N, 208] and [N, 52]."""
    past = np.stack([ppm[s - HISTORY : s] for s in starts])
    future = np.stack([ppm[s : s + HORIZON] for s in starts])
    return past, future


def above_last(past):
    """What the network takes: [N, 52, 4] in ppm above each window's last week."""
    return steps_of(past - past[:, -1:]).astype(np.float32)


def steps_of(past):
    """[N, 208] as time steps of four weeks, [N, 52, 4]."""
    return past.reshape(-1, HISTORY // WEEKS, WEEKS)


def train(past, future):
    """The network after EPOCHS passes over windows in a seeded order."""
    torch.manual_seed(1958)
    model = Forecaster()
    past, future = torch.from_numpy(past).float(), torch.from_numpy(future).float()
    before, after = torch.arange(-HISTORY, 0) / 52, torch.arange(HORIZON) / 52
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    steps = EPOCHS * -(-len(past) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(past)).split(BATCH):
            tilt = TILT * torch.randn(len(rows), 1)
            noisy = past[rows] + NOISE * torch.randn(len(rows), HISTORY) + tilt * before
            last = noisy[:, -1:]
            target = future[rows] + tilt * after - last
            loss = torch.nn.functional.mse_loss(model(steps_of(noisy - last)), target)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return model.eval()


def answers(model, x):
    with torch.no_grad():
        return model(torch.from_numpy(x)).numpy()


def naive(past):
    """What needs no network: the last week again, last year again, last year plus its growth."""
    last, before = past[:, -1:], past[:, -1 - HORIZON : -HORIZON]
    year = past[:, -HORIZON:]
    return {
        "persistence": np.repeat(last, HORIZON, axis=1),
        "last year": year,
        "last year + growth": year + last - before,
    }


def report(past, future, predicted):
    for name, values in {"LSTM": predicted, **naive(past)}.items():
        error = values - future
        mae, rmse = np.abs(error).mean(), np.sqrt((error**2).mean())
        print(f"{name:20s} MAE {mae:.3f}  RMSE {rmse:.3f} ppm")


def save_safetensors(path, state):
    """The format by hand: length of the header, header in JSON, then the numbers."""
    header, data = {}, b""
    for name, tensor in state.items():
        raw = tensor.numpy().astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def save(model, x, y):
    torch.onnx.export(
        model,
        torch.from_numpy(x[:2]),
        str(FOLDER / "forecaster.onnx"),
        opset_version=14,
        input_names=["x"],
        output_names=["forecast"],
        dynamic_axes={"x": {0: "batch"}, "forecast": {0: "batch"}},
    )
    np.save(FOLDER / "x.npy", x)
    np.save(FOLDER / "pytorch.npy", y)
    save_safetensors(FOLDER / "lstm.safetensors", model.lstm.state_dict())
    with torch.no_grad():
        _, (h, _) = model.lstm(torch.from_numpy(x[:LSTM_ALONE]))
    np.save(FOLDER / "lstm_h.npy", h.numpy())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--validate", action="store_true", help="measure on 1985-1989, write nothing")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    weeks, ppm, known = load()
    first, end = (1985, 1990) if arguments.validate else (1990, 2002)
    split = next(i for i, week in enumerate(weeks) if week.year >= first)
    stop = next((i for i, week in enumerate(weeks) if week.year >= end), len(weeks))
    model = train(*windows(ppm, range(HISTORY, split - HORIZON + 1)))
    past, future = windows(ppm, range(split, stop - HORIZON + 1, STRIDE))
    print(f"{len(past)} windows from {weeks[split]} to {weeks[stop - 1]}")
    x = above_last(past)
    y = answers(model, x)
    report(past, future, past[:, -1:] + y)
    if not arguments.validate:
        unmeasured = set(range(split - HISTORY, stop)) - set(known)
        assert not unmeasured, "the held-out windows would hold values that nobody measured"
        save(model, x, y)


if __name__ == "__main__":
    main()
