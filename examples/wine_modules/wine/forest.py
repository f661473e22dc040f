"""The model."""
import os

from sklearn.ensemble import RandomForestClassifier


def fit(train):
    trees = int(os.environ.get("trees", "100"))
    return RandomForestClassifier(n_estimators=trees, random_state=0).fit(*train)


def evaluate(forest, test):
    return float(forest.score(*test))
