"""Makes the files beside this one, which the tests of other libraries' files read:

    python3 make.py         needs torch 2.13, keras 3.12 (on tensorflow 2.21) and h5py

All numbers are eighths, counted from 0 in each tensor's own order, so that every type holds them.
"""

import pickle
import struct

import h5py
import keras
import numpy
import torch
from keras.src.legacy.saving import legacy_h5_format


def eighths(*shape, dtype=torch.float32):
    count = int(numpy.prod(shape))
    return (torch.arange(count) / 8).to(dtype).reshape(shape)


both = eighths(10)
tensors = {
    "kernel": eighths(2, 3, 3, 3),
    "channels last": eighths(2, 3, 4, 4).contiguous(memory_format=torch.channels_last),
    "turned": eighths(4, 3).T,
    "first": both[:4],
    "second": both[4:].reshape(2, 3),
    "number": eighths(1)[0],
    "nothing": eighths(0, 3),
    "half": eighths(5, dtype=torch.float16),
    "brain": eighths(5, dtype=torch.bfloat16),
    "double": eighths(5, dtype=torch.float64),
    "parameter": torch.nn.Parameter(eighths(3)),
}
torch.save(tensors, "tensors.pth")
torch.save(tensors, "tensors-legacy.pth", _use_new_zipfile_serialization=False)

# what nn.Module.state_dict() gives is an OrderedDict with an attribute
norm = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.BatchNorm2d(2))
torch.save({f"features.{name}": value for name, value in norm.state_dict().items()}, "norm.pth")
conv = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3))
torch.save(conv.state_dict(), "module.pth")
torch.save(conv, "whole-module.pth")
torch.save({"epoch": 3, "state_dict": dict(conv.state_dict())}, "training.pth")
torch.save({"state_dict": conv.state_dict(), "state_dict_ema": conv.state_dict()}, "two.pth")
torch.save({"bias": torch._neg_view(eighths(2))}, "negative.pth")
torch.save(tensors, "protocol-4.pth", pickle_protocol=4)
torch.save(tensors, "protocol-4-legacy.pth", pickle_protocol=4, _use_new_zipfile_serialization=False)


def save_oldest(path, tensors):
    """What PyTorch before 0.1.10 wrote: a tensor is made without arguments, then given its state."""
    text = lambda s: b"X" + struct.pack("<I", len(s)) + s.encode()
    integer = lambda i: b"K" + bytes([i])
    sides = lambda xs: b"(" + b"".join(integer(x) for x in xs) + b"t"
    pickled = b"\x80\x02ccollections\nOrderedDict\n)R("
    keys = [str(94000000 + i) for i in range(len(tensors))]
    for key, (name, tensor) in zip(keys, tensors.items()):
        storage = text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu")
        pickled += text(name) + b"ctorch\nFloatTensor\n)R(("
        pickled += storage + integer(tensor.numel()) + b"NtQ"
        pickled += integer(0) + sides(tensor.shape) + sides(tensor.stride()) + b"tb"
    with open(path, "wb") as file:
        sizes = {"short": 2, "int": 4, "long": 4}
        machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}
        for value in (0x1950A86A20F9469CFC6C, 1001, machine):
            pickle.dump(value, file, 2)
        file.write(pickled + b"u.")
        pickle.dump(keys, file, 2)
        for tensor in tensors.values():
            file.write(struct.pack("<q", tensor.numel()) + tensor.numpy().tobytes())
    loaded = torch.load(path, weights_only=True)  # as PyTorch still reads it
    assert all(torch.equal(loaded[name], tensor) for name, tensor in tensors.items())


save_oldest("oldest.pth", {"kernel": eighths(2, 3, 3, 3), "bias": eighths(2)})

layers = [
    keras.Input((2, 2, 3)),
    keras.layers.Conv2D(2, 3, padding="same", name="block1_conv1"),
    keras.layers.MaxPooling2D(name="block1_pool"),
    keras.layers.Flatten(name="flatten"),
    keras.layers.Dense(4, name="fc1"),
]
net = keras.Sequential(layers)
for layer in (net.layers[0], net.layers[3]):
    layer.set_weights([eighths(*weight.shape).numpy() for weight in layer.get_weights()])
net.save_weights("keras3.weights.h5")
net.save("keras-model.h5")
with h5py.File("keras.h5", "w") as file:
    legacy_h5_format.save_weights_to_hdf5_group(file, net)

# the same with other types and compressed
for name, dtype, compression in (("half", "float16", None), ("gzip", "float32", "gzip")):
    with h5py.File("keras.h5") as source, h5py.File(f"keras-{name}.h5", "w") as file:
        source.copy(source["block1_conv1"], file, "block1_conv1")
        file.attrs["layer_names"] = source.attrs["layer_names"]
        for group in source:
            if group not in file:
                source.copy(source[group], file, group)
        paths = []
        file.visititems(lambda path, item: paths.append(path) if isinstance(item, h5py.Dataset) else None)
        for path in paths:
            values = file[path][()]
            del file[path]
            file.create_dataset(path, data=values.astype(dtype), compression=compression)
