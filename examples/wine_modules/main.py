"""Uses the trained forest."""
from wine.storage import load


class Main:
    def __init__(self):
        self.model = load()

    def predict(self, rows):
        """`rows`: lists of 13 numbers, in the order of the columns of wine.csv. Returns the classes."""
        return self.model["forest"].predict(rows).tolist()
