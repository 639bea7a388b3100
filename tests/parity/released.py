"""What torchvision's and Keras's own nets say of images, for the tests of imported weights.

    python3 released.py scores > released.json    needs torch, torchvision and keras
    python3 released.py save FOLDER               writes d.pth and d-legacy.pth; needs torch
    python3 released.py full FOLDER               net D at full size, in every form, and its scores;
                                                  needs all of them and safetensors, 6 GB of memory

Weights follow from the formula that formula.ts has, in the order in which each library keeps them.
Nets have a sixteenth of the paper's channels, 64 units in fc6 and fc7, ten classes, and crops of 64
pixels, whose maps are even down to 2 by 2. Of a whole image with odd sides the fully-connected layers
are convolutions, and poolings round up, as this project's do.
"""

import json
import math
import sys

# torchvision looks for a package "pytorch", which the file of that name beside this one is not
sys.path.pop(0)

import torch

torch.set_num_threads(1)

# Convs in each block (Table 1), and what torchvision calls the net.
DEPTHS = {
    "A": (1, 1, 2, 2, 2),
    "B": (2, 2, 2, 2, 2),
    "D": (2, 2, 3, 3, 3),
    "E": (2, 2, 4, 4, 4),
}
CHANNELS = (64, 128, 256, 512, 512)
SMALL = {"width": 1 / 16, "fc": 64, "classes": 10, "side": 2}
FULL = {"width": 1, "fc": 4096, "classes": 1000, "side": 7}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def noise(start, count):
    """formula.ts says the same."""
    x = torch.sin(torch.arange(start + 1, start + count + 1, dtype=torch.float64) * 12.9898)
    x = x * 43758.5453
    return 2 * (x - torch.floor(x)) - 1


def image(height, width):
    """[height, width, 3], 0 to 255."""
    return torch.floor(128 * (noise(0, height * width * 3) + 1)).float().reshape(height, width, 3)


def looks(size):
    """Heights and widths of a crop and of a whole image."""
    side = 32 * size["side"]
    return {"crop": (side, side), "whole": (side + 7, side + 37)}


def layers(config, size):
    """(block, place, inputs, outputs, size of the kernel) of each layer; fully-connected ones have
    no block."""
    inputs, found = 3, []
    for block, depth in enumerate(DEPTHS[config]):
        for place in range(depth):
            outputs = int(CHANNELS[block] * size["width"])
            found.append((block + 1, place + 1, inputs, outputs, 3))
            inputs = outputs
    fc, classes = size["fc"], size["classes"]
    full = [(inputs, fc, size["side"]), (fc, fc, 1), (fc, classes, 1)]
    return found + [(0, place + 1, *sides) for place, sides in enumerate(full)]


def weights(config, size, shape):
    """Kernels and biases, layer by layer; `shape` gives a kernel's."""
    for i, (block, _, inputs, outputs, side) in enumerate(layers(config, size)):
        fan_in = side * side * inputs
        kernel = math.sqrt(6 / fan_in) * noise(2_000_000 * i, fan_in * outputs)
        bias = 0.1 * noise(2_000_000 * i + 1_000_000, outputs)
        yield kernel.float().reshape(shape(block, inputs, outputs, side)), bias.float()


def torch_shape(block, inputs, outputs, side):
    return (outputs, inputs, side, side) if block else (outputs, inputs * side * side)


def state_dict(config, size):
    """As torchvision names it: a ReLU after each layer, a pooling after each block."""
    found, number, last = {}, 0, 1
    for (block, place, *_), (kernel, bias) in zip(
        layers(config, size), weights(config, size, torch_shape)
    ):
        if block:
            number += block != last
            name, number, last = f"features.{number}", number + 2, block
        else:
            name = f"classifier.{3 * (place - 1)}"
        found[f"{name}.weight"], found[f"{name}.bias"] = kernel, bias
    return found


def torchvision_scores(config, size=SMALL):
    from torchvision.models.vgg import VGG, make_layers

    plan = []
    for depth, channels in zip(DEPTHS[config], CHANNELS):
        plan += [int(channels * size["width"])] * depth + ["M"]
    net = VGG(make_layers(plan), init_weights=False).eval()
    # a small net has other sides than torchvision's from here on
    net.avgpool = torch.nn.AdaptiveAvgPool2d(size["side"])
    inputs, fc, classes = plan[-2] * size["side"] ** 2, size["fc"], size["classes"]
    for number, (rows, columns) in {0: (inputs, fc), 3: (fc, fc), 6: (fc, classes)}.items():
        net.classifier[number] = torch.nn.Linear(rows, columns)
    net.load_state_dict(state_dict(config, size))

    def ready(height, width):
        x = image(height, width).permute(2, 0, 1)[None] / 255
        side = lambda values: torch.tensor(values).reshape(1, 3, 1, 1)
        return (x - side(MEAN)) / side(DEVIATION)

    with torch.no_grad():
        crop = net(ready(*looks(size)["crop"]))[0]
        for module in net.features:
            if isinstance(module, torch.nn.MaxPool2d):
                module.ceil_mode = True
        maps = net.features(ready(*looks(size)["whole"]))
        for number, side in ((0, size["side"]), (3, 1), (6, 1)):
            full = net.classifier[number]
            kernel = full.weight.reshape(full.out_features, -1, side, side)
            maps = torch.nn.functional.conv2d(maps, kernel, full.bias)
            maps = maps if number == 6 else maps.relu()
        return {"crop": crop.tolist(), "whole": maps.mean((2, 3))[0].tolist()}


def keras_shape(block, inputs, outputs, side):
    return (side, side, inputs, outputs) if block else (side * side * inputs, outputs)


def keras_net(config, size, dense=False):
    """Keras's VGG of these sides (keras/src/applications/vgg16.py), without its soft-max; `dense`: its
    fully-connected layers are convolutions."""
    import keras
    from keras import layers as kl

    side = 32 * size["side"]
    net = keras.Sequential([keras.Input((None, None, 3) if dense else (side, side, 3))])
    rows = layers(config, size)
    for i, (block, place, inputs, outputs, kernel) in enumerate(rows):
        if block:
            name = f"block{block}_conv{place}"
            net.add(kl.Conv2D(outputs, 3, padding="same", activation="relu", name=name))
            if rows[i + 1][0] != block:
                net.add(kl.MaxPooling2D(2, padding="same" if dense else "valid"))
                if not rows[i + 1][0] and not dense:
                    net.add(kl.Flatten(name="flatten"))
        else:
            name = ("fc1", "fc2", "predictions")[place - 1]
            relu = None if place == 3 else "relu"
            net.add(
                kl.Conv2D(outputs, kernel, activation=relu, name=name)
                if dense
                else kl.Dense(outputs, activation=relu, name=name)
            )
    with_weights = [layer for layer in net.layers if layer.weights]
    for layer, (kernel, bias) in zip(with_weights, weights(config, size, keras_shape)):
        layer.set_weights([kernel.numpy().reshape(layer.kernel.shape), bias.numpy()])
    return net


def keras_scores(config, size=SMALL):
    from keras.applications.imagenet_utils import preprocess_input

    ready = lambda look: preprocess_input(image(*looks(size)[look]).numpy()[None], mode="caffe")
    crop = keras_net(config, size)(ready("crop"))
    whole = keras_net(config, size, dense=True)(ready("whole"))
    return {
        "crop": [float(x) for x in crop[0]],
        "whole": [float(x) for x in torch.tensor(whole.numpy()).mean((1, 2))[0]],
    }


def save(folder, size=SMALL):
    found = state_dict("D", size)
    torch.save(found, f"{folder}/d.pth")
    torch.save(found, f"{folder}/d-legacy.pth", _use_new_zipfile_serialization=False)
    return found


def save_full(folder):
    import h5py
    from keras.src.legacy.saving import legacy_h5_format
    from safetensors.torch import save_file

    save_file(save(folder, FULL), f"{folder}/d.safetensors")
    net = keras_net("D", FULL)
    net.save_weights(f"{folder}/d.weights.h5")
    with h5py.File(f"{folder}/d.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, net)
    del net
    scores = {"torchvision": torchvision_scores("D", FULL), "keras": keras_scores("D", FULL)}
    with open(f"{folder}/scores.json", "w") as file:
        json.dump(scores, file)


if sys.argv[1] == "scores":
    print(json.dumps({
        "torchvision": {config: torchvision_scores(config) for config in DEPTHS},
        "keras": {config: keras_scores(config) for config in DEPTHS},
    }, indent=2))
elif sys.argv[1] == "save":
    save(sys.argv[2])
elif sys.argv[1] == "full":
    save_full(sys.argv[2])
