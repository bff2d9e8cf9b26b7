"""The API that a training script calls, with MLflow's names and meanings."""
