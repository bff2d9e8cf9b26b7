"""A store to look around in: real models trained on data that scikit-learn ships."""
