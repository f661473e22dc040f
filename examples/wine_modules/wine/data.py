"""Reads `wine.csv`: a line of names, then rows of numbers with the class last."""
import csv
import os

from sklearn.model_selection import train_test_split


def read_wines(folder):
    with open(os.path.join(folder, "wine.csv"), newline="") as file:
        columns, *rows = list(csv.reader(file))
    values = [[float(value) for value in row[:-1]] for row in rows]
    return columns[:-1], values, [int(row[-1]) for row in rows]


def split(rows, labels):
    train_rows, test_rows, train_labels, test_labels = train_test_split(rows, labels, random_state=0, stratify=labels)
    return (train_rows, train_labels), (test_rows, test_labels)
