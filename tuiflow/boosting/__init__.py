"""What the autologging of XGBoost and LightGBM share; it imports neither.

- `arguments`: names of params and metrics
- `heads`: the first rows of a library's data container
- `importance`: feature importance as JSON files and pictures
- `models`: the trained model with signature and input example
- `estimators`: fits of the scikit-learn interface
"""
