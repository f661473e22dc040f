"""Grades wines with a random forest; the work is split over the modules of the folder `wine`."""
import json

from wine.data import read_wines, split
from wine.forest import evaluate, fit
from wine.report import write_report


class Main:
    def __init__(self):
        self.forest = None
        self.columns = []

    def train(self, data_directory):
        self.columns, rows, labels = read_wines(data_directory)
        train, test = split(rows, labels)
        self.forest = fit(train)
        accuracy = evaluate(self.forest, test)
        print(json.dumps({"metric": "val_accuracy", "value": round(accuracy, 4)}))
        write_report(self.forest, self.columns, accuracy)

    def evaluate(self, data_directory):
        """Accuracy on other data of the same form. A run does not call it; platforms that serve the package do."""
        _, rows, labels = read_wines(data_directory)
        return evaluate(self.forest, (rows, labels))

    def save(self):
        from wine.storage import store

        store(self.forest, self.columns)
