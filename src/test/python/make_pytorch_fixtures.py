"""Writes the small PyTorch models of dev.lethe.importer.pytorch's tests, with expected outputs.

    python3 src/test/python/make_pytorch_fixtures.py

Needs PyTorch 1.13 and NumPy 1.24 (Debian 12: apt-get install python3-torch). Each case is a folder
of a model, case.json and test_data_set_0, or of a model to be refused. Expected outputs are
PyTorch's own, computed in double precision from the weights as they were saved.
"""

import collections
import json
import pathlib
import shutil
import struct

import numpy as np
import torch
from torch import nn

OUT = pathlib.Path(__file__).parents[1] / "resources/dev/lethe/importer/pytorch"


def case(name, model, inputs, outputs, description=None):
    folder = OUT / name
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    write_json(folder / "case.json", {"model": model, "expect": "match",
                                      "rtol": 1e-5, "atol": 2e-6,
                                      "source": f"torch {torch.__version__}"})
    if description is not None:
        write_json(folder / (model + ".json"), description)
    for kind, arrays in (("input", inputs), ("output", outputs)):
        for key, value in arrays.items():
            value = value.detach().numpy()
            kept = np.int32 if value.dtype == np.int64 else np.float32
            np.save(data / f"{kind}_{key}.npy", value.astype(kept))
    return folder / model


def reject(name, model, names):
    folder = OUT / name
    folder.mkdir(parents=True)
    write_json(folder / "case.json", {"model": model, "expect": "reject", "names": names,
                                      "source": f"torch {torch.__version__}"})
    return folder / model


def write_json(file, value):
    file.write_text(json.dumps(value, indent=1) + "\n")


def write_safetensors(file, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        values = tensor.detach().numpy().astype(np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(struct.pack("<Q", len(text)) + text + data)


def run(lstm, x, state=None):
    """Inputs and outputs by Lethe's names, in double precision."""
    exact = lstm.double()
    y, (h, c) = exact(x.double(), None if state is None else tuple(s.double() for s in state))
    inputs = {"X": x}
    if state is not None:
        inputs.update(initial_h=state[0], initial_c=state[1])
    return inputs, {"Y": y, "Y_h": h, "Y_c": c}


def rounded(lstm, dtype):
    """The weights as this type has them."""
    return collections.OrderedDict((k, v.to(dtype)) for k, v in lstm.state_dict().items())


def lstm(*sizes, **options):
    return nn.LSTM(*sizes, batch_first=True, **options)


def plain():
    model, state = lstm(5, 7), (torch.randn(1, 3, 7), torch.randn(1, 3, 7))
    torch.save(model.state_dict(), case("plain", "model.pt", *run(model, torch.randn(3, 6, 5), state)))


def types():
    for name, dtype in (("half", torch.half), ("bfloat16", torch.bfloat16), ("double", torch.double)):
        model = lstm(5, 7, num_layers=2) if dtype != torch.double else lstm(5, 7).double()
        saved = rounded(model, dtype)
        model.load_state_dict(saved)
        torch.save(saved, case(name, "model.pth", *run(model, torch.randn(2, 5, 5))))


def bidirectional_projection():
    model = lstm(4, 8, num_layers=2, bidirectional=True, proj_size=3)
    state = (torch.randn(4, 3, 3), torch.randn(4, 3, 8))
    file = case("bidirectional-projection", "model.pt", *run(model, torch.randn(3, 7, 4), state))
    torch.save(model.float().state_dict(), file)


def strides():
    """Transposed, every other row and column of something larger, and from an offset on."""
    model = lstm(5, 6, bias=True)
    saved = model.state_dict()
    saved["weight_ih_l0"] = saved["weight_ih_l0"].t().contiguous().t()
    large = torch.randn(50, 15)
    large[1:49:2, 2:14:2] = saved["weight_hh_l0"]
    saved["weight_hh_l0"] = large[1:49:2, 2:14:2]
    both = torch.randn(60)
    both[3:27], both[31:55] = saved["bias_ih_l0"], saved["bias_hh_l0"]
    saved["bias_ih_l0"], saved["bias_hh_l0"] = both[3:27], both[31:55]
    assert not saved["weight_ih_l0"].is_contiguous() and not saved["weight_hh_l0"].is_contiguous()
    torch.save(saved, case("strides", "model.pt", *run(model, torch.randn(2, 4, 5))))


def parameters():
    """A plain dictionary of parameters, one LSTM inside a larger module."""
    holder = nn.Module()
    holder.encoder = nn.Module()
    holder.encoder.lstm = lstm(3, 5)
    saved = dict(holder.named_parameters())
    file = case("parameters-prefix", "model.pt", *run(holder.encoder.lstm, torch.randn(2, 4, 3)))
    holder.float()
    torch.save(saved, file)


def no_bias():
    model = lstm(3, 5, bias=False)
    torch.save(model.state_dict(), case("no-bias", "model.pt", *run(model, torch.randn(2, 4, 3))))


def cells():
    for name, file in (("cell", "model.pt"), ("cell-safetensors", "model.safetensors")):
        model = nn.LSTMCell(4, 6)
        saved = collections.OrderedDict((k, v.clone()) for k, v in model.state_dict().items())
        x, h, c = torch.randn(3, 5, 4), torch.randn(3, 6), torch.randn(3, 6)
        inputs = {"X": x, "initial_h": h[None], "initial_c": c[None]}
        model, h, c, steps = model.double(), h.double(), c.double(), []
        for t in range(x.shape[1]):
            h, c = model(x[:, t].double(), (h, c))
            steps.append(h)
        outputs = {"Y": torch.stack(steps, 1), "Y_h": h[None], "Y_c": c[None]}
        path = case(name, file, inputs, outputs)
        torch.save(saved, path) if file.endswith(".pt") else write_safetensors(path, saved)


class Classifier(nn.Module):
    """Words to the probabilities of classes."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(11, 4)
        self.lstm = lstm(4, 5, bidirectional=True)
        self.fc1 = nn.Linear(10, 6)
        self.fc2 = nn.Linear(6, 3)

    def forward(self, ids, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(
            self.words(ids), lengths, batch_first=True, enforce_sorted=False)
        _, (h, c) = self.lstm(packed)
        y = torch.relu(self.fc1(torch.cat([h[0], h[1]], 1)))
        return torch.softmax(self.fc2(y), 1), h, c


def classifier():
    model = Classifier()
    saved = collections.OrderedDict((k, v.clone()) for k, v in model.state_dict().items())
    ids, lengths = torch.randint(11, (4, 7)), torch.tensor([7, 3, 1, 5])
    y, h, c = model.double()(ids, lengths)
    description = {"lstm": "lstm", "batch_first": True, "embedding": "words", "select": "final",
                   "head": [{"dense": "fc1"}, {"activation": "relu"}, {"dense": "fc2"},
                            {"softmax": True}]}
    torch.save(saved, case("classifier", "model.pt", {"X": ids, "sequence_lens": lengths},
                           {"Y": y, "Y_h": h, "Y_c": c}, description))
    torch.save(saved, reject("reject-no-description", "model.pt", "fc1.bias"))


def last_step():
    """A forecaster in safetensors: the last step of the upper of two layers."""
    model, head = lstm(3, 6, num_layers=2), nn.Linear(6, 4, bias=False)
    saved = {"rnn." + k: v.clone() for k, v in model.state_dict().items()}
    saved["out.weight"] = head.weight.clone()
    inputs, outputs = run(model, torch.randn(5, 6, 3))
    outputs["Y"] = torch.tanh(head.double()(outputs["Y"][:, -1]))
    description = {"select": "last", "head": [{"dense": "out"}, {"activation": "tanh"}]}
    write_safetensors(case("last-step", "model.safetensors", inputs, outputs, description), saved)


def tagger():
    """Time first, every step, log-softmax."""
    model, head = nn.LSTM(3, 6), nn.Linear(6, 4)
    saved = collections.OrderedDict(("lstm." + k, v.clone()) for k, v in model.state_dict().items())
    saved.update(("tags." + k, v.clone()) for k, v in head.state_dict().items())
    inputs, outputs = run(model, torch.randn(7, 2, 3))
    outputs["Y"] = torch.log_softmax(head.double()(outputs["Y"]), -1)
    description = {"batch_first": False, "head": [{"dense": "tags"}, {"log_softmax": True}]}
    torch.save(saved, case("tagger-time-first", "model.pt", inputs, outputs, description))


def refused():
    model = lstm(2, 3)
    torch.save(model, reject("reject-module", "model.pt", "torch.nn.modules.rnn.LSTM"))
    torch.save(model.state_dict(), reject("reject-legacy", "model.pt", "PyTorch before 1.6"),
               _use_new_zipfile_serialization=False)
    torch.save({"epoch": 3, "state_dict": model.state_dict()},
               reject("reject-checkpoint", "model.pt", "'epoch' is a number"))
    torch.save(nn.BatchNorm1d(2).state_dict(),
               reject("reject-integers", "model.pt", "torch.LongStorage"))
    torch.jit.save(torch.jit.script(model), reject("reject-torchscript", "model.pt", "__torch__"))
    torch.save(nn.GRU(2, 3).state_dict(), reject("reject-gru", "model.pt", "weight_ih_l0"))


def main():
    for old in OUT.glob("*/case.json"):
        shutil.rmtree(old.parent)
    torch.manual_seed(20260)
    with torch.no_grad():
        for make in (plain, types, bidirectional_projection, strides, parameters, no_bias, cells,
                     classifier, last_step, tagger, refused):
            make()


if __name__ == "__main__":
    main()
