"""Makes the files beside this one, which the tests of other libraries' files read:

    python3 make.py         needs torch 2.13, keras 3.12 (on tensorflow 2.21) and h5py

All numbers are eighths, counted from 0 in each tensor's own order, so that every type holds them.
"""

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
