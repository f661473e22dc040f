"""What people want to see of a run."""
import os


def write_report(forest, columns, accuracy):
    ranking = sorted(zip(forest.feature_importances_, columns), reverse=True)
    path = os.path.join(os.environ["artifacts_directory"], "importances.csv")
    with open(path, "w") as file:
        file.write(f"# accuracy {accuracy:.4f}\nfeature,importance\n")
        file.writelines(f"{name},{weight:.4f}\n" for weight, name in ranking)
