"""PyTorch as a contestant: the same nets, written as its documentation recommends: channels_last,
autocast to bfloat16, inference_mode; a DataLoader for reading. With "compile" nets go through
torch.compile. VERYDEEP_DEVICE=cuda computes on a GPU, where float32 is TF32 and cuDNN tries its
algorithms. See ../contestant.ts."""
import importlib.util
import json
import os
import sys
import time


def say(**answer):
    print(json.dumps(answer), flush=True)


try:
    import torch
except ImportError:
    say(error=f"{sys.executable} has no torch; pip install torch, or set PYTHON")
    sys.exit()

from torch import nn

DEVICE = os.environ.get("VERYDEEP_DEVICE", "cpu")
if DEVICE == "cuda":
    if not torch.cuda.is_available():
        say(error=f"the torch {torch.__version__} of {sys.executable} finds no GPU")
        sys.exit()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True


def net(case, dense):
    """The layers of a case; in dense tests the fully-connected layers are convolutions."""
    layers, dropout = [], case["setup"]["dropout"]
    for layer in case["layers"]:
        if layer["kind"] == "maxpool":
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
            continue
        if layer["kind"] == "lrn":
            # PyTorch divides alpha by the size
            layers.append(nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2))
            continue
        name, size, inputs, outputs = (layer[key] for key in ("name", "size", "inputs", "outputs"))
        if name.startswith("conv"):
            layers += [nn.Conv2d(inputs, outputs, size, padding=size // 2), nn.ReLU(inplace=True)]
        else:
            if name == "fc6" and not dense:
                layers.append(nn.Flatten())
            layers.append(nn.Conv2d(inputs, outputs, size) if dense
                          else nn.Linear(inputs * size * size, outputs))
            if name != "fc8":
                layers += [nn.ReLU(inplace=True), nn.Dropout(dropout)]
    return nn.Sequential(*layers).to(DEVICE, memory_format=torch.channels_last)


COMPILE = "compile" in sys.argv


def compiled(model):
    """A net compiled by torch.compile with its defaults, which needs a C++ compiler."""
    return torch.compile(model) if COMPILE else model


def warmed(step):
    """Runs a step of a compiled net, which compiles it: that is part of building."""
    if COMPILE:
        step()
    return lambda steps: [step() for _ in range(steps)]


def autocast(case):
    bfloat16 = case["setup"]["precision"] == "bfloat16"
    return torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=bfloat16)


def training(case):
    setup, batch = case["setup"], case["batch"]
    model = compiled(net(case, dense=False))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=setup["momentum"],
                                weight_decay=setup["weightDecay"])
    images = torch.randn(batch, 3, setup["crop"], setup["crop"], device=DEVICE)
    images = images.to(memory_format=torch.channels_last)
    labels = torch.arange(batch, device=DEVICE) % case["classes"]

    def step():
        optimizer.zero_grad()
        with autocast(case):
            scores = model(images)
        loss = nn.functional.cross_entropy(scores.float(), labels)
        loss.backward()
        optimizer.step()
        loss.item()

    return warmed(step)


def evaluation(case):
    dense, looks = case["method"] == "dense", case["looks"]
    model = compiled(net(case, dense).eval())
    images = torch.randn(case["batch"] * looks, 3, case["height"], case["width"], device=DEVICE)
    images = images.to(memory_format=torch.channels_last)

    def posteriors(x):
        scores = model(x).float()
        if dense:
            scores = scores.mean((2, 3))
        return scores.softmax(1).unflatten(0, (-1, looks)).mean(1)

    def step():
        with torch.inference_mode(), autocast(case):
            ((posteriors(images) + posteriors(images.flip(3))) / 2).cpu().numpy()

    return warmed(step)


TENSORS = "tensors" in sys.argv  # rescale images as tensors, as torchvision's v2 may, not in Pillow


class Crops:
    """Random crops of image files that are rescaled to a smallest side among the scales."""

    def __init__(self, case):
        self.files, self.scales = case["files"], case["scales"]
        self.crop = case["setup"]["crop"]

    def __getitem__(self, i):
        from PIL import Image

        with Image.open(self.files[i % len(self.files)]) as file:
            image = file.convert("RGB")
        side = self.scales[int(torch.randint(len(self.scales), ()))]
        width, height = (round(length * side / min(image.size)) for length in image.size)
        left, top = (int(torch.randint(length - self.crop + 1, ())) for length in (width, height))
        if TENSORS:
            pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
            pixels = pixels.view(1, *image.size[::-1], 3).permute(0, 3, 1, 2)
            pixels = nn.functional.interpolate(pixels, (height, width), mode="bicubic",
                                               antialias=True)
            return pixels[0, :, top:top + self.crop, left:left + self.crop].contiguous()
        image = image.resize((width, height), Image.Resampling.BICUBIC)
        image = image.crop((left, top, left + self.crop, top + self.crop))
        pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
        return pixels.view(self.crop, self.crop, 3).permute(2, 0, 1)


class Batches:
    """Indices of the batches for the requested steps."""

    def __init__(self, size):
        self.size, self.count, self.position = size, 0, 0

    def __len__(self):
        return self.count

    def __iter__(self):
        for _ in range(self.count):
            yield range(self.position, self.position + self.size)
            self.position += self.size


def reading(case):
    if importlib.util.find_spec("PIL") is None:
        raise RuntimeError(f"{sys.executable} has no PIL; pip install pillow")
    batches = Batches(case["batch"])
    loader = torch.utils.data.DataLoader(Crops(case),
                                         batch_sampler=batches, num_workers=os.cpu_count(),
                                         persistent_workers=True)

    def run(steps):
        batches.count = steps
        for _ in loader:
            pass

    return run


ROWS = 4096  # images at once, so that memory holds little of the files


def tensors_of(file):
    """The tensors of a safetensors file, memory-mapped."""
    import numpy

    with open(file, "rb") as open_file:
        length = int.from_bytes(open_file.read(8), "little")
        header = json.loads(open_file.read(length))
    types = {"F32": numpy.float32, "I32": numpy.int32}
    return {name: torch.from_numpy(numpy.memmap(file, types[entry["dtype"]], "c",
                                                8 + length + entry["data_offsets"][0],
                                                tuple(entry["shape"])))
            for name, entry in header.items() if name != "__metadata__"}


def scoring(case):
    def step():
        files = [tensors_of(file) for file in case["files"]]
        labels = files[0]["labels"].long()
        top1 = top5 = 0
        for begin in range(0, len(labels), ROWS):
            part = slice(begin, begin + ROWS)
            sums = files[0]["posteriors"][part].double()
            for other in files[1:]:
                sums += other["posteriors"][part]
            own = sums.gather(1, labels[part, None])
            ranks = (sums >= own).sum(1) - 1
            top1 += int((ranks >= 1).sum())
            top5 += int((ranks >= 5).sum())
        return 100 * top1 / len(labels), 100 * top5 / len(labels)

    return lambda steps: [step() for _ in range(steps)]


def products(case):
    side = case["side"]
    factor = torch.randn(side, side, device=DEVICE) / side ** 0.5
    factor = factor.to(getattr(torch, case["precision"]))

    def step():
        product = factor
        for _ in range(case["products"]):
            product = product @ factor
        product.float().sum().item()

    return lambda steps: [step() for _ in range(steps)]


KINDS = {"training": training, "evaluation": evaluation, "input": reading, "scoring": scoring,
         "matmul": products}

# the processor's time where we are asked for it
clock = time.process_time if os.environ.get("VERYDEEP_CLOCK") == "processor" else time.perf_counter

say(version=torch.__version__)
run = None
for line in sys.stdin:
    request = json.loads(line)
    try:
        if "case" in request:
            run = None  # frees the last case first
            if DEVICE == "cuda":
                torch.cuda.empty_cache()
            if COMPILE:
                torch.compiler.reset()
            run = KINDS[request["case"]["kind"]](request["case"])
            say(ready=True)
        else:
            begin = clock()
            run(request["steps"])
            say(seconds=clock() - begin)
    except Exception as error:
        say(error=str(error))
