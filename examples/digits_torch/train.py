"""Recognises handwritten digits with a small PyTorch network, on a GPU where there is one."""
import json
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split
from tqdm import tqdm


def read_digits(folder):
    """Every file `<digit>.csv` holds one picture a line: 64 grey values from 0 to 16."""
    images, labels = [], []
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".csv"):
            continue
        with open(os.path.join(folder, name)) as file:
            for line in file:
                images.append([float(value) / 16 for value in line.split(",")])
                labels.append(int(name.split(".")[0]))
    return TensorDataset(torch.tensor(images), torch.tensor(labels))


class Main:
    def __init__(self):
        torch.manual_seed(0)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.epochs = int(os.environ.get("epochs", "10"))
        self.learning_rate = float(os.environ.get("learning_rate", "0.005"))
        self.model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)).to(self.device)

    def train(self, data_directory):
        digits = read_digits(data_directory)
        held_out = len(digits) // 4
        train_set, test_set = random_split(digits, [len(digits) - held_out, held_out])
        print(f"{len(train_set)} pictures to train on, {len(test_set)} held out, device {self.device}")
        batches = DataLoader(train_set, batch_size=64, shuffle=True, num_workers=2)
        tests = DataLoader(test_set, batch_size=256)
        optimizer = torch.optim.Adam(self.model.parameters(), lr=self.learning_rate)
        for epoch in tqdm(range(1, self.epochs + 1), desc="epochs"):
            self.metric("loss", self.train_epoch(batches, optimizer), epoch)
            self.metric("val_accuracy", self.accuracy(tests), epoch)

    def train_epoch(self, batches, optimizer):
        total = 0.0
        self.model.train()
        for images, labels in batches:
            images, labels = images.to(self.device), labels.to(self.device)
            loss = nn.functional.cross_entropy(self.model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        return total / len(batches.dataset)

    @torch.no_grad()
    def accuracy(self, batches):
        self.model.eval()
        right = 0
        for images, labels in batches:
            guess = self.model(images.to(self.device)).argmax(dim=1).cpu()
            right += int((guess == labels).sum())
        return right / len(batches.dataset)

    def evaluate(self, data_directory):
        """Accuracy on other data of the same form. A run does not call it; platforms that serve the package do."""
        self.model.to(self.device)
        return self.accuracy(DataLoader(read_digits(data_directory), batch_size=256))

    @staticmethod
    def metric(name, value, step):
        print(json.dumps({"metric": name, "value": round(value, 4), "step": step}), flush=True)

    def save(self):
        torch.save(self.model.cpu().state_dict(), "model.pt")
