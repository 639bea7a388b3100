"""What ONNX's checker and ONNX Runtime say of models, for the tests of exported nets.

Reads {"files": [FILE...], "looks": [[batch, height, width]...], "mean": [r, g, b], "scale": x} as JSON
from the standard input and prints, for each file, the opset, the types of its constants, the shapes
of its values, and the outputs for each look. The pixels of a look are formula.ts's `noisyBytes`,
[batch, height, width, 3]; for a file with "raw" in its name minus the mean and times the scale.
"""

import json
import sys

# Python looks for a package "onnx", which the file of that name beside this one is not
sys.path.pop(0)

import numpy
import onnx
import onnxruntime


def images(batch, height, width):
    """formula.ts says the same."""
    x = numpy.sin(numpy.arange(1, batch * height * width * 3 + 1, dtype="float64") * 12.9898)
    x = x * 43758.5453
    noise = 2 * (x - numpy.floor(x)) - 1
    return numpy.floor(128 * (noise + 1)).reshape(batch, height, width, 3)


def shapes(values):
    return {
        value.name: [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in values
    }


def seen(file, looks, mean, scale):
    onnx.checker.check_model(file, full_check=True)
    model = onnx.load(file)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answers = []
    for look in looks:
        pixels = images(*look)
        if "raw" in file:
            pixels = (pixels - numpy.array(mean)) * scale
        feed = {"images": pixels.transpose(0, 3, 1, 2).astype("float32")}
        found = session.run(names, feed)
        answers.append({name: each.ravel().tolist() for name, each in zip(names, found)})
    return {
        "opset": [(each.domain, each.version) for each in model.opset_import],
        "types": sorted({onnx.TensorProto.DataType.Name(t.data_type) for t in model.graph.initializer}),
        "inputs": shapes(model.graph.input),
        "outputs": shapes(model.graph.output),
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
        "answers": answers,
    }


request = json.load(sys.stdin)
print(json.dumps([
    seen(file, request["looks"], request["mean"], request["scale"]) for file in request["files"]
]))
