"""Makes the recorded Keras cases under src/test/resources/dev/lethe/importer/keras.

Run once with Keras 3 and once with Keras 2, each in an environment of its own:

    pip install keras==3.15.1 jax h5py    and then    KERAS_BACKEND=jax python make_keras_fixtures.py
    pip install tensorflow-cpu==2.15.1    and then    python make_keras_fixtures.py

Each case is a folder: case.json, the model, and test_data_set_0 with inputs and what Keras itself
made of them. All weights are drawn anew, so that none of them is zero or one.
"""

import json
import os
import pathlib
import shutil
import sys
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
from keras import layers as L

MAJOR = int(keras.__version__.split(".")[0])
HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parent / "resources/dev/lethe/importer/keras"
RANDOM = np.random.default_rng()  # seeded anew for each case


def draw_weights(model):
    """Gives every weight a number of its own; variances stay positive."""
    for weight in model.weights:
        values = RANDOM.normal(0, 0.6, weight.shape)
        name = getattr(weight, "path", weight.name)
        if "variance" in name:
            values = RANDOM.uniform(0.5, 2, weight.shape)
        weight.assign(values.astype("float32"))


def reals(*shape):
    return RANDOM.normal(0, 1, shape).astype("float32")


def ids(top, *shape):
    return RANDOM.integers(1, top, shape).astype("int32")


def gapped(array, steps, value):
    """Sets some steps to the masked value: gaps in the middle, at the start and at the end."""
    for sequence, step in steps:
        array[sequence, step] = value
    return array


GAPS = [(0, 0), (0, 3), (1, 2), (1, 5), (1, 6), (2, 0), (2, 1), (2, 6)]


def chain(*parts):
    return keras.Sequential(list(parts))


def lstm():
    model = chain(
        L.Input((None, 3)),
        L.LSTM(4, return_sequences=True),
        L.Dropout(0.3),
        L.LSTM(5),
        L.Dense(4, activation="relu"),
        L.Dense(3, activation="softmax"),
    )
    return model, [reals(3, 7, 3)]


def hard_sigmoid():
    model = chain(
        L.Input((6, 2)),
        L.LSTM(3, recurrent_activation="hard_sigmoid", use_bias=False, return_sequences=True),
        L.LSTM(4, go_backwards=True, activation="softsign", return_sequences=True),
        L.TimeDistributed(L.Dense(3, activation="hard_sigmoid")),
        L.LSTM(2, go_backwards=True, recurrent_activation="hard_sigmoid", activation="elu"),
    )
    return model, [reals(2, 6, 2)]


def bidirectional():
    x = L.Input((None, 3))
    outputs = []
    for mode in ["concat", "sum", "mul", "ave"]:
        outputs.append(L.Bidirectional(L.LSTM(2, return_sequences=True), merge_mode=mode)(x))
        outputs.append(L.Bidirectional(L.LSTM(3), merge_mode=mode)(x))
    return keras.Model(x, outputs), [reals(3, 5, 3)]


def states():
    x = L.Input((None, 3))
    z = L.Input((None, 2))
    _, h, c = L.LSTM(4, return_state=True)(x)
    y, _, c2 = L.LSTM(4, return_sequences=True, return_state=True)(z, initial_state=[h, c])
    _, *both = L.Bidirectional(L.LSTM(3, return_state=True))(x)
    y2 = L.Bidirectional(L.LSTM(3))(z, initial_state=both)
    return keras.Model([x, z], [y, c2, y2]), [reals(2, 6, 3), reals(2, 4, 2)]


def embedding():
    model = chain(
        L.Input((None,)),
        L.Embedding(11, 4),
        L.SpatialDropout1D(0.2),
        L.Bidirectional(L.LSTM(3)),
        L.Dense(1, activation="sigmoid"),
    )
    return model, [ids(11, 3, 6)]


def plain_layers():
    x = L.Input((4, 6))
    y = L.BatchNormalization(epsilon=0.01)(x)
    y = L.LeakyReLU(0.2)(y)
    y = L.GaussianNoise(0.1)(y)
    y = L.LSTM(6, return_sequences=True)(y)
    flat = L.Flatten()(y)
    shaped = L.Reshape((8, -1))(flat)
    turned = L.Permute((2, 1))(shaped)
    last = L.LSTM(3)(L.ELU(0.7)(turned))
    plain = L.BatchNormalization(scale=False, center=False)(last)
    repeated = L.LSTM(2, return_sequences=True)(L.RepeatVector(3)(plain))
    soft = L.Softmax()(L.Dense(4)(repeated))
    slope = L.ReLU(negative_slope=0.1)(L.Dense(3, activation="selu", use_bias=False)(last))
    steep = L.ReLU()(L.Activation("swish")(L.Dense(3, activation="softplus")(last)))
    model = keras.Model(x, [turned, soft, slope, steep])
    return model, [reals(2, 4, 6)]


def merges():
    a = L.Input((None, 3))
    b = L.Input((None, 3))
    both = L.Concatenate()([a, b])
    y = L.LSTM(4, return_sequences=True)(both)
    z = L.LSTM(4, return_sequences=True, go_backwards=True)(both)
    outputs = [
        L.Add()([y, z, y]),
        L.Multiply()([y, z]),
        L.Subtract()([y, z]),
        L.Average()([y, z, z]),
        L.Concatenate(axis=-1)([y, z]),
    ]
    return keras.Model([a, b], outputs), [reals(2, 5, 3), reals(2, 5, 3)]


def shared():
    a = L.Input((5, 3))
    b = L.Input((4, 3))
    layer = L.LSTM(4)
    return keras.Model([a, b], L.Dense(2)(L.Concatenate()([layer(a), layer(b)]))), [
        reals(3, 5, 3),
        reals(3, 4, 3),
    ]


def stateful():
    x = L.Input(batch_shape=(2, 5, 3))
    return keras.Model(x, L.LSTM(4, stateful=True)(x)), [reals(2, 5, 3)]


def layer_normalization():
    model = chain(
        L.Input((None, 5)),
        L.LayerNormalization(),
        L.LSTM(6, return_sequences=True),
        L.LayerNormalization(center=False, epsilon=0.02),
        L.LSTM(3),
        L.LayerNormalization(scale=False),
    )
    return model, [reals(3, 4, 5)]


def masking():
    x = L.Input((7, 3))
    y = L.Masking(0.5)(x)
    outputs = [y]
    for options in [{}, {"return_sequences": True}]:
        outputs.append(L.LSTM(4, **options)(y))
        outputs.append(L.LSTM(4, go_backwards=True, **options)(y))
        outputs.append(L.Bidirectional(L.LSTM(3), merge_mode="sum")(y))
        outputs.append(L.Bidirectional(L.LSTM(3, **options))(y))
    deep = L.LSTM(5, return_sequences=True)(y)
    deep = L.TimeDistributed(L.Dense(3))(L.Dropout(0.1)(deep))
    outputs.append(L.LSTM(3, return_state=True)(deep)[2])
    return keras.Model(x, outputs), [gapped(reals(3, 7, 3), GAPS, 0.5)]


def mask_zero():
    model = chain(
        L.Input((None,)),
        L.Embedding(9, 4, mask_zero=True),
        L.LSTM(5, return_sequences=True),
        L.Bidirectional(L.LSTM(3)),
        L.Dense(2),
    )
    return model, [gapped(ids(9, 3, 7), GAPS, 0)]


def convert_to_cudnn(config, model):
    """Turns every LSTM into a CuDNNLSTM by Keras 2's own conversion; gives layers and weights."""
    from keras.src.saving.legacy import hdf5_format

    for layer in config["config"]["layers"]:
        inner = layer["config"].get("layer", layer)
        if inner["class_name"] == "LSTM":
            inner["class_name"] = "CuDNNLSTM"
            keep = ["name", "trainable", "dtype", "units", "return_sequences", "return_state"]
            keep += ["go_backwards", "stateful", "batch_input_shape"]
            inner["config"] = {k: v for k, v in inner["config"].items() if k in keep}
    for layer in model.layers:
        if isinstance(layer, L.LSTM):
            yield layer, hdf5_format._convert_rnn_weights(CuDNNLSTM(), layer.get_weights())
        elif isinstance(layer, L.Bidirectional):
            values = layer.get_weights()
            halves = [values[:3], values[3:]]
            yield layer, sum(
                (hdf5_format._convert_rnn_weights(CuDNNLSTM(), half) for half in halves), []
            )


class CuDNNLSTM:
    """Keras' conversion goes by the name of the class and by its units alone."""

    units = 4


def cudnn():
    model = chain(
        L.Input((None, 3)), L.Bidirectional(L.LSTM(4, return_sequences=True)), L.LSTM(4)
    )
    return model, [reals(3, 6, 3)]


def rewrite_as_cudnn(path, model):
    import h5py

    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for layer, weights in convert_to_cudnn(config, model):
            group = file["model_weights"][layer.name]
            for name, value in zip(group.attrs["weight_names"], weights):
                name = name.decode() if isinstance(name, bytes) else name
                del group[name]
                group.create_dataset(name, data=value)
        file.attrs["model_config"] = json.dumps(config)


def keras_one():
    model = chain(
        L.Input((None, 3)),
        L.LSTM(4, recurrent_activation="hard_sigmoid", return_sequences=True),
        L.Bidirectional(L.LSTM(2, recurrent_activation="hard_sigmoid")),
        L.Dense(3, activation="tanh"),
    )
    return model, [reals(3, 6, 3)]


def rewrite_as_keras_one(path, model):
    """Cuts the weights into Keras 1's twelve, which Keras 2 must read as they were.

    Keras 1 wrote no version, and Keras 2 takes files without one for its.
    """
    import h5py

    old = {"units": "output_dim", "recurrent_activation": "inner_activation", "use_bias": "bias"}
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for entry in config["config"]["layers"]:
            inner = entry["config"].get("layer", entry)
            inner["config"] = {old.get(k, k): v for k, v in inner["config"].items()}
            if inner["class_name"] == "LSTM":
                del inner["config"]["bias"]
        for layer in model.layers:
            if isinstance(layer, L.Dense):
                continue
            arrays, values = [], layer.get_weights()
            for three in [values[k : k + 3] for k in range(0, len(values), 3)]:
                i, f, c, o = zip(*(np.split(array, 4, axis=-1) for array in three))
                arrays += [*i, *c, *f, *o]
            group = file["model_weights"][layer.name]
            names = [f"w{k}" for k in range(len(arrays))]
            for name, array in zip(names, arrays):
                group.create_dataset(name, data=array)
            group.attrs["weight_names"] = names
        config["config"] = config["config"]["layers"][1:]
        config["config"][0]["config"]["batch_input_shape"] = [None, None, 3]
        file.attrs["model_config"] = json.dumps(config)
        del file.attrs["keras_version"], file["model_weights"].attrs["keras_version"]
    before = model.get_weights()
    draw_weights(model)
    model.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))


def record(name, case, file):
    global RANDOM
    RANDOM = np.random.default_rng(zlib.crc32(name.encode()))
    keras.backend.clear_session()
    model, inputs = case()
    draw_weights(model)
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    if file == "model.weights.h5":
        model.save_weights(folder / file)
        (folder / "model.json").write_text(model.to_json())
    else:
        model.save(folder / file)
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    if name.endswith("cudnn"):
        rewrite_as_cudnn(folder / file, model)
    if name.endswith("keras_one"):
        rewrite_as_keras_one(folder / file, model)
    for k, array in enumerate(inputs):
        np.save(data / f"input_{k}.npy", array)
    for k, array in enumerate(outputs):
        assert np.isfinite(array).all() and np.abs(array).max() > 1e-3, name
        np.save(data / f"output_{k}.npy", np.asarray(array, dtype="float32"))
    case = {
        "model": file,
        "expect": "match",
        "source": f"Keras {keras.__version__}, src/test/python/make_keras_fixtures.py",
        "rtol": 1e-3,
        "atol": 1e-5,
    }
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")


def main():
    cases = [lstm, hard_sigmoid, bidirectional, states, embedding, plain_layers, merges, shared]
    cases += [stateful, layer_normalization, masking, mask_zero]
    cases += [cudnn, keras_one] if MAJOR == 2 else []
    chosen = sys.argv[1:] or [case.__name__ for case in cases]
    for case in cases:
        if case.__name__ not in chosen:
            continue
        other = ".h5" if MAJOR == 2 else ".keras"
        record(f"keras{MAJOR}_{case.__name__}", case, "model" + other)
        if case in (hard_sigmoid, embedding):
            # The other two formats: the same layers under other names and another layout.
            other = ".keras" if MAJOR == 2 else ".h5"
            name = f"keras{MAJOR}_{case.__name__}{other.replace('.', '_')}"
            record(name, case, "model" + other)
            record(f"keras{MAJOR}_{case.__name__}_weights", case, "model.weights.h5")


if __name__ == "__main__":
    main()
