"""Where scripts written for MLflow import the names of its tags from."""
