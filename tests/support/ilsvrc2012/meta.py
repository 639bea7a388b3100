"""Made meta.mat beside it: a development kit's list of 1,860 synsets, as SciPy writes it.

python3 tests/support/ilsvrc2012/meta.py tests/support/ilsvrc2012/meta.mat
"""
import sys

import numpy as np
from scipy.io import savemat

FIELDS = ["ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children", "wordnet_height", "num_train_images"]
synsets = np.zeros((1860, 1), dtype=[(name, object) for name in FIELDS])
for id in range(1, 1861):
    leaf = id <= 1000
    synsets[id - 1, 0] = (
        float(id),
        f"n{1000000 + id * 7919 % 10007:08d}",  # the order of these is not that of the IDs
        f"thing {id}, matter {id}",
        f"what is called {id}",
        0.0 if leaf else 3.0,
        np.array([] if leaf else [1, id % 1000 + 1, id % 860 + 1001], dtype=float).reshape(1, -1),
        0.0 if leaf else 1.0,
        1300.0 if leaf else 0.0,
    )
savemat(sys.argv[1], {"synsets": synsets}, do_compression=True)
