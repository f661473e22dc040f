"""Recognises handwritten digits with scikit-learn, from a folder of CSV files."""
import json
import os

import joblib
import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def metric(name, value, step=None):
    """One JSON line for each number: it is plotted while training runs, and kept."""
    line = {"metric": name, "value": value}
    if step is not None:
        line["step"] = step
    print(json.dumps(line), flush=True)


def read_digits(folder):
    """Every file `<digit>.csv` holds one picture a line: 64 grey values from 0 to 16."""
    images, labels = [], []
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".csv"):
            continue
        rows = numpy.loadtxt(os.path.join(folder, name), delimiter=",", ndmin=2)
        images.append(rows)
        labels += [int(name.split(".")[0])] * len(rows)
    return numpy.concatenate(images), numpy.array(labels)


class Main:
    def __init__(self):
        self.model = None

    def train(self, data_directory):
        images, labels = read_digits(data_directory)
        print(f"{len(images)} pictures of {len(set(labels.tolist()))} digits")
        train_x, test_x, train_y, test_y = train_test_split(
            images, labels, test_size=0.25, random_state=0, stratify=labels
        )
        strengths = [0.001, 0.01, 0.1, 1.0]
        best = -1.0
        for step, strength in enumerate(strengths, start=1):
            model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
            model.fit(train_x, train_y)
            accuracy = float(model.score(test_x, test_y))
            metric("val_accuracy", round(accuracy, 4), step)
            if accuracy > best:
                best, self.model = accuracy, model
        print(f"best accuracy on {len(test_y)} held-out pictures: {best:.3f}")
        self.write_artifacts(test_y, self.model.predict(test_x), best)

    def evaluate(self, data_directory):
        """Accuracy on other data of the same form. A run does not call it; platforms that serve the package do."""
        images, labels = read_digits(data_directory)
        return float(self.model.score(images, labels))

    def write_artifacts(self, truth, guess, accuracy):
        artifacts = os.environ["artifacts_directory"]
        matrix = confusion_matrix(truth, guess)
        with open(os.path.join(artifacts, "report.txt"), "w") as file:
            file.write(f"accuracy {accuracy:.4f}\n\n{matrix}\n")

        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(figsize=(5, 5))
        axes.imshow(matrix, cmap="Blues")
        for row in range(len(matrix)):
            for column in range(len(matrix)):
                value = matrix[row, column]
                colour = "white" if value > matrix.max() / 2 else "black"
                axes.text(column, row, value, ha="center", va="center", color=colour)
        axes.set(title="digits: confusion matrix", xlabel="predicted", ylabel="true", xticks=range(10), yticks=range(10))
        figure.tight_layout()
        figure.savefig(os.path.join(artifacts, "confusion_matrix.png"), dpi=90)

    def save(self):
        joblib.dump(self.model, "model.joblib")
