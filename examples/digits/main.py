"""Uses the trained model: the part of the package that serves predictions."""
import joblib


class Main:
    def __init__(self):
        self.model = joblib.load("model.joblib")

    def predict(self, images):
        """`images`: rows of 64 grey values from 0 to 16. Returns the digits."""
        return self.model.predict(images).tolist()
