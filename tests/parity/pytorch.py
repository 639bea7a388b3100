"""PyTorch's side of the parity tests: the same nets, weights and images, by the same formula.

Reads a request as JSON from standard input and writes what PyTorch finds as float32 tensors into
the safetensors file that it names. Needs torch and nothing else.
"""

import array
import json
import math
import struct
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)

# Convs in each block (Table 1, Section 4.1). C's third conv of a block is 1 by 1; A-LRN normalises
# after the first.
DEPTHS = {
    "A": (1, 1, 2, 2, 2),
    "A-LRN": (1, 1, 2, 2, 2),
    "B": (2, 2, 2, 2, 2),
    "C": (2, 2, 3, 3, 3),
    "D": (2, 2, 3, 3, 3),
    "E": (2, 2, 4, 4, 4),
    "B-5x5": (1, 1, 1, 1, 1),
}
CHANNELS = (64, 128, 256, 512, 512)


def noise(start, count):
    """formula.ts says the same."""
    x = torch.sin(torch.arange(start + 1, start + count + 1, dtype=torch.float64) * 12.9898)
    x = x * 43758.5453
    return 2 * (x - torch.floor(x)) - 1


def noisy_bytes(start, shape):
    return torch.floor(128 * (noise(start, math.prod(shape)) + 1)).float().reshape(shape)


def parameters(config, crop, width, fc, classes, oddSides="up", **_):
    """Kernels [size, size, in, out] and biases [out] by name, as the product names them."""
    layers, inputs = [], 3
    for block, depth in enumerate(DEPTHS[config]):
        for place in range(depth):
            size = 5 if config == "B-5x5" else 1 if config == "C" and place == 2 else 3
            outputs = int(CHANNELS[block] * width)
            layers.append((f"conv{block + 1}_{place + 1}", size, inputs, outputs))
            inputs = outputs
    for _ in range(5):
        crop = -(-crop // 2) if oddSides == "up" else crop // 2
    layers += [("fc6", crop, inputs, fc), ("fc7", 1, fc, fc), ("fc8", 1, fc, classes)]
    result = {}
    for i, (name, size, inputs, outputs) in enumerate(layers):
        shape = (size, size, inputs, outputs)
        values = math.sqrt(6 / (size * size * inputs)) * noise(2_000_000 * i, math.prod(shape))
        result[f"{name}.kernel"] = values.float().reshape(shape)
        result[f"{name}.bias"] = (0.1 * noise(2_000_000 * i + 1_000_000, outputs)).float()
    return {name: value.requires_grad_() for name, value in result.items()}


def forward(config, weights, x, odd_sides="up"):
    """Score map [batch, classes, h, w] of images [batch, 3, height, width]."""

    def conv(x, name, padding):
        kernel, bias = weights[f"{name}.kernel"], weights[f"{name}.bias"]
        return F.conv2d(x, kernel.permute(3, 2, 0, 1), bias, padding=padding)

    for block, depth in enumerate(DEPTHS[config]):
        for place in range(depth):
            name = f"conv{block + 1}_{place + 1}"
            x = F.relu(conv(x, name, weights[f"{name}.kernel"].shape[0] // 2))
        if config == "A-LRN" and block == 0:
            # PyTorch divides alpha by the size, the paper's tools did not
            x = F.local_response_norm(x, size=5, alpha=5 * 1e-4, beta=0.75, k=2)
        x = F.max_pool2d(x, 2, 2, ceil_mode=odd_sides == "up")
    x = F.relu(conv(x, "fc6", 0))
    return conv(F.relu(conv(x, "fc7", 0)), "fc8", 0)


def crops(net, step):
    """Crops of a step [batch, 3, crop, crop]: two batches by turns, odd crops mirrored, the colours
    shifted anew each time."""
    batch, crop = net["batch"], net["crop"]
    size = batch * crop * crop * 3
    pixels = noisy_bytes(step % 2 * size, (batch, crop, crop, 3))
    pixels[1::2] = pixels[1::2].flip(2)
    shift = (30 * noise(step * batch * 3, batch * 3) - 128).float().reshape(batch, 1, 1, 3)
    return ((pixels + shift) * net["inputScale"]).permute(0, 3, 1, 2)


def labels(net, step):
    return torch.tensor([(3 * n + step % 2) % net["classes"] for n in range(net["batch"])])


def train(net, config, drop=None):
    """Losses of some steps of SGD, whose rate is a tenth from step `drop` on."""
    weights = parameters(config, **net)
    rate, found = net["rate"], []
    kernels = [w for name, w in weights.items() if name.endswith("kernel")]
    biases = [w for name, w in weights.items() if name.endswith("bias")]
    optimiser = torch.optim.SGD(
        [{"params": kernels, "weight_decay": net["decay"]}, {"params": biases, "lr": 2 * rate}],
        lr=rate,
        momentum=net["momentum"],
    )
    for step in range(net["steps"]):
        if step == drop:
            for group in optimiser.param_groups:
                group["lr"] /= 10
        optimiser.zero_grad()
        scores = forward(config, weights, crops(net, step)).flatten(1)
        loss = F.cross_entropy(scores, labels(net, step))
        loss.backward()
        optimiser.step()
        found.append(loss.detach())
    return torch.stack(found)


def cuts(image, crop, shares):
    """Square crops of an image [1, 3, height, width], at these shares of the room for them."""
    offsets = [[math.floor(share * (side - crop) + 0.5) for share in shares]
               for side in image.shape[2:]]
    return [image[:, :, top:top + crop, left:left + crop]
            for top in offsets[0] for left in offsets[1]]


def posteriors(net, config):
    """Posteriors of an image with its mirror image, and without, by each method and in each order of
    score map and soft-max."""
    height, width = net["whole"]
    image = noisy_bytes(0, (1, height, width, 3)) - torch.tensor(net["mean"])
    image = (image * net["inputScale"]).permute(0, 3, 1, 2)
    weights = parameters(config, **net)
    looks = {
        "dense": [image],
        "multi-crop": cuts(image, net["crop"], [0, 0.25, 0.5, 0.75, 1]),
        "multi-crop, cell-centres": cuts(image, net["crop"], [0.1, 0.3, 0.5, 0.7, 0.9]),
        "centre-crop": cuts(image, net["crop"], [0.5]),
    }
    orders = {
        "average-then-softmax": lambda scores: F.softmax(scores.mean((2, 3)), 1),
        "softmax-then-average": lambda scores: F.softmax(scores, 1).mean((2, 3)),
        "sum-then-softmax": lambda scores: F.softmax(scores.sum((2, 3)), 1),
    }
    for method, images in looks.items():
        with torch.no_grad():
            upright, mirrored = (
                [forward(config, weights, x.flip(3) if flip else x, net.get("oddSides", "up"))
                 for x in images]
                for flip in (False, True)
            )
        for name, order in orders.items():
            mean = lambda maps: sum(map(order, maps)) / len(maps)
            yield f"{method}/{name}/both", mean(upright + mirrored)
            yield f"{method}/{name}/upright", mean(upright)


def odd_sides_down(net, config="B"):
    """A net whose poolings leave out the last row and column of odd sides."""
    net = {**net, "oddSides": "down"}
    weights = parameters(config, **net)
    scores = forward(config, weights, crops(net, 0), "down").flatten(1)
    F.cross_entropy(scores, labels(net, 0)).backward()
    yield "down/scores", scores
    for name, weight in weights.items():
        yield f"down/gradient/{name}", weight.grad
    for name, values in posteriors(net, config):
        yield f"down/{name}", values


def nets(net):
    yield from odd_sides_down(net)
    yield "drop/losses", train(net, "E", net["drop"])
    for config in DEPTHS:
        weights = parameters(config, **net)
        scores = forward(config, weights, crops(net, 0)).flatten(1)
        F.cross_entropy(scores, labels(net, 0)).backward()
        yield f"{config}/scores", scores
        yield f"{config}/losses", train(net, config)
        for name, weight in weights.items():
            yield f"{config}/gradient/{name}", weight.grad
        for name, values in posteriors(net, config):
            yield f"{config}/{name}", values


def own_model(net, blocks, average=None, fc=None, batchNorm=None):
    """A net of own blocks of PyTorch's modules, and the names of its layers."""
    features, names, inputs = [], [], 3
    for b, block in enumerate(blocks):
        for p, cell in enumerate(block):
            if isinstance(cell, int):
                cell = {"size": 3, "channels": cell}
            size, stride = cell["size"], cell.get("stride", 1)
            outputs = int(cell["channels"] * net["width"])
            features.append(torch.nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=not batchNorm))
            if batchNorm:
                features.append(torch.nn.BatchNorm2d(outputs))
            features.append(torch.nn.ReLU())
            names.append(f"conv{b + 1}_{p + 1}")
            inputs = outputs
        if stride == 1:
            features.append(torch.nn.MaxPool2d(2, 2, ceil_mode=True))
    features = torch.nn.Sequential(*features)
    if average:
        features.append(torch.nn.AdaptiveAvgPool2d(1))
    with torch.no_grad():
        side = features.eval()(torch.zeros(2, 3, net["crop"], net["crop"])).shape[2]
    features.train()
    if fc is None:
        fc = [] if average else [4096, 4096]
    hidden, full = [units * net["fc"] // 4096 for units in fc], []
    for i, outputs in enumerate([*hidden, net["classes"]]):
        full += [torch.nn.Conv2d(inputs, outputs, side if i == 0 else 1), torch.nn.ReLU()]
        inputs = outputs
    names += [f"fc{6 + i}" for i in range(len(hidden))] + ["fc8"]
    return torch.nn.Sequential(features, *full[:-1]), names


def own_parameters(model, names):
    """Parameters by the product's names, set by the formula; kernels are [out, in, size, size]."""
    found = {}
    convs = [module for module in model.modules() if isinstance(module, torch.nn.Conv2d)]
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for i, (name, conv) in enumerate(zip(names, convs, strict=True)):
        outputs, inputs, size, _ = conv.weight.shape
        shape = (size, size, inputs, outputs)
        kernel = math.sqrt(6 / (size * size * inputs)) * noise(2_000_000 * i, math.prod(shape))
        bias = 0.1 * noise(2_000_000 * i + 1_000_000, outputs)
        with torch.no_grad():
            conv.weight.copy_(kernel.float().reshape(shape).permute(3, 2, 0, 1))
            shift = conv if conv.bias is not None else norms[i]
            shift.bias.copy_(bias.float())
            found[f"{name}.kernel"], found[f"{name}.bias"] = conv.weight, shift.bias
            if shift is not conv:
                shift.weight.copy_((1 + 0.5 * noise(2_000_000 * i + 1_500_000, outputs)).float())
                found[f"{name}.scale"] = shift.weight
    return found


def own_net(net, fields):
    """Scores, gradients, losses of a training, and posteriors of a whole image and of crops before it."""
    model, names = own_model(net, **fields)
    weights = own_parameters(model, names)
    scores = model(crops(net, 0)).flatten(1)
    F.cross_entropy(scores, labels(net, 0)).backward()
    yield "scores", scores
    for name, weight in weights.items():
        gradient = weight.grad.permute(2, 3, 1, 0) if name.endswith("kernel") else weight.grad
        yield f"gradient/{name}", gradient.contiguous()
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for i, norm in enumerate(norms):
        norm.running_mean.copy_((0.3 * noise(2_000_000 * i + 1_600_000, len(norm.weight))).float())
        norm.running_var.copy_((2 + noise(2_000_000 * i + 1_700_000, len(norm.weight))).float())
    model.eval()
    height, width = net["whole"]
    image = noisy_bytes(0, (1, height, width, 3)) - torch.tensor(net["mean"])
    image = (image * net["inputScale"]).permute(0, 3, 1, 2)
    with torch.no_grad():
        # the score map's places averaged, of the image and its mirror image
        both = [F.softmax(model(x).mean((2, 3)), 1) for x in (image, image.flip(3))]
        yield "dense/average-then-softmax/both", sum(both) / 2
        yield "dense/average-then-softmax/upright", both[0]
        five = cuts(image, net["crop"], [0, 0.25, 0.5, 0.75, 1])
        both = [F.softmax(model(y).flatten(1), 1) for x in five for y in (x, x.flip(3))]
        yield "multi-crop/average-then-softmax/both", sum(both) / len(both)
        yield "multi-crop/average-then-softmax/upright", sum(both[::2]) / len(both[::2])
    model.train()
    for norm in norms:
        norm.reset_running_stats()
    kernels = [w for name, w in weights.items() if name.endswith("kernel")]
    biases = [w for name, w in weights.items() if not name.endswith("kernel")]
    optimiser = torch.optim.SGD(
        [{"params": kernels, "weight_decay": net["decay"]}, {"params": biases, "lr": 2 * net["rate"]}],
        lr=net["rate"],
        momentum=net["momentum"],
    )
    losses, batch_norm = [], fields.get("batchNorm")
    for step in range(net["steps"]):
        optimiser.zero_grad()
        # of each part of a mini-batch by itself, as gradients are accumulated
        images = net["batch"] if batch_norm in (None, True) else batch_norm
        total = 0
        for x, y in zip(crops(net, step).split(images), labels(net, step).split(images), strict=True):
            loss = F.cross_entropy(model(x).flatten(1), y, reduction="sum") / net["batch"]
            loss.backward()
            total += loss.detach()
        optimiser.step()
        losses.append(total)
    for name, norm in zip(names, norms):
        yield f"trained/{name}.mean", norm.running_mean
        yield f"trained/{name}.variance", norm.running_var
    for name, weight in weights.items():
        if name.endswith("scale"):
            yield f"trained/{name}", weight
    yield "losses", torch.stack(losses)


def own_nets(net, fields_by_name):
    for name, fields in fields_by_name.items():
        for what, values in own_net(net, fields):
            yield f"{name}/{what}", values


def torchvision_bn(file):
    """Scores of net A with batch normalisation, of whose modules torchvision's vgg11_bn is made, a
    sixteenth as wide, for crops of 64 pixels; its state_dict goes to a file."""
    torch.manual_seed(0)
    features, inputs = [], 3
    for depth, channels in zip(DEPTHS["A"], CHANNELS):
        for _ in range(depth):
            outputs = channels // 16
            norm = torch.nn.BatchNorm2d(outputs)
            for tensor in (norm.weight.data, norm.running_var):
                tensor.uniform_(0.5, 2)
            for tensor in (norm.bias.data, norm.running_mean):
                tensor.normal_(0, 0.3)
            features += [torch.nn.Conv2d(inputs, outputs, 3, padding=1), norm, torch.nn.ReLU()]
            inputs = outputs
        features.append(torch.nn.MaxPool2d(2, 2, ceil_mode=True))
    full = [torch.nn.Linear(32 * 2 * 2, 64), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(64, 64),
            torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(64, 10)]
    net = torch.nn.Module()
    net.features, net.classifier = torch.nn.Sequential(*features), torch.nn.Sequential(*full)
    net.eval()
    torch.save(net.state_dict(), file)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        x = (noisy_bytes(0, (1, 64, 64, 3)) / 255 - mean) / deviation
        yield "torchvision/crop", net.classifier(net.features(x.permute(0, 3, 1, 2)).flatten(1))[0]


def lanczos(image, sides):
    """Antialiased, by the formula: PyTorch has it not."""
    for axis, size in zip((2, 3), sides):
        shrunk = max(1, image.shape[axis] / size)
        centres = (torch.arange(size, dtype=torch.float64) + 0.5) * image.shape[axis] / size
        places = torch.arange(image.shape[axis], dtype=torch.float64) + 0.5
        x = (places[None] - centres[:, None]) / shrunk
        weights = torch.where(x.abs() < 3, torch.sinc(x) * torch.sinc(x / 3), 0.0)
        weights /= weights.sum(1, keepdim=True)
        image = (image.double().transpose(axis, 3) @ weights.T).transpose(axis, 3)
    return image.float()


FILTERS = {
    "bicubic": lambda x, sides: F.interpolate(x, sides, mode="bicubic", antialias=True),
    "bilinear": lambda x, sides: F.interpolate(x, sides, mode="bilinear", antialias=True),
    "aliased-bilinear": lambda x, sides: F.interpolate(x, sides, mode="bilinear"),
    "lanczos3": lanczos,
}


def resized(cases):
    """Images rescaled by each filter (bicubic: a = -0.5), rounded to bytes."""
    for i, (height, width, *sides) in enumerate(cases):
        image = noisy_bytes(1000 * i, (height, width, 3)).permute(2, 0, 1)[None]
        for name, rescale in FILTERS.items():
            found = rescale(image, sides).round().clamp(0, 255)
            yield f"resized/{i}/{name}", found[0].permute(1, 2, 0)


def write_safetensors(file, tensors):
    header, at = {}, 0
    for name, values in tensors.items():
        end = at + 4 * values.numel()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    with open(file, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for values in tensors.values():
            out.write(array.array("f", values.detach().flatten().tolist()).tobytes())


request = json.load(sys.stdin)
answers = {}
if "resized" in request:
    answers = {**dict(nets(request["net"])), **dict(resized(request["resized"]))}
if "torchvision" in request:
    answers.update(torchvision_bn(request["torchvision"]))
if "own" in request:
    answers.update(own_nets(request["net"], request["own"]))
write_safetensors(request["out"], answers)
