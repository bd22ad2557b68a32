#!/usr/bin/env python3
"""Trains the LSTM that reads handwritten digits row by row, and records what PyTorch answers.

A digit is a sequence of eight rows of eight pixels. The first 1200 digits of digits.csv.gz train the
network, which never sees the other 597. It is asked for its answer after every row, so that its
guesses mean something before the last one, and sees each digit shifted by up to a pixel.

Written and run with Python 3.11.2, PyTorch 1.13.0a0 (Debian 12's python3-torch 1.13.1) and NumPy
1.24.2 on one x86-64 thread; other versions give another network of about the same quality.

    python3 src/test/python/train_digits.py
"""

import pathlib

import numpy as np
import torch

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "resources/dev/lethe/examples/digits"
ROWS, TRAINED_ON = 8, 1200
HIDDEN, EPOCHS, BATCH, RATE = 48, 60, 25, 8e-3


class Reader(torch.nn.Module):
    """x [batch, time, 8], pixels from 0 to 1 -> y [batch, 10], a probability for each digit."""

    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(ROWS, HIDDEN, batch_first=True)
        self.head = torch.nn.Linear(HIDDEN, 10)

    def scores(self, x):
        """After every row: [batch, time, 10]."""
        y, _ = self.lstm(x)
        return self.head(y)

    def forward(self, x):
        y, _ = self.lstm(x)
        return torch.softmax(self.head(y[:, -1]), dim=-1)


def load():
    """Pixels [N, 8, 8] from 0 to 1, and which digit each is."""
    table = np.loadtxt(FOLDER / "digits.csv.gz", delimiter=",", dtype=np.float32)
    pixels = torch.from_numpy(table[:, :-1] / 16).reshape(-1, ROWS, ROWS)
    return pixels, torch.from_numpy(table[:, -1]).long()


def shifted(pixels):
    """Each digit moved by -1, 0 or 1 pixel either way, zeros moving in."""
    wide = torch.nn.functional.pad(pixels, (1, 1, 1, 1))
    down, right = torch.randint(3, (2, len(pixels)))
    lines = torch.arange(ROWS)
    row = (down[:, None] + lines)[:, :, None]
    column = (right[:, None] + lines)[:, None, :]
    return wide[torch.arange(len(pixels))[:, None, None], row, column]


def train(pixels, digits):
    torch.manual_seed(1998)
    model = Reader()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, weight_decay=1e-5)
    steps = EPOCHS * -(-len(pixels) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    weight = torch.linspace(0, 1, ROWS + 1)[1:] ** 2
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(pixels)).split(BATCH):
            scores = model.scores(shifted(pixels[rows]))
            wanted = digits[rows, None].expand(-1, ROWS)
            loss = torch.nn.functional.cross_entropy(
                scores.transpose(1, 2), wanted, reduction="none")
            optimizer.zero_grad()
            (loss * weight).mean().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return model.eval()


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    pixels, digits = load()
    model = train(pixels[:TRAINED_ON], digits[:TRAINED_ON])
    held_out, wanted = pixels[TRAINED_ON:], digits[TRAINED_ON:]
    with torch.no_grad():
        y = model(held_out)
        early = model.scores(held_out).argmax(-1).eq(wanted[:, None]).float().mean(0)
    print(f"right of {len(wanted)}: {y.argmax(-1).eq(wanted).sum()}")
    print("share that is right after each row:", " ".join(f"{share:.3f}" for share in early))
    torch.onnx.export(
        model,
        held_out[:2],
        str(FOLDER / "digits.onnx"),
        opset_version=14,
        input_names=["x"],
        output_names=["y"],
        dynamic_axes={"x": {0: "batch", 1: "time"}, "y": {0: "batch"}},
    )
    np.save(FOLDER / "pytorch.npy", y.numpy())


if __name__ == "__main__":
    main()
