"""Where the model lies inside the package: written by train.py, read by main.py."""
import joblib

MODEL = "forest.joblib"


def store(forest, columns):
    joblib.dump({"forest": forest, "columns": columns}, MODEL)


def load():
    return joblib.load(MODEL)
