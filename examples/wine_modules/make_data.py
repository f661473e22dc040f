"""Writes scikit-learn's bundled wine data as wine.csv: python make_data.py DIR"""
import csv
import os
import sys

from sklearn.datasets import load_wine


def main(folder):
    os.makedirs(folder, exist_ok=True)
    wine = load_wine()
    with open(os.path.join(folder, "wine.csv"), "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*wine.feature_names, "class"])
        writer.writerows([*row, label] for row, label in zip(wine.data.tolist(), wine.target.tolist()))
    print(f"{len(wine.data)} wines in {folder}/wine.csv")


if __name__ == "__main__":
    main(sys.argv[1])
