"""Writes scikit-learn's bundled digits (1,797 pictures of 8 by 8) as one CSV file a digit: python make_data.py DIR"""
import os
import sys

from sklearn.datasets import load_digits


def main(folder):
    os.makedirs(folder, exist_ok=True)
    digits = load_digits()
    for digit in range(10):
        rows = digits.data[digits.target == digit].astype(int)
        with open(os.path.join(folder, f"{digit}.csv"), "w") as file:
            file.writelines(",".join(map(str, row)) + "\n" for row in rows)
    print(f"{len(digits.data)} pictures in 10 files in {folder}")


if __name__ == "__main__":
    main(sys.argv[1])
