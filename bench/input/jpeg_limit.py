"""How much sooner libjpeg-turbo itself has a JPEG of 4000 x 3000 at an eighth of its size: `python jpeg_limit.py`, with Pillow and NumPy.

Nothing that decodes with its `scale` (TensorFlow's `ratio`) can gain more, since every coefficient is read whatever the size. Prints
milliseconds of processor time, the best of six, for the grain of a sensor from none to strong.
"""

import io
import time

import numpy
from PIL import Image

random = numpy.random.default_rng(1)
shapes = Image.fromarray(random.integers(0, 256, (30, 40, 3), dtype=numpy.uint8))
picture = numpy.asarray(shapes.resize((4000, 3000), Image.Resampling.BICUBIC))


def jpeg(grain, quality):
    pixels = picture + random.normal(0, grain, picture.shape)
    file = io.BytesIO()
    Image.fromarray(numpy.clip(pixels, 0, 255).astype(numpy.uint8)).save(
        file, "jpeg", quality=quality
    )
    return file.getvalue()


def milliseconds(data, size):
    times = []
    for _ in range(6):
        start = time.process_time()
        image = Image.open(io.BytesIO(data))
        image.draft("RGB", size)
        image.load()
        times.append(time.process_time() - start)
    return min(times) * 1000


for grain, quality in ((0, 90), (4, 85), (8, 85), (12, 90)):
    data = jpeg(grain, quality)
    whole, eighth = milliseconds(data, (4000, 3000)), milliseconds(data, (500, 375))
    print(
        f"grain {grain:2}: {len(data) / 1e6:.1f} MB, whole {whole:.0f} ms, an eighth {eighth:.0f} ms: {whole / eighth:.1f} x"
    )
