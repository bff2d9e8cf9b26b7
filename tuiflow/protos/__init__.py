"""Where scripts written for MLflow import the numbers of error codes from."""
